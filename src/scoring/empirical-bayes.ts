import { type Covariance, DENSE_LIMIT, factoriseHessian } from "./covariance.ts";
import { findMode, type LaplacePoint, logMarginal } from "./laplace.ts";
import { lazy } from "./lazy.ts";
import { type Model, type Posterior, spreadOfFree } from "./posterior.ts";
import {
  EXACT_GRID_LIMIT,
  type GridPoint,
  gaussianGrid,
  LOG_SIGMA_MAX,
  LOG_SIGMA_MIN,
  scanRange,
} from "./spread-grid.ts";
import {
  COARSE_LAST_STEP,
  climb,
  correctRoot,
  createEstimatedSlope,
  createExactSlope,
  derivativeAt,
  findRoot,
  finish,
  type Root,
  type SlopeAt,
  type SlopeEffort,
  type SlopePoint,
} from "./spread-slope.ts";

const RANGE = [LOG_SIGMA_MIN, LOG_SIGMA_MAX] as const;
/** Of the modes that an exact slope is taken at. */
const SLOPE_TOLERANCE = 1e-11;
const EXACT_ACCURACY = 1e-8;
const ESTIMATED_ACCURACY = 1e-5;
/** On the way to the root: a rough slope is enough, because a better one corrects the root. */
const COARSE_PROBES = 2;
const COARSE_EFFORT = { tolerance: 1e-4, accuracy: 1e-2 };
/** What the exact slope starts from: with its derivative one dense inverse is mostly enough. */
const FINE_EFFORT = { tolerance: 1e-9, probes: 128, accuracy: 1e-6 };
/** The relative error of a slope's derivative, in standard errors of its root in log σ; measured 1 to 1.5 of them. */
const DOUBT_PER_ERROR = 3;
/** Of the derivative of a rough slope. */
const COARSE_DOUBT = 0.05;
/** In log σ: well within the 10⁻⁶ in log σ² that an independent implementation is held to. */
const EXACT_ROOT_ACCURACY = 1e-7;
/** Where there is no exact slope: the trace averages over the items by itself, so that more items need fewer probes. */
const LARGE_EFFORT = { tolerance: 1e-6, accuracy: 1e-3 };
const LARGE_PROBE_ITEMS = 16_000;
/** The spread σ of the abilities that maximises the Laplace marginal likelihood. */
export interface SpreadEstimate {
  readonly logSigma: number;
  /** The maximum lies at an end of [.01, 10]: the data do not tell the spread, and nothing may rest on σ̂. */
  readonly atBoundary: boolean;
  /** Standard error of log σ̂ from estimating the log-determinant with probes; 0 where it is exact. */
  readonly error: number;
  readonly point: LaplacePoint;
  /** The covariance a last step (at most 10⁻³ in log σ) away from the peak, where the exact slope needed one; else null. */
  readonly beside: CovarianceAt | null;
  /** The marginal likelihood at spaced log σ that cover where it matters, up to a constant; ascending. */
  readonly coarse: () => readonly GridPoint[];
}

export interface CovarianceAt {
  readonly covariance: Covariance;
  /** The Hessian's diagonal there. */
  readonly information: Float64Array;
}

/**
 * Maximises the marginal likelihood over log σ (Carlin & Louis 2000, §3.3; Laplace's method as in Tierney & Kadane 1986).
 * It climbs from a guess; unless that peak plainly beats no spread at all (σ ≈ 0 can be a second mode), it takes the best
 * of a coarse grid over the whole range and the root of the slope beside it. Exact up to 2,000 items; beyond, the
 * log-determinant's derivative is estimated from seeded probes, and `error` says how well.
 */
export function estimateSpread(model: Model, start: Float64Array, tolerance: number): SpreadEstimate {
  const small = model.graph.dimension <= EXACT_GRID_LIMIT;
  const slopeAt = small
    ? createExactSlope(model, Math.max(tolerance, SLOPE_TOLERANCE))
    : createEstimatedSlope(model, finalEffort(model, tolerance));
  const scan = lazy(() => scanRange(model, start, tolerance));
  const climbed = small ? climbFrom(slopeAt, model, start) : climbInTwoStages(slopeAt, model, start);
  const root = climbed && finish(climbed, tolerance);
  const peak =
    root && beatsNoSpread(root)
      ? root
      : searchGrid(slopeAt, scan(), small ? EXACT_ACCURACY : ESTIMATED_ACCURACY, tolerance);
  if ("boundary" in peak) return describeBoundary(peak, model, tolerance, scan);
  const coarse = small ? scan : () => gaussianGrid(peak);
  if (small || model.graph.itemCount > DENSE_LIMIT) return describePeak(peak, null, coarse);
  const exactly = createExactSlope(model, tolerance, new Float64Array(model.graph.dimension ** 2));
  const exact = correctRoot(exactly, peak, {
    accuracy: EXACT_ROOT_ACCURACY,
    doubt: (DOUBT_PER_ERROR * peak.at.error) / Math.abs(peak.derivative),
    atLeast: 1,
    range: RANGE,
  });
  if (exact === null) {
    const found = searchGrid(exactly, scan(), EXACT_ROOT_ACCURACY, tolerance);
    if ("boundary" in found) return describeBoundary(found, model, tolerance, scan);
    return describePeak(found, null, scan);
  }
  const { covariance, point } = exact.at;
  const beside = covariance && { covariance, information: point.posterior.diagonal.slice() };
  return describePeak(finish(exact, tolerance), beside, coarse);
}

function finalEffort({ graph }: Model, tolerance: number): SlopeEffort {
  const large = graph.itemCount > DENSE_LIMIT;
  const effort = large ? { ...LARGE_EFFORT, probes: largeProbes(graph.itemCount) } : FINE_EFFORT;
  return { ...effort, tolerance: Math.max(tolerance, effort.tolerance) };
}

