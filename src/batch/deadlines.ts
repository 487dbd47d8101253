import type { Batch } from "./batch.ts";
import type { Draft } from "./draft.ts";

/**
 * A question may get lost before a judge has it, which is rare; or its judge may be away, and then the queue tries again by
 * itself. So this is patient: two judgement timeouts, and never less than ten minutes.
 */
const TIMEOUTS_UNTIL_ASKED_AGAIN = 2;
const ASKED_AGAIN_AFTER_MIN_MS = 600_000;

/** When a question that is still `planned` is put into the judges' queue again, as the same attempt. */
export function askAgainAt(draft: Draft): number {
  return roundUpToSecond(draft.now + patienceMs(draft.batch));
}

/** When texts that are still missing are asked for again. @param since when something was last decided about the batch */
export function textsAskedAgainAt(batch: Batch, since: number): number {
  return roundUpToSecond(since + patienceMs(batch));
}

function patienceMs({ config }: Batch): number {
  const wait = TIMEOUTS_UNTIL_ASKED_AGAIN * config.judgementTimeoutMinutes * 60_000;
  return Math.max(wait, ASKED_AGAIN_AFTER_MIN_MS);
}

/** Times are rounded up to whole seconds, so that one alarm serves the questions of one moment. */
export function roundUpToSecond(at: number): number {
  return Math.ceil(at / 1000) * 1000;
}
