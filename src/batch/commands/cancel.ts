import { type Batch, isTerminal } from "../batch.ts";
import type { Decision } from "../decision.ts";
import { openDraft } from "../draft.ts";
import { fail } from "../ending.ts";

export type CancelOutcome = "cancelled" | "already_cancelled" | "already_ended";

/** Stops an open batch: `CANCELLED`, with the failed event as its one terminal event. */
export function cancel(batch: Batch, now: number): Decision<CancelOutcome> {
  const draft = openDraft(batch, now);
  if (batch.life.state === "CANCELLED") return draft.decide("already_cancelled");
  if (isTerminal(batch.life.state)) return draft.decide("already_ended");
  const { completed, failed } = batch.tally;
  fail(draft, {
    reason: "cancelled",
    errorCode: "PROCESSING_ERROR",
    message: "The batch was cancelled on request.",
    details: { completed_comparisons: completed, failed_comparisons: failed },
  });
  return draft.decide("cancelled");
}
