import { type Batch, isTerminal } from "../batch.ts";
import type { Decision } from "../decision.ts";
import { type Draft, openDraft } from "../draft.ts";
import { lengthOf } from "../essay-length.ts";
import { generatePairs } from "../generate-pairs.ts";
import type { Ranker } from "../ranking.ts";

/** What came of fetching one text: an essay's by number, or the student prompt's. */
export type TextOutcome =
  | { readonly of: number | "student-prompt"; readonly kind: "fetched"; readonly text: string }
  | { readonly of: number | "student-prompt"; readonly kind: "missing"; readonly reason: string };

/**
 * Records fetched and missing texts (`TextFetched`, `TextMissing`); when none is pending any more, pairs are made.
 * A missing student prompt is tolerated, as in the original service: the judge then sees the essays alone.
 * Outcomes for texts that are already settled change nothing, so a redelivery is harmless.
 */
export function recordTexts(
  batch: Batch,
  outcomes: readonly TextOutcome[],
  now: number,
  rank: Ranker,
): Decision<{ readonly recorded: number }> {
  const draft = openDraft(batch, now);
  if (isTerminal(batch.life.state)) return draft.decide({ recorded: 0 });
  const recorded = outcomes.filter((outcome) => record(draft, outcome)).length;
  const waiting =
    draft.life().studentPromptPending || draft.essays().some((essay) => essay.text === "pending");
  if (draft.life().state === "INITIALIZING" && !waiting) generatePairs(draft, rank);
  return draft.decide({ recorded });
}

function record(draft: Draft, outcome: TextOutcome): boolean {
  if (outcome.of === "student-prompt") {
    if (!draft.life().studentPromptPending) return false;
    draft.update({ studentPromptPending: false });
    draft.change({ kind: "student-prompt", text: outcome.kind === "fetched" ? outcome.text : null });
    return true;
  }
  const essay = draft.essay(outcome.of);
  if (essay?.text !== "pending") return false;
  if (outcome.kind === "fetched")
    draft.setEssay({ ...essay, text: "ready", length: lengthOf(outcome.text) }, outcome.text);
  else draft.setEssay({ ...essay, text: "missing", problem: outcome.reason }, null);
  return true;
}
