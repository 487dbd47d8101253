import { type Batch, lastActivityAt } from "./batch.ts";
import type { Draft } from "./draft.ts";

const HOUR_MS = 3_600_000;

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

/** When the monitor must look again if no further verdict comes. */
export function timeoutAt(draft: Draft): number {
  const { origin, config } = draft.batch;
  const heard = Math.max(lastActivityAt(draft.batch), draft.tally().lastVerdictAt);
  const patience = patienceForPeopleHours(draft);
  return Math.min(
    heard + Math.max(config.batchTimeoutHours, patience) * HOUR_MS,
    origin.createdAt + Math.max(config.maxBatchHours, patience) * HOUR_MS,
  );
}

/** When a ranking that is provisional becomes final, whatever is still outstanding. */
export function graceEndsAt(draft: Draft): number {
  const { scoringSince, updatedAt } = draft.life();
  const graceMs = draft.batch.config.stragglerGraceSeconds * 1000;
  return (scoringSince ?? updatedAt) + Math.max(graceMs, patienceForPeopleHours(draft) * HOUR_MS);
}

/** How long the batch has patience, because something in it waits for people; 0 when nothing does. */
function patienceForPeopleHours(draft: Draft): number {
  const { waitingForPeople, copiesOutstanding } = draft.tally();
  return waitingForPeople + copiesOutstanding > 0 ? draft.batch.config.humanWaitHours : 0;
}

/** When the texts of an ended batch are to be removed. */
export function retentionEndsAt({ config, life }: Pick<Batch, "config" | "life">): number {
  return (life.completedAt ?? life.updatedAt) + config.retentionDays * 24 * HOUR_MS;
}

/** Times are rounded up to whole seconds, so that one alarm serves the questions of one moment. */
export function roundUpToSecond(at: number): number {
  return Math.ceil(at / 1000) * 1000;
}
