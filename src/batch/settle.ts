/**
 * The rules that end a batch or move it on. Every command that changes a comparison calls `settle`; it leaves the
 * batch in a state in which something outstanding, planned or timed will wake it again: there is no third way to wait.
 */
import { countAllPairs } from "../pairing/index.ts";
import {
  type FailureReason,
  isTerminal,
  lastActivityAt,
  plannedSoFar,
  type StopReason,
  verdictsSoFar,
} from "./batch.ts";
import { ceilingReached, countAffordable, countWithMachines } from "./cost-ceiling.ts";
import type { Draft } from "./draft.ts";
import { completedEvents, failedEvent, type PublishedEvent } from "./events.ts";
import { issueNextWave, mayAsk } from "./issue-wave.ts";
import { indexOfPeople } from "./judges.ts";
import type { Ranker, Ranking } from "./ranking.ts";
import { ruleMet } from "./stopping.ts";

export const HOUR_MS = 3_600_000;

/** Final scoring is tried this often before the batch fails with `scoring_failed`. */
export const SCORING_ATTEMPTS_MAX = 5;
const SCORING_RETRY_BASE_MS = 10_000;

/** Applies the rules in their order: certain failure, completion, nothing left to wait for, next wave. */
export function settle(draft: Draft, rank: Ranker): void {
  if (isTerminal(draft.life().state)) return;
  stopAtCostCeiling(draft);
  if (successRateUnreachable(draft)) {
    failForSuccessRate(draft);
    return;
  }
  if (completionReached(draft) && draft.life().state !== "SCORING")
    enterScoring(draft, "completion_threshold_reached");
  stopPairingWhenEnough(draft);
  issueNextWave(draft);
  if (nothingLeftToWaitFor(draft)) finalise(draft, rank, reasonOfEnd(draft));
  watchPatience(draft);
}

/** What is in flight when a rule stops the batch still counts, within the grace; what has been asked is now the plan. */
function stopPairingWhenEnough(draft: Draft): void {
  const rule = mayAsk(draft) ? ruleMet(draft) : null;
  if (rule === null) return;
  draft.update({ pairingStop: rule, totalComparisons: plannedSoFar(draft.tally()) });
  const { outstanding, copiesOutstanding } = draft.tally();
  if (outstanding + copiesOutstanding > 0) enterScoring(draft, rule);
}

/**
 * Past the ceiling nothing is asked any more, and a batch that can afford no further comparison ends too. What has been asked is
 * now the plan, and by the rules for any plan it is ranked or fails.
 */
function stopAtCostCeiling(draft: Draft): void {
  const { state, pairingStop } = draft.life();
  if (pairingStop !== null || state === "SCORING" || state === "INITIALIZING") return;
  const inFlight = countWithMachines(draft.tally());
  const { config } = draft.batch;
  const reached = ceilingReached({ config, tally: draft.tally() }) && (inFlight > 0 || mayAsk(draft));
  const nothingAffordable = inFlight === 0 && mayAsk(draft) && countAffordable(config, draft.tally()) === 0;
  if (!reached && !nothingAffordable) return;
  draft.update({ pairingStop: "cost_ceiling_reached", totalComparisons: plannedSoFar(draft.tally()) });
  const { outstanding, copiesOutstanding } = draft.tally();
  if (outstanding + copiesOutstanding > 0) enterScoring(draft, "cost_ceiling_reached");
}

/** Why the batch ends when nothing is outstanding. */
function reasonOfEnd(draft: Draft): StopReason {
  const { pairing, pairingStop } = draft.life();
  if (pairingStop !== null) return pairingStop;
  const { maxComparisons } = draft.batch.config;
  if (pairing === null || plannedSoFar(draft.tally()) < maxComparisons) return "all_comparisons_settled";
  const timesEach = pairing.strategy === "adaptive" ? 2 : 1;
  const more = maxComparisons < timesEach * countAllPairs(pairing.essayCount);
  return more ? "budget_spent" : "all_comparisons_settled";
}

