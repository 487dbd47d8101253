import type { Batch } from "../batch.ts";
import type { Decision } from "../decision.ts";
import { openDraft } from "../draft.ts";

/** The outbox reports (`Delivered`) that every question of the first wave has reached the judges' queue. */
export function recordAsksQueued(batch: Batch, now: number): Decision<null> {
  const draft = openDraft(batch, now);
  if (batch.life.state === "GENERATING_PAIRS") draft.transition("WAITING_CALLBACKS", "comparisons_queued");
  return draft.decide(null);
}
