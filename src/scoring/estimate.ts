import { estimateSpread } from "./empirical-bayes.ts";
import { requireMaximumLikelihood, requireSettled } from "./existence.ts";
import { integrateSpread, type Mixture, singleGaussian } from "./mixture.ts";
import type { BradleyTerryData, FitOptions } from "./model.ts";
import { type Minimum, minimise } from "./newton.ts";
import {
  createModel,
  createPosterior,
  POSITION_PRIOR_VARIANCE,
  type Posterior,
  startingPoint,
} from "./posterior.ts";
import { validateData, validateOptions } from "./validation.ts";
import { buildVerdictGraph } from "./verdict-graph.ts";

/** Tighter than asked for: at 1e-12 the abilities of weakly attached items can be 1e-10 off. */
export const DEFAULT_TOLERANCE = 1e-13;

/** The mode at the prior variance given or estimated, and the way to what is published from it. */
export interface Estimate {
  readonly posterior: Posterior;
  readonly mode: Minimum;
  readonly atBoundary: boolean;
  readonly atLowerBoundary: boolean;
  /** Standard error of log σ̂; 0 where it is exact or given. */
  readonly spreadError: number;
  /** The posterior with σ integrated out (empirical Bayes), or the one Gaussian. Expensive: call once. */
  integrate(): Mixture;
}

/** @throws {ScoringError} for bad input, or `mle_does_not_exist` */
export function estimate(data: BradleyTerryData, options: FitOptions): Estimate {
  validateData(data);
  validateOptions(data, options);
  const { prior = "empirical-bayes", tolerance = DEFAULT_TOLERANCE, position = "overall" } = options;
  if (prior === "none") requireMaximumLikelihood(data, position);
  const effectPrecision = prior === "none" ? 0 : 1 / POSITION_PRIOR_VARIANCE;
  const model = createModel(buildVerdictGraph(data, position), data.anchors, effectPrecision);
  const start = startingPoint(model, options.start);
  if (prior === "empirical-bayes") {
    const spread = estimateSpread(model, start, tolerance);
    return {
      ...spread.point,
      atBoundary: spread.atBoundary,
      atLowerBoundary: spread.atBoundary && spread.logSigma < 0,
      spreadError: spread.error,
      integrate: () => integrateSpread(model, spread, tolerance),
    };
  }
  const posterior = createPosterior(model, prior === "none" ? 0 : 1 / prior.variance);
  const mode = minimise(posterior, start, tolerance);
  if (prior === "none") requireSettled(posterior);
  return {
    posterior,
    mode,
    atBoundary: false,
    atLowerBoundary: false,
    spreadError: 0,
    integrate: () => singleGaussian(posterior, mode.at),
  };
}
