import { countAllPairs } from "./pair.ts";

/** How a batch chooses its pairs. `auto` asks all pairs when they fit the budget and balanced rounds otherwise. */
export type PairingStrategy = "auto" | "all_pairs" | "balanced_rounds";

/** What is to be planned. */
export interface PlanRequest {
  /** Number of essays, 2 … {@link MAX_ESSAYS}. */
  readonly essayCount: number;
  /** Most comparisons to plan. Above n(n−1)/2 it is as good as n(n−1)/2: no pair is planned twice. */
  readonly budget: number;
  readonly strategy: PairingStrategy;
  /** Any safe integer. Equal requests give equal plans. */
  readonly seed: number;
}

/** Fewest essays that can be compared. */
export const MIN_ESSAYS = 2;
/** Most essays in one batch: bounds time and memory of planning. */
export const MAX_ESSAYS = 2_000;
/** Most comparisons in one batch: bounds the plan and what a batch stores. */
export const MAX_COMPARISONS = 32_768;

/** Why a request cannot be planned. `limit` is the smallest or largest value of `field` that would be accepted. */
export type PairingProblem =
  | {
      readonly code: "not_an_integer";
      readonly field: "essayCount" | "budget" | "seed";
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
export function findPairingProblem(request: PlanRequest): PairingProblem | null {
  return findNonInteger(request) ?? findEssayCountProblem(request) ?? findBudgetProblem(request);
}

function findNonInteger(request: PlanRequest): PairingProblem | null {
  const fields = ["essayCount", "budget", "seed"] as const;
  const field = fields.find((name) => !Number.isSafeInteger(request[name]));
  if (field === undefined) return null;
  const value = request[field];
  return { code: "not_an_integer", field, value, message: `${field} must be an integer, not ${value}` };
}

function findEssayCountProblem({ essayCount, strategy }: PlanRequest): PairingProblem | null {
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

function findBudgetProblem({ essayCount, budget, strategy }: PlanRequest): PairingProblem | null {
  const field = "budget";
  const least = smallestBudget(essayCount, strategy);
  if (budget < least) {
    const purpose = strategy === "all_pairs" ? "compare all pairs of" : "connect";
    const message = `a budget of ${budget} comparisons cannot ${purpose} ${essayCount} essays: at least ${least} are needed`;
    return { code: "budget_too_small", field, value: budget, limit: least, message };
  }
  if (Math.min(budget, countAllPairs(essayCount)) > MAX_COMPARISONS) {
    const message = `a budget of ${budget} comparisons is too large: at most ${MAX_COMPARISONS} per batch`;
    return { code: "too_many_comparisons", field, value: budget, limit: MAX_COMPARISONS, message };
  }
  return null;
}

/** The largest n with n(n−1)/2 ≤ MAX_COMPARISONS. */
function mostEssaysForAllPairs(): number {
  return Math.floor((1 + Math.sqrt(1 + 8 * MAX_COMPARISONS)) / 2);
}
