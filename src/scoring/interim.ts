import { choosePositionModel } from "./batch-scores.ts";
import { estimate } from "./estimate.ts";
import { evidenceOf } from "./evidence.ts";
import type { BradleyTerryData } from "./model.ts";
import { describeSpread, headlineReliability } from "./reliability.ts";
import { addAnchorErrors, ownVariancesOf } from "./standard-errors.ts";
import { validateData } from "./validation.ts";

/** Far below any posterior deviation: the next pairs are chosen on these numbers, and nothing is published from them. */
const INTERIM_TOLERANCE = 1e-8;

/** Where a batch stands between two rounds: what its next pairs and its stopping rules go by. Arrays are in item order. */
export interface InterimScores {
  /** The posterior mode at σ̂, in logits; mean 0 without anchors. */
  readonly abilities: Float64Array;
  /** Posterior variances at σ̂, in logits². */
  readonly variances: Float64Array;
  /** The headline of {@link scoreBatch}, to the tolerance of this fit. */
  readonly reliability: number;
  /** False while the prior is at the boundary: nothing may stop then. */
  readonly decisive: boolean;
}

/**
 * The part of {@link scoreBatch} that steering a batch needs, for about a third of its cost: no mixture, ranks or fit statistics.
 *
 * @param data at most 2,000 items
 * @param start abilities of an earlier fit; the result does not depend on them beyond 10⁻⁸, the time does
 * @throws {ScoringError} for bad input, naming the row
 */
export function scoreInterim(data: BradleyTerryData, start?: Float64Array): InterimScores {
  validateData(data);
  const evidence = evidenceOf(data);
  const { posterior, mode, atBoundary, atLowerBoundary } = estimate(evidence, {
    position: choosePositionModel(evidence),
    tolerance: INTERIM_TOLERANCE,
    ...(start && { start }),
  });
  posterior.evaluate(mode.at);
  const variances = ownVariancesOf(posterior);
  return {
    abilities: mode.at.slice(0, data.itemCount),
    variances: addAnchorErrors(posterior, variances),
    reliability: headlineReliability(describeSpread(posterior, mode.at, variances, atLowerBoundary)),
    decisive: !atBoundary,
  };
}
