/** The ways into `SCORING`. */
import type { StopReason } from "./batch.ts";
import { graceEndsAt } from "./deadlines.ts";
import type { Draft } from "./draft.ts";

/** Enough verdicts have come, or no further question is asked: what is in flight still counts, within the grace. */
export function enterScoring(draft: Draft, reason: string): void {
  leavePairGeneration(draft);
  draft.transition("SCORING", reason);
  draft.update({ partialScoringTriggered: true, scoringSince: draft.now });
  draft.wakeBy(graceEndsAt(draft));
}

/** A verdict may arrive before the outbox reports that its question was queued. */
export function leavePairGeneration(draft: Draft): void {
  if (draft.life().state === "GENERATING_PAIRS") draft.transition("WAITING_CALLBACKS", "verdict_received");
}

/** The batch is to end with its ranking now, from whichever open state. */
export function enterFinalScoring(draft: Draft, stop: StopReason): void {
  if (draft.life().state === "SCORING") return;
  leavePairGeneration(draft);
  draft.transition("SCORING", stop);
  draft.update({ scoringSince: draft.now });
}
