import { probabilityBetter, varianceOfDifference } from "./differences.ts";
import { estimate } from "./estimate.ts";
import type { BradleyTerryData, FitOptions } from "./model.ts";

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
 * Options as for `fitBradleyTerry`. Above 2,000 items `standardErrors` are estimated (see `variancesOf`), and a pair that
 * was not asked about before costs two linear solves.
 * @throws {ScoringError} for bad input, naming the row.
 */
export function describePosterior(data: BradleyTerryData, options: FitOptions = {}): AbilityPosterior {
  const mixture = estimate(data, options).integrate();
  return {
    abilities: mixture.abilities,
    standardErrors: mixture.standardErrors,
    probabilityBetter: (a, b) => probabilityBetter(mixture, a, b),
    differenceVariance: (a, b) => varianceOfDifference(mixture, a, b),
  };
}
