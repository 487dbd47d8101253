import type { Draft } from "./draft.ts";
import { issueNextWave, planComparisons, usableEssayNumbers } from "./issue-wave.ts";
import type { Ranker } from "./ranking.ts";
import { fail, finalise } from "./settle.ts";

/** All texts are settled: plan the comparisons, or end at once when there is nothing to compare. */
export function generatePairs(draft: Draft, rank: Ranker): void {
  const usable = usableEssayNumbers(draft).length;
  if (usable === 0) {
    fail(draft, {
      reason: "no_usable_essays",
      errorCode: "CONTENT_SERVICE_ERROR",
      message: `None of the ${draft.essays().length} essay texts could be fetched.`,
      details: { total_essays: draft.essays().length },
    });
    return;
  }
  if (usable === 1) {
    finalise(draft, rank, "single_essay_batch");
    return;
  }
  planComparisons(draft);
  draft.transition("GENERATING_PAIRS", "texts_ready");
  issueNextWave(draft);
}
