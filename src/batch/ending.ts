/** How a batch ends, with its final ranking or without one, and the provisional rankings before that. */
import type { Failure, StopReason } from "./batch.ts";
import { retentionEndsAt } from "./deadlines.ts";
import type { Draft } from "./draft.ts";
import { enterFinalScoring } from "./enter-scoring.ts";
import { completedEvents, failedEvent, type PublishedEvent } from "./events.ts";
import type { Ranker, Ranking } from "./ranking.ts";
import { plannedSoFar, verdictsSoFar } from "./tally.ts";

/** Final scoring is tried this often before the batch fails with `scoring_failed`. */
export const SCORING_ATTEMPTS_MAX = 5;
const SCORING_RETRY_BASE_MS = 10_000;

/** Shows what the verdicts so far say. A provisional ranking that cannot be computed is left out, not fatal. */
export function publishProvisionalRanking(draft: Draft, rank: Ranker): void {
  if (draft.life().state !== "SCORING" || draft.life().scoringRetry !== null) return;
  const outcome = attempt(() => rankVerdicts(draft, rank, true));
  if (outcome.kind === "done")
    draft.change({ kind: "ranking", ranking: { ...outcome.result, provisional: true } });
}

/** Ends the batch with its final ranking, or arranges another try when scoring fails. */
export function finalise(draft: Draft, rank: Ranker, stop: StopReason): void {
  if (verdictsSoFar(draft.tally()) === 0 && stop !== "single_essay_batch") {
    fail(draft, {
      reason: "no_verdicts",
      errorCode: "CJ_INSUFFICIENT_COMPARISONS",
      message: "Nothing is left to wait for and no comparison was judged, so there is nothing to rank.",
      details: { failed_comparisons: draft.tally().failed },
    });
    return;
  }
  enterFinalScoring(draft, stop);
  const outcome = attempt(() => {
    const ranking = rankVerdicts(draft, rank, false);
    // Built, and so validated against the contracts, before anything is queued.
    return { ranking, events: completedEvents(draft, ranking, stop) };
  });
  if (outcome.kind === "failed") retryScoring(draft, stop, outcome.message);
  else complete(draft, outcome.result, stop);
}

function complete(draft: Draft, { ranking, events }: Finished, stop: StopReason): void {
  draft.update({
    // Pairing may have stopped before the budget was spent; from now on the plan is what was asked.
    totalComparisons: plannedSoFar(draft.tally()),
    scoringRetry: null,
    stopReason: stop,
    forcedRecovery: stop === "forced_recovery",
    completedAt: draft.now,
  });
  draft.change({ kind: "ranking", ranking: { ...ranking, provisional: false } });
  draft.transition("COMPLETED", stop);
  for (const event of events) draft.emit({ kind: "event", event });
  watchRetention(draft);
}

interface Finished {
  readonly ranking: Ranking;
  readonly events: readonly PublishedEvent[];
}

type Attempt<Result> =
  | { readonly kind: "done"; readonly result: Result }
  | { readonly kind: "failed"; readonly message: string };

/** Scoring may fail on data that nobody foresaw; a batch must not die of it in silence. */
function attempt<Result>(work: () => Result): Attempt<Result> {
  try {
    return { kind: "done", result: work() };
  } catch (error) {
    return { kind: "failed", message: error instanceof Error ? error.message : String(error) };
  }
}

function rankVerdicts(draft: Draft, rank: Ranker, provisional: boolean): Ranking {
  const { judges, seed, gradeScale } = draft.batch.origin;
  return rank({
    essays: draft.essays(),
    comparisons: draft.comparisons(),
    judges,
    seed,
    provisional,
    gradeScale,
  });
}

/** Counts a failed final scoring; the last attempt ends the batch. */
export function retryScoring(draft: Draft, stop: StopReason, message: string): void {
  const attempts = (draft.life().scoringRetry?.attempts ?? 0) + 1;
  if (attempts >= SCORING_ATTEMPTS_MAX) {
    fail(draft, {
      reason: "scoring_failed",
      errorCode: "CJ_SCORE_CONVERGENCE_FAILED",
      message: `The verdicts could not be scored in ${attempts} attempts: ${message}`,
      details: { attempts, completed_comparisons: draft.tally().completed },
    });
    return;
  }
  const at = draft.now + SCORING_RETRY_BASE_MS * 4 ** (attempts - 1);
  draft.update({ scoringRetry: { attempts, at, stop } });
  draft.wakeBy(at);
}

/** Ends the batch without a ranking. */
export function fail(draft: Draft, failure: Failure): void {
  draft.update({ failure, completedAt: draft.now, scoringRetry: null });
  draft.transition(failure.reason === "cancelled" ? "CANCELLED" : "FAILED", failure.reason);
  draft.emit({ kind: "event", event: failedEvent(draft, failure) });
  watchRetention(draft);
}

function watchRetention(draft: Draft): void {
  draft.wakeBy(retentionEndsAt({ config: draft.batch.config, life: draft.life() }));
}
