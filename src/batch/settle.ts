/**
 * The rules that end a batch or move it on. Every command that changes a comparison calls `settle`; it leaves the
 * batch in a state in which something outstanding, planned or timed will wake it again: there is no third way to wait.
 */
import { countAllPairs } from "../pairing/index.ts";
import { isTerminal, type PairingStop, type StopReason } from "./batch.ts";
import { ceilingReached, countAffordable, countWithMachines } from "./cost-ceiling.ts";
import { graceEndsAt, timeoutAt } from "./deadlines.ts";
import type { Draft } from "./draft.ts";
import { fail, finalise } from "./ending.ts";
import { enterScoring } from "./enter-scoring.ts";
import { issueNextWave, mayAsk } from "./issue-wave.ts";
import { indexOfPeople } from "./judges.ts";
import type { Ranker } from "./ranking.ts";
import { ruleMet } from "./stopping.ts";
import { plannedSoFar } from "./tally.ts";

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

function stopPairingWhenEnough(draft: Draft): void {
  const rule = mayAsk(draft) ? ruleMet(draft) : null;
  if (rule !== null) stopPairing(draft, rule);
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
  if (reached || nothingAffordable) stopPairing(draft, "cost_ceiling_reached");
}

/** What is in flight when a rule stops the batch still counts, within the grace; what has been asked is now the plan. */
function stopPairing(draft: Draft, rule: PairingStop): void {
  draft.update({ pairingStop: rule, totalComparisons: plannedSoFar(draft.tally()) });
  if (!allSettled(draft)) enterScoring(draft, rule);
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
  const allIssued = plannedSoFar(draft.tally()) >= totalComparisons || state === "SCORING";
  return totalComparisons > 0 && allSettled(draft) && allIssued && scoringRetry === null;
}

/** Whether no answer is outstanding, copies for people included. */
function allSettled(draft: Draft): boolean {
  const { outstanding, copiesOutstanding } = draft.tally();
  return outstanding === 0 && copiesOutstanding === 0;
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

/** With the last answer of people the batch's patience ends: what it held back may be due at once. */
function watchPatience(draft: Draft): void {
  if (indexOfPeople(draft.batch.origin.judges) < 0 || isTerminal(draft.life().state)) return;
  draft.wakeBy(timeoutAt(draft));
  if (draft.life().state === "SCORING") draft.wakeBy(graceEndsAt(draft));
}
