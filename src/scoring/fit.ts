import { describeConnectivity } from "./connectivity.ts";
import { centredVariances } from "./covariance.ts";
import { estimatePrior } from "./empirical-bayes.ts";
import { requireMaximumLikelihood } from "./existence.ts";
import { buildPairGraph, type PairGraph } from "./graph.ts";
import { lazy } from "./lazy.ts";
import type { BradleyTerryData, Fit, FitOptions } from "./model.ts";
import { type Minimum, minimise } from "./newton.ts";
import { createPairObjective, pairLogLikelihood, startFromWinRates } from "./pair-objective.ts";
import { validateData, validateOptions } from "./validation.ts";

const DEFAULT_TOLERANCE = 1e-13;

/**
 * Fits P(i beats j) = 1/(1 + e^(θⱼ − θᵢ)) (Bradley & Terry 1952, Biometrika 39:324) to weighted comparisons.
 *
 * With `prior: {variance: v}` it minimises Σ log(1 + e^(θ_l − θ_w)) + Σθ²/(2v); with `"none"` without the second term;
 * with `"empirical-bayes"` (the default) v maximises the Laplace marginal likelihood. Abilities are logits with mean 0.
 * Standard errors, log-likelihood and connectivity are computed when first read.
 * @throws {ScoringError} for bad input, naming the row, and `mle_does_not_exist` for `"none"` on data that have no
 * maximum, naming the items that cause it.
 */
export function fitBradleyTerry(data: BradleyTerryData, options: FitOptions = {}): Fit {
  validateData(data);
  validateOptions(data, options);
  const { prior = "empirical-bayes", tolerance = DEFAULT_TOLERANCE, start } = options;
  if (prior === "none") requireMaximumLikelihood(data);
  const graph = buildPairGraph(data);
  if (prior === "empirical-bayes") {
    const { logSigma, mode } = estimatePrior(graph, tolerance, start);
    return describeFit(data, graph, mode, Math.exp(2 * logSigma));
  }
  const variance = prior === "none" ? Number.POSITIVE_INFINITY : prior.variance;
  const objective = createPairObjective(graph, 1 / variance);
  return describeFit(
    data,
    graph,
    minimise(objective, start ?? startFromWinRates(graph), tolerance),
    variance,
  );
}

function describeFit(data: BradleyTerryData, graph: PairGraph, mode: Minimum, priorVariance: number): Fit {
  const abilities = mode.at;
  const standardErrors = lazy(() => {
    const objective = createPairObjective(graph, 1 / priorVariance);
    objective.evaluate(abilities);
    return centredVariances(graph, objective.weights, 1 / priorVariance).map(Math.sqrt);
  });
  const logLikelihood = lazy(() => pairLogLikelihood(graph, abilities));
  const connectivity = lazy(() => describeConnectivity(data));
  return {
    abilities,
    priorVariance,
    iterations: mode.iterations,
    converged: mode.converged,
    gradientNorm: mode.gradientNorm,
    get standardErrors() {
      return standardErrors();
    },
    get logLikelihood() {
      return logLikelihood();
    },
    get connectivity() {
      return connectivity();
    },
  };
}