function largeProbes(itemCount: number): number {
  return Math.max(2, Math.ceil(LARGE_PROBE_ITEMS / itemCount));
}

function climbFrom(slopeAt: SlopeAt, model: Model, start: Float64Array, lastStep?: number): Root | null {
  return climb(slopeAt, guessLogSigma(model, start), start, RANGE, lastStep);
}

/** Climbs a rough slope and corrects its root on the better one, with a derivative of that. */
function climbInTwoStages(slopeAt: SlopeAt, model: Model, start: Float64Array): Root | null {
  const rough = createEstimatedSlope(model, { ...COARSE_EFFORT, probes: COARSE_PROBES });
  const climbed = climbFrom(rough, model, start, COARSE_LAST_STEP);
  if (!climbed) return null;
  const exactFollows = model.graph.itemCount <= DENSE_LIMIT;
  return correctRoot(slopeAt, climbed, {
    accuracy: EXACT_ROOT_ACCURACY,
    doubt: COARSE_DOUBT,
    atLeast: exactFollows ? 2 : 1,
    range: RANGE,
  });
}

function describeBoundary(
  { boundary: { logSigma, mode } }: AtBoundary,
  model: Model,
  tolerance: number,
  coarse: SpreadEstimate["coarse"],
): SpreadEstimate {
  const point = findMode(model, logSigma, mode, tolerance);
  return { logSigma, atBoundary: true, error: 0, point, beside: null, coarse };
}

function describePeak(
  { at, derivative }: Root,
  beside: CovarianceAt | null,
  coarse: SpreadEstimate["coarse"],
): SpreadEstimate {
  const { point, error } = at;
  return {
    logSigma: point.logSigma,
    atBoundary: false,
    error: error / Math.abs(derivative),
    point,
    beside,
    coarse,
  };
}

/** From the starting abilities' own spread, of which about a fifth is error. */
function guessLogSigma(model: Model, start: Float64Array): number {
  const variance = (0.8 * spreadOfFree(start, model)) / Math.max(1, model.freeCount - 1);
  return Math.log(Math.max(variance, 0.01)) / 2;
}

/** By more than this in log marginal likelihood, a peak leaves σ ≈ 0 no chance. */
const PLAIN_MARGIN = 3;

/** Whether the marginal likelihood at a peak is plainly above that at σ = .01; never true when it is not. */
function beatsNoSpread({ at: { point } }: Root): boolean {
  const { model } = point.posterior;
  const alike = point.mode.at.map((ability, i) => (model.fixed?.[i] ? ability : 0));
  const none = findMode(model, LOG_SIGMA_MIN, alike, 1e-6);
  const toBeat = logMarginal(none, priorBound(none.posterior)) + PLAIN_MARGIN;
  point.posterior.evaluate(point.mode.at);
  if (logMarginal(point, hadamardBound(point.posterior)) > toBeat) return true;
  if (model.graph.dimension > EXACT_GRID_LIMIT) return false;
  return logMarginal(point, factoriseHessian(point.posterior).logDeterminant) > toBeat;
}

/**
 * log |A| is at least that of the priors alone; at σ = .01 they are nearly all of it. log ν has none: half its
 * information stands for what the other parameters leave of it.
 */
function priorBound({ model, precision, diagonal }: Posterior): number {
  const { graph, freeCount, effectPrecision } = model;
  const effectCount = graph.effects?.observed.length ?? 0;
  const ties = graph.effects && graph.effects.tied !== null ? Math.log(diagonal[graph.dimension - 1] / 2) : 0;
  return (freeCount - 1) * Math.log(precision) + effectCount * Math.log(effectPrecision) + ties;
}

/** log |A| ≤ Σ log Aᵢᵢ (Hadamard 1893), without anchors on the subspace of centred abilities. */
function hadamardBound({ model, diagonal, constantPart, precision }: Posterior): number {
  const { itemCount } = model.graph;
  let mean = 0;
  for (let i = 0; i < itemCount; i++) mean += diagonal[i] / itemCount;
  const lift = model.fixed ? constantPart : mean / itemCount;
  let bound = model.fixed ? 0 : -Math.log(precision + mean);
  for (let i = 0; i < diagonal.length; i++)
    if (!model.fixed?.[i]) bound += Math.log(diagonal[i] + (i < itemCount ? lift : 0));
  return bound;
}

interface AtBoundary {
  readonly boundary: GridPoint;
}

/** From the best point of the grid uphill to the root of the slope, or to the end of the grid. */
function searchGrid(
  slopeAt: SlopeAt,
  grid: readonly GridPoint[],
  accuracy: number,
  tolerance: number,
): Root | AtBoundary {
  const best = grid.reduce((top, point) => (point.logMarginal > top.logMarginal ? point : top));
  let at = grid.indexOf(best);
  let here = slopeAt(best.logSigma, best.mode);
  const rises = here.slope > 0;
  let there: SlopePoint;
  for (;;) {
    const neighbour = grid[rises ? at + 1 : at - 1];
    if (!neighbour) return { boundary: grid[at] };
    there = slopeAt(neighbour.logSigma, neighbour.mode);
    if (there.slope > 0 !== rises) break;
    at += rises ? 1 : -1;
    here = there;
  }
  const root = findRoot(slopeAt, here, there, accuracy);
  const derivative = derivativeAt(slopeAt, root);
  const { model } = root.point.posterior;
  return {
    at: { ...root, point: findMode(model, root.point.logSigma, root.point.mode.at, tolerance) },
    derivative,
  };
}
