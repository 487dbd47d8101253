import { type Batch, isTerminal } from "../batch.ts";
import type { Decision } from "../decision.ts";
import { openDraft } from "../draft.ts";
import { retryScoring } from "../ending.ts";
import { enterFinalScoring } from "../enter-scoring.ts";

/** The final ranking was computed and could not be stored: another try is arranged, or the batch fails. */
export function recordScoringFailure(batch: Batch, message: string, now: number): Decision<null> {
  const draft = openDraft(batch, now);
  if (isTerminal(batch.life.state)) return draft.decide(null);
  const stop = batch.life.scoringRetry?.stop ?? "all_comparisons_settled";
  enterFinalScoring(draft, stop);
  retryScoring(draft, stop, message);
  return draft.decide(null);
}
