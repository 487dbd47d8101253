import { type Batch, isTerminal } from "../batch.ts";
import { roundUpToSecond } from "../deadlines.ts";
import type { AskRef, Decision } from "../decision.ts";
import { openDraft } from "../draft.ts";

/**
 * Records that judges have taken on these attempts (`Dispatched`): their deadlines start now. Attempts that are
 * answered, superseded or unknown are passed over: the verdict may have been faster than this report.
 */
export function recordDispatched(
  batch: Batch,
  asks: readonly AskRef[],
  now: number,
): Decision<{ readonly recorded: number }> {
  const draft = openDraft(batch, now);
  if (isTerminal(batch.life.state)) return draft.decide({ recorded: 0 });
  const wait = batch.config.judgementTimeoutMinutes * 60_000;
  const deadline = roundUpToSecond(now + wait);
  let recorded = 0;
  for (const { number, attempt } of asks) {
    const comparison = draft.comparison(number);
    if (comparison?.status !== "planned" || comparison.attempt !== attempt || comparison.forPeople) continue;
    draft.setComparison({ ...comparison, status: "dispatched", deadline }, null);
    recorded += 1;
  }
  return draft.decide({ recorded });
}
