import type { Draft } from "./draft.ts";
import { fail, finalise } from "./ending.ts";
import { issueNextWave, planComparisons, usableEssayNumbers } from "./issue-wave.ts";
import type { Ranker } from "./ranking.ts";

/** All texts are settled: plan the comparisons, or end at once when there is nothing to compare. */
export function generatePairs(draft: Draft, rank: Ranker): void {
  const usable = usableEssayNumbers(draft).length;
  // Anchors alone are nothing to assess; one essay among anchors is.
  const assessable = draft.essays().filter(({ text, anchor }) => text === "ready" && anchor === null);
  if (assessable.length === 0) {
    const requested = draft.essays().filter(({ anchor }) => anchor === null).length;
    fail(draft, {
      reason: "no_usable_essays",
      errorCode: "CONTENT_SERVICE_ERROR",
      message: `None of the ${requested} essay texts could be fetched.`,
      details: { total_essays: requested },
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
