import { countAllPairs } from "./pair.ts";

/**
 * How a batch chooses its pairs.
 *
 * - `all_pairs`: every pair once.
 * - `balanced_rounds`: random rounds that never look at verdicts.
 * - `adaptive`: some balanced rounds, then the pairs that are expected to tell most, and a share of random ones.
 * - `auto`: all pairs when they fit the budget. Otherwise adaptive, or balanced rounds where the whole plan is made at once.
 */
export type PairingStrategy = "auto" | "all_pairs" | "balanced_rounds" | "adaptive";

/** What is to be planned. */
export interface PairingRequest {
  /** Number of essays, 2 … {@link MAX_ESSAYS}. */
  readonly essayCount: number;
  /** Most comparisons to ask, failed ones and repeats included. */
  readonly budget: number;
  readonly strategy: PairingStrategy;
  /** Any safe integer. Equal requests give equal plans. */
  readonly seed: number;
  /** Rounds before `adaptive` adapts, 2 … {@link MAX_BALANCED_ROUNDS}; default {@link DEFAULT_BALANCED_ROUNDS}. */
  readonly balancedRounds?: number;
  /** Share of random pairs among those chosen after the balanced rounds, 0 … 1; default {@link DEFAULT_RANDOM_SHARE}. */
  readonly randomShare?: number;
  /** Share of comparisons that repeat a pair the other way round, 0 … ½; default: {@link defaultSwapShare}. */
  readonly swapShare?: number;
  /**
   * Whether a second verdict on a pair tells something about its essays; default true. False where one judge gives both: in the
   * fit the two then weigh as one, and a pair is repeated to measure consistency alone.
   */
  readonly repeatsInform?: boolean;
}

/** A request that can be planned without knowing any verdict. */
export interface PlanRequest extends PairingRequest {
  readonly strategy: Exclude<PairingStrategy, "adaptive">;
}

/** Fewest essays that can be compared. */
export const MIN_ESSAYS = 2;
/** Most essays in one batch: bounds time and memory of planning. */
export const MAX_ESSAYS = 2_000;
/** Most comparisons in one batch: bounds the plan and what a batch stores. */
export const MAX_COMPARISONS = 32_768;

/**
 * Rounds asked before adapting. With fewer the published reliability understates the agreement with the truth by more than .05
 * in small batches; with more the batch needs more comparisons. `docs/pairing.md` has the measurements for 3 to 6.
 */
export const DEFAULT_BALANCED_ROUNDS = 5;
/** Fewest rounds that connect all essays. */
export const MIN_BALANCED_ROUNDS = 2;
/** More than this is not adaptive pairing any more. */
export const MAX_BALANCED_ROUNDS = 20;
/** Share of random pairs that adaptive pairing keeps, to be reported separately. */
export const DEFAULT_RANDOM_SHARE = 0.15;
/** At one half every pair is shown both ways. */
export const MAX_SWAP_SHARE = 0.5;

/** A tenth where pairs are chosen by verdicts; none where a plan promises that no pair is asked twice. */
export function defaultSwapShare(strategy: PairingStrategy): number {
  return strategy === "adaptive" ? 0.1 : 0;
}

/** Why a request cannot be planned. `limit` is the smallest or largest value of `field` that would be accepted. */
export type PairingProblem =
  | {
      readonly code: "not_an_integer";
      readonly field: "essayCount" | "budget" | "seed" | "balancedRounds";
      readonly value: number;
      readonly message: string;
    }
  | {
      readonly code: "too_few_essays" | "too_many_essays";
      readonly field: "essayCount";
      readonly value: number;
      readonly limit: number;
      readonly message: string;
    }
  | {
      readonly code: "budget_too_small" | "too_many_comparisons";
      readonly field: "budget";
      readonly value: number;
      readonly limit: number;
      readonly message: string;
    }
  | {
      readonly code: "too_many_essays_for_all_pairs";
      readonly field: "essayCount";
      readonly value: number;
      readonly limit: number;
      readonly message: string;
    }
  | {
      readonly code: "out_of_range";
      readonly field: "balancedRounds" | "randomShare" | "swapShare";
      readonly value: number;
      readonly minimum: number;
      readonly maximum: number;
      readonly message: string;
    };

/** Thrown when something that {@link findPairingProblem} would have refused is planned all the same. */
export class PairingError extends Error {
  override readonly name = "PairingError";
  readonly code: PairingProblem["code"];
  readonly problem: PairingProblem;

