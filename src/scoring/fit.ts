import { describeConnectivity } from "./connectivity.ts";
import { estimateSpread } from "./empirical-bayes.ts";
import { requireMaximumLikelihood } from "./existence.ts";
import { lazy } from "./lazy.ts";
import { integrateSpread } from "./mixture.ts";
import type { BradleyTerryData, Fit, FitOptions, PlugIn } from "./model.ts";
import { type Minimum, minimise } from "./newton.ts";
import {
  createModel,
  createPosterior,
  type Model,
  POSITION_PRIOR_VARIANCE,
  type Posterior,
  startingPoint,
} from "./posterior.ts";
import { variancesOf } from "./standard-errors.ts";
import { validateData, validateOptions } from "./validation.ts";
import { buildVerdictGraph } from "./verdict-graph.ts";
import { logLikelihoodOf } from "./verdicts.ts";

/** Tighter than asked for: at 1e-12 the abilities of weakly attached items can be 1e-10 off. */
export const DEFAULT_TOLERANCE = 1e-13;

/**
 * Fits P(i beats j) = 1/(1 + e^(θⱼ − θᵢ)) (Bradley & Terry 1952, Biometrika 39:324) to weighted comparisons.
 *
 * - `prior: {variance: v}` minimises Σ log(1 + e^(θ_l − θ_w)) + Σθ²/(2v); `"none"` the same without the second term.
 * - `"empirical-bayes"`, the default: `priorVariance` maximises the Laplace marginal likelihood over σ in [.01, 10], and
 *   abilities and standard errors are the posterior mean and deviation with σ integrated out over a grid; `plugIn` has
 *   the mode at `priorVariance`.
 *
 * Where the data say what was shown first, a position effect is estimated with the abilities; where they have ties,
 * Davidson's tie parameter; where they have anchors, the free items are N(μ, σ²) with both estimated.
 * Abilities are logits with mean 0 (with anchors: on their scale). What is expensive is computed when first read.
 * @throws {ScoringError} for bad input, naming the row, and `mle_does_not_exist` for `"none"` on data that have no
 * maximum, naming the items that cause it.
 */
export function fitBradleyTerry(data: BradleyTerryData, options: FitOptions = {}): Fit {
  validateData(data);
  validateOptions(data, options);
  const { prior = "empirical-bayes", tolerance = DEFAULT_TOLERANCE, position = "overall" } = options;
  if (prior === "none") requireMaximumLikelihood(data, position);
  const effectPrecision = prior === "none" ? 0 : 1 / POSITION_PRIOR_VARIANCE;
  const model = createModel(buildVerdictGraph(data, position), data.anchors, effectPrecision);
  const start = startingPoint(model, options.start);
  if (prior === "empirical-bayes") return integrate(data, model, start, tolerance);
  const posterior = createPosterior(model, prior === "none" ? 0 : 1 / prior.variance);
  const mode = minimise(posterior, start, tolerance);
  const plugIn = describePlugIn(posterior, mode);
  return describeFit(data, posterior, mode, plugIn, () => plugIn, false);
}

function integrate(data: BradleyTerryData, model: Model, start: Float64Array, tolerance: number): Fit {
  const spread = estimateSpread(model, start, tolerance);
  const { posterior, mode } = spread.point;
  const mixture = lazy(() => integrateSpread(model, spread, tolerance));
  return describeFit(data, posterior, mode, describePlugIn(posterior, mode), mixture, spread.atBoundary);
}

function describePlugIn(posterior: Posterior, mode: Minimum): PlugIn {
  const abilities = mode.at.slice(0, posterior.model.graph.itemCount);
  const standardErrors = lazy(() => {
    posterior.evaluate(mode.at);
    return variancesOf(posterior).map(Math.sqrt);
  });
  return {
    abilities,
    get standardErrors() {
      return standardErrors();
    },
  };
}

function describeFit(
  data: BradleyTerryData,
  { model, precision }: Posterior,
  mode: Minimum,
  plugIn: PlugIn,
  published: () => PlugIn,
  priorAtBoundary: boolean,
): Fit {
  const { graph } = model;
  const logLikelihood = lazy(() => logLikelihoodOf(graph, mode.at));
  const connectivity = lazy(() => describeConnectivity(data));
  const { iterations, converged, gradientNorm } = mode;
  const tied = graph.effects?.tied ?? null;
  return {
    plugIn,
    priorVariance: 1 / precision,
    priorAtBoundary,
    positionEffects: Array.from(
      graph.effects?.observed ?? [],
      (_, index) => mode.at[graph.itemCount + index],
    ),
    logTieOdds: tied === null ? null : mode.at[graph.dimension - 1],
    iterations,
    converged,
    gradientNorm,
    get abilities() {
      return published().abilities;
    },
    get standardErrors() {
      return published().standardErrors;
    },
    get logLikelihood() {
      return logLikelihood();
    },
    get connectivity() {
      return connectivity();
    },
  };
}
