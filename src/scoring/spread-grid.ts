/** The marginal likelihood of the abilities' spread over its whole range. */
import { factoriseHessian } from "./covariance.ts";
import { createProbes, estimateSlope, findMode, logMarginal } from "./laplace.ts";
import type { Model } from "./posterior.ts";
import { createRandom } from "./random.ts";
import type { Root } from "./spread-slope.ts";

/** σ is sought in [.01, 10] logits. */
export const LOG_SIGMA_MIN = Math.log(0.01);
export const LOG_SIGMA_MAX = Math.log(10);

/** Up to this many parameters every point has its exact log-determinant; beyond, slopes are first estimated from probes. */
export const EXACT_GRID_LIMIT = 200;

const SCAN_PROBES = 4;
const SCAN_SEED = 0x5ca1;

/** The marginal likelihood at one spread, up to a constant. */
export interface GridPoint {
  readonly logSigma: number;
  readonly logMarginal: number;
  readonly mode: Float64Array;
}

/** The log marginal likelihood at equally spaced log σ, from the widest prior down, each mode started from the last. */
export function scanRange(model: Model, start: Float64Array, tolerance: number): GridPoint[] {
  const exact = model.graph.dimension <= EXACT_GRID_LIMIT;
  const count = exact ? 24 : 20;
  const logSigmas = Array.from(
    { length: count },
    (_, k) => LOG_SIGMA_MAX + (k * (LOG_SIGMA_MIN - LOG_SIGMA_MAX)) / (count - 1),
  );
  return evaluateGrid(model, logSigmas, start, exact ? tolerance : Math.max(tolerance, 1e-5)).reverse();
}

/** What the grid would be for a Gaussian peak: with many parameters it is one. */
export function gaussianGrid({ at: { point }, derivative }: Root): GridPoint[] {
  const deviation = 1 / Math.sqrt(Math.max(1e-6, -derivative));
  return Array.from({ length: 13 }, (_, k) => ({
    logSigma: point.logSigma + (k - 6) * deviation,
    logMarginal: -((k - 6) ** 2) / 2,
    mode: point.mode.at,
  })).filter(({ logSigma }) => logSigma > LOG_SIGMA_MIN && logSigma < LOG_SIGMA_MAX);
}

/**
 * The log marginal likelihood, up to a constant, at the given log σ in order: exactly for few parameters, otherwise by
 * integrating the estimated slope (trapezoidal).
 */
export function evaluateGrid(
  model: Model,
  logSigmas: readonly number[],
  start: Float64Array,
  tolerance: number,
): GridPoint[] {
  const exact = model.graph.dimension <= EXACT_GRID_LIMIT;
  const probes = exact ? [] : createProbes(model, SCAN_PROBES, createRandom(SCAN_SEED));
  let from = start;
  let total = 0;
  let previous: { logSigma: number; slope: number } | null = null;
  return logSigmas.map((logSigma) => {
    const point = findMode(model, logSigma, from, tolerance);
    from = point.mode.at;
    if (exact) {
      const { logDeterminant } = factoriseHessian(point.posterior);
      return { logSigma, mode: from, logMarginal: logMarginal(point, logDeterminant) };
    }
    const { slope } = estimateSlope(point, probes, 1e-3);
    if (previous) total += ((logSigma - previous.logSigma) * (slope + previous.slope)) / 2;
    previous = { logSigma, slope };
    return { logSigma, mode: from, logMarginal: total };
  });
}
