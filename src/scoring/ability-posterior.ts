import { DENSE_LIMIT } from "./covariance.ts";
import { estimate } from "./estimate.ts";
import type { BradleyTerryData, FitOptions } from "./model.ts";
import { probabilityBetter, varianceOfDifference } from "./ranks.ts";
import { ScoringError } from "./scoring-error.ts";

/** The joint posterior of the abilities, the spread integrated out: what can be asked of two items at a time. */
export interface AbilityPosterior {
  /** Logits, length itemCount: posterior mean and standard deviation. */
  readonly abilities: Float64Array;
  readonly standardErrors: Float64Array;
  /** P(item a is better than item b), in [0, 1], with the covariance of the two. */
  probabilityBetter(a: number, b: number): number;
  /** Var(θₐ − θ_b) in logits². */
  differenceVariance(a: number, b: number): number;
}

/**
 * @param data at most 2,000 items; options as for `fitBradleyTerry`.
 * @throws {ScoringError} for bad input, naming the row.
 */
export function describePosterior(data: BradleyTerryData, options: FitOptions = {}): AbilityPosterior {
  if (data.itemCount > DENSE_LIMIT)
    throw new ScoringError(
      "item_limit",
      `There are ${data.itemCount} items, the limit for covariances is ${DENSE_LIMIT}.`,
    );
  const mixture = estimate(data, options).integrate();
  return {
    abilities: mixture.abilities,
    standardErrors: mixture.standardErrors,
    probabilityBetter: (a, b) => probabilityBetter(mixture, a, b),
    differenceVariance: (a, b) => varianceOfDifference(mixture, a, b),
  };
}
