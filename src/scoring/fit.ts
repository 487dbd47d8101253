import { describeConnectivity } from "./connectivity.ts";
import { estimate } from "./estimate.ts";
import { lazy } from "./lazy.ts";
import type { BradleyTerryData, Fit, FitOptions, PlugIn } from "./model.ts";
import type { Minimum } from "./newton.ts";
import type { Posterior } from "./posterior.ts";
import { variancesOf } from "./standard-errors.ts";
import { logLikelihoodOf } from "./verdicts.ts";

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
  const { posterior, mode, atBoundary, spreadError, integrate } = estimate(data, options);
  const { graph } = posterior.model;
  const plugIn = describePlugIn(posterior, mode);
  const integrates = (options.prior ?? "empirical-bayes") === "empirical-bayes";
  const published = integrates ? lazy(integrate) : () => plugIn;
  const logLikelihood = lazy(() => logLikelihoodOf(graph, mode.at));
  const connectivity = lazy(() => describeConnectivity(data));
  const { iterations, converged, gradientNorm } = mode;
  const tied = graph.effects?.tied ?? null;
  return {
    plugIn,
    priorVariance: 1 / posterior.precision,
    priorAtBoundary: atBoundary,
    spreadError,
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

/**
 * Fits again after some new verdicts, starting from the abilities of an earlier fit of the same items: the result is
 * that of {@link fitBradleyTerry}, in fewer steps. Options as there.
 */
export function refit(previous: Fit, data: BradleyTerryData, options: FitOptions = {}): Fit {
  const start = previous.plugIn.abilities;
  return fitBradleyTerry(data, start.length === data.itemCount ? { start, ...options } : options);
}

function describePlugIn(posterior: Posterior, mode: Minimum): PlugIn {
  const standardErrors = lazy(() => {
    posterior.evaluate(mode.at);
    return variancesOf(posterior).map(Math.sqrt);
  });
  return {
    abilities: mode.at.slice(0, posterior.model.graph.itemCount),
    get standardErrors() {
      return standardErrors();
    },
  };
}