  constructor(problem: PairingProblem) {
    super(problem.message);
    this.code = problem.code;
    this.problem = problem;
  }
}

/**
 * The smallest budget that `strategy` accepts: n(n−1)/2 for `all_pairs`; otherwise n−1, below which no choice of pairs connects
 * all essays, and essays that nothing connects cannot be ranked against each other.
 */
export function smallestBudget(essayCount: number, strategy: PairingStrategy = "auto"): number {
  return strategy === "all_pairs" ? countAllPairs(essayCount) : essayCount - 1;
}

/** The first reason why `request` cannot be planned, or null when it can. */
export function findPairingProblem(request: PairingRequest): PairingProblem | null {
  return (
    findNonInteger(request) ??
    findEssayCountProblem(request) ??
    findBudgetProblem(request) ??
    findRangeProblem(request)
  );
}

function findNonInteger(request: PairingRequest): PairingProblem | null {
  for (const field of ["essayCount", "budget", "seed", "balancedRounds"] as const) {
    const value = request[field];
    if (value === undefined || Number.isSafeInteger(value)) continue;
    return { code: "not_an_integer", field, value, message: `${field} must be an integer, not ${value}` };
  }
  return null;
}

function findEssayCountProblem({ essayCount, strategy }: PairingRequest): PairingProblem | null {
  const field = "essayCount";
  if (essayCount < MIN_ESSAYS) {
    const message = `${essayCount} essays cannot be compared: at least ${MIN_ESSAYS} are needed`;
    return { code: "too_few_essays", field, value: essayCount, limit: MIN_ESSAYS, message };
  }
  if (essayCount > MAX_ESSAYS) {
    const message = `${essayCount} essays are too many for one batch: at most ${MAX_ESSAYS}`;
    return { code: "too_many_essays", field, value: essayCount, limit: MAX_ESSAYS, message };
  }
  if (strategy === "all_pairs" && countAllPairs(essayCount) > MAX_COMPARISONS) {
    const limit = mostEssaysForAllPairs();
    const message = `all pairs of ${essayCount} essays are ${countAllPairs(essayCount)} comparisons, above the limit of ${MAX_COMPARISONS}: at most ${limit} essays can be compared in all pairs`;
    return { code: "too_many_essays_for_all_pairs", field, value: essayCount, limit, message };
  }
  return null;
}

function findBudgetProblem(request: PairingRequest): PairingProblem | null {
  const { essayCount, budget, strategy } = request;
  const field = "budget";
  const least = smallestBudget(essayCount, strategy);
  if (budget < least) {
    const purpose = strategy === "all_pairs" ? "compare all pairs of" : "connect";
    const message = `a budget of ${budget} comparisons cannot ${purpose} ${essayCount} essays: at least ${least} are needed`;
    return { code: "budget_too_small", field, value: budget, limit: least, message };
  }
  if (Math.min(budget, mostAsked(request)) > MAX_COMPARISONS) {
    const message = `a budget of ${budget} comparisons is too large: at most ${MAX_COMPARISONS} per batch`;
    return { code: "too_many_comparisons", field, value: budget, limit: MAX_COMPARISONS, message };
  }
  return null;
}

/** However large the budget, no more than this is ever asked: every pair once, or once each way where pairs are repeated. */
function mostAsked({ essayCount, strategy, swapShare = defaultSwapShare(strategy) }: PairingRequest): number {
  const repeats = strategy === "adaptive" || (strategy === "balanced_rounds" && swapShare > 0);
  return countAllPairs(essayCount) * (repeats ? 2 : 1);
}

const RANGES = [
  ["balancedRounds", MIN_BALANCED_ROUNDS, MAX_BALANCED_ROUNDS],
  ["randomShare", 0, 1],
  ["swapShare", 0, MAX_SWAP_SHARE],
] as const;

function findRangeProblem(request: PairingRequest): PairingProblem | null {
  for (const [field, minimum, maximum] of RANGES) {
    const value = request[field];
    if (value === undefined || (value >= minimum && value <= maximum)) continue;
    const message = `${field} must be between ${minimum} and ${maximum}, not ${value}`;
    return { code: "out_of_range", field, value, minimum, maximum, message };
  }
  return null;
}

/** The largest n with n(n−1)/2 ≤ MAX_COMPARISONS. */
function mostEssaysForAllPairs(): number {
  return Math.floor((1 + Math.sqrt(1 + 8 * MAX_COMPARISONS)) / 2);
}
