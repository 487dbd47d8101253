import type { Draft } from "./draft.ts";

/**
 * A question may get lost before a judge has it, which is rare; or its judge may be away, and then the queue tries again by
 * itself. So this is patient: two judgement timeouts, and never less than ten minutes.
 */
const TIMEOUTS_UNTIL_ASKED_AGAIN = 2;
const ASKED_AGAIN_AFTER_MIN_MS = 600_000;

/** When a question that is still `planned` is put into the judges' queue again, as the same attempt. */
export function askAgainAt(draft: Draft): number {
  const wait = TIMEOUTS_UNTIL_ASKED_AGAIN * draft.batch.config.judgementTimeoutMinutes * 60_000;
  return roundUpToSecond(draft.now + Math.max(wait, ASKED_AGAIN_AFTER_MIN_MS));
}

/** Times are rounded up to whole seconds, so that one alarm serves the questions of one moment. */
export function roundUpToSecond(at: number): number {
  return Math.ceil(at / 1000) * 1000;
}