/** Why the batch ends when the grace is over. */
export function reasonAfterGrace(draft: Draft): StopReason {
  const { pairingStop } = draft.life();
  return pairingStop === null || pairingStop === "no_pair_left" ? "straggler_grace_elapsed" : pairingStop;
}

/** (T − failed) / T < threshold: true at the first failure after which the threshold cannot be met any more. */
function successRateUnreachable(draft: Draft): boolean {
  const total = draft.life().totalComparisons;
  const { failed } = draft.tally();
  return total > 0 && (total - failed) / total < draft.batch.config.minSuccessRateThreshold;
}

function completionReached(draft: Draft): boolean {
  const total = draft.life().totalComparisons;
  return total > 0 && draft.tally().completed * 100 >= draft.batch.config.completionThresholdPct * total;
}

function nothingLeftToWaitFor(draft: Draft): boolean {
  const { totalComparisons, state, scoringRetry } = draft.life();
  const { outstanding, copiesOutstanding } = draft.tally();
  const allIssued = plannedSoFar(draft.tally()) >= totalComparisons || state === "SCORING";
  const allSettled = outstanding === 0 && copiesOutstanding === 0;
  return totalComparisons > 0 && allSettled && allIssued && scoringRetry === null;
}

function failForSuccessRate(draft: Draft): void {
  const { completed, failed } = draft.tally();
  const total = draft.life().totalComparisons;
  const threshold = draft.batch.config.minSuccessRateThreshold;
  fail(draft, {
    reason: "low_success_rate",
    errorCode: "CJ_INSUFFICIENT_COMPARISONS",
    message:
      `${failed} of ${total} planned comparisons failed, so at most ${total - failed} can succeed: ` +
      `below the required share of ${threshold}.`,
    details: {
      total_comparisons: total,
      completed_comparisons: completed,
      failed_comparisons: failed,
      best_possible_success_rate: (total - failed) / total,
      success_rate_threshold: threshold,
    },
  });
}

function enterScoring(draft: Draft, reason: string): void {
  leavePairGeneration(draft, "verdict_received");
  draft.transition("SCORING", reason);
  draft.update({ partialScoringTriggered: true, scoringSince: draft.now });
  draft.wakeBy(graceEndsAt(draft));
}

/** A verdict may arrive before the outbox reports that its question was queued. */
export function leavePairGeneration(draft: Draft, reason: string): void {
  if (draft.life().state === "GENERATING_PAIRS") draft.transition("WAITING_CALLBACKS", reason);
}

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

export function enterFinalScoring(draft: Draft, stop: StopReason): void {
  if (draft.life().state === "SCORING") return;
  leavePairGeneration(draft, "verdict_received");
  draft.transition("SCORING", stop);
  draft.update({ scoringSince: draft.now });
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
export function fail(
  draft: Draft,
  failure: {
    readonly reason: FailureReason;
    readonly errorCode: string;
    readonly message: string;
    readonly details: Readonly<Record<string, string | number | boolean | null>>;
  },
): void {
  draft.update({ failure, completedAt: draft.now, scoringRetry: null });
  draft.transition(failure.reason === "cancelled" ? "CANCELLED" : "FAILED", failure.reason);
  draft.emit({ kind: "event", event: failedEvent(draft, failure) });
  watchRetention(draft);
}

function watchRetention(draft: Draft): void {
  draft.wakeBy(draft.now + draft.batch.config.retentionDays * 24 * HOUR_MS);
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

/** With the last answer of people the batch's patience ends: what it held back may be due at once. */
function watchPatience(draft: Draft): void {
  if (indexOfPeople(draft.batch.origin.judges) < 0 || isTerminal(draft.life().state)) return;
  draft.wakeBy(timeoutAt(draft));
  if (draft.life().state === "SCORING") draft.wakeBy(graceEndsAt(draft));
}
