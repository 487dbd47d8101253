import { DENSE_LIMIT, factoriseHessian } from "./covariance.ts";
import {
  createProbes,
  estimateSlope,
  findMode,
  type LaplacePoint,
  logMarginal,
  slopeExactly,
} from "./laplace.ts";
import type { Model } from "./posterior.ts";
import { createRandom } from "./random.ts";

/** σ is sought in [.01, 10] logits. */
export const LOG_SIGMA_MIN = Math.log(0.01);
export const LOG_SIGMA_MAX = Math.log(10);

/** Up to this many parameters every point of a grid has its exact log-determinant; beyond, slopes estimated from probes. */
export const EXACT_GRID_LIMIT = 200;

const ROOT_TOLERANCE = 1e-8;
const PROBE_SEED = 0x5eed;

/** The spread σ of the abilities that maximises the Laplace marginal likelihood. */
export interface SpreadEstimate {
  readonly logSigma: number;
  /** The maximum lies at an end of [.01, 10]: the data do not tell the spread, and nothing may rest on σ̂. */
  readonly atBoundary: boolean;
  /** Standard error of log σ̂ from estimating the log-determinant with probes; 0 where it is exact. */
  readonly error: number;
  readonly point: LaplacePoint;
  /** d² numbers that the exact slopes used: the covariance at the peak may have them. Null where none were needed. */
  readonly workspace: Float64Array | null;
  /** The marginal likelihood on a coarse grid over the whole range, up to a constant; ascending. */
  readonly coarse: readonly GridPoint[];
}

export interface GridPoint {
  readonly logSigma: number;
  readonly logMarginal: number;
  readonly mode: Float64Array;
}

/**
 * Maximises the marginal likelihood over log σ (Carlin & Louis 2000, §3.3; Laplace's method as in Tierney & Kadane
 * 1986): the best of a coarse grid, because σ ≈ 0 can be a second mode, then the root of the slope beside it.
 */
export function estimateSpread(model: Model, start: Float64Array, tolerance: number): SpreadEstimate {
  const coarse = scanRange(model, start, tolerance);
  const best = coarse.reduce((top, point) => (point.logMarginal > top.logMarginal ? point : top));
  const at = coarse.indexOf(best);
  const slope = createSlope(model, tolerance);
  const here = slope.at(best.logSigma, best.mode);
  const neighbour = coarse[here.slope > 0 ? at + 1 : at - 1];
  if (!neighbour)
    return {
      logSigma: best.logSigma,
      atBoundary: true,
      error: 0,
      point: here.point,
      workspace: null,
      coarse,
    };
  const peak = slope.root(here, neighbour);
  return { ...peak, atBoundary: false, coarse };
}

/** The log marginal likelihood at equally spaced log σ, from the widest prior down, each mode started from the last. */
function scanRange(model: Model, start: Float64Array, tolerance: number): GridPoint[] {
  const exact = model.graph.dimension <= EXACT_GRID_LIMIT;
  const count = exact ? 24 : model.graph.itemCount > DENSE_LIMIT ? 12 : 20;
  const logSigmas = Array.from(
    { length: count },
    (_, k) => LOG_SIGMA_MAX + (k * (LOG_SIGMA_MIN - LOG_SIGMA_MAX)) / (count - 1),
  );
  return evaluateGrid(model, logSigmas, start, exact ? tolerance : Math.max(tolerance, 1e-5)).reverse();
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
  const probes = exact ? [] : createProbes(model, probeCount(model, 4), createRandom(PROBE_SEED));
  let from = start;
  let total = 0;
  let previous: { logSigma: number; slope: number } | null = null;
  return logSigmas.map((logSigma) => {
    const point = findMode(model, logSigma, from, tolerance);
    from = point.mode.at;
    if (exact)
      return {
        logSigma,
        mode: from,
        logMarginal: logMarginal(point, factoriseHessian(point.posterior).logDeterminant),
      };
    const { slope } = estimateSlope(point, probes, 1e-3);
    if (previous) total += ((logSigma - previous.logSigma) * (slope + previous.slope)) / 2;
    previous = { logSigma, slope };
    return { logSigma, mode: from, logMarginal: total };
  });
}

/** The trace averages over the items by itself: many items need few probes. */
function probeCount({ graph }: Model, wanted: number): number {
  return Math.max(1, Math.min(wanted, Math.ceil((wanted * DENSE_LIMIT) / graph.itemCount)));
}

interface SlopePoint {
  readonly point: LaplacePoint;
  readonly slope: number;
}

interface Slope {
  at(logSigma: number, start: Float64Array): SlopePoint;
  root(from: SlopePoint, towards: GridPoint): Omit<SpreadEstimate, "atBoundary" | "coarse">;
}

function createSlope(model: Model, tolerance: number): Slope {
  const exactly = (logSigma: number, start: Float64Array, workspace?: Float64Array): SlopePoint => {
    const point = findMode(model, logSigma, start, tolerance);
    return { point, slope: slopeExactly(point, workspace) };
  };
  if (model.graph.dimension <= EXACT_GRID_LIMIT)
    return {
      at: exactly,
      root: (from, towards) => {
        const { point } = findRoot(exactly, from, towards, ROOT_TOLERANCE);
        return { logSigma: point.logSigma, error: 0, point, workspace: null };
      },
    };
  const probes = createProbes(model, probeCount(model, 32), createRandom(PROBE_SEED));
  const estimated = (logSigma: number, start: Float64Array): SlopePoint => {
    const point = findMode(model, logSigma, start, tolerance);
    return { point, slope: estimateSlope(point, probes, 1e-6).slope };
  };
  if (model.graph.itemCount > DENSE_LIMIT)
    return {
      at: estimated,
      root: (from, towards) => rootWithError(estimated, from, towards, probes),
    };
  return {
    at: estimated,
    root: (from, towards) => {
      const workspace = new Float64Array(model.graph.dimension ** 2);
      const reusing = (logSigma: number, start: Float64Array) => exactly(logSigma, start, workspace);
      const { point } = correctRoot(estimated, reusing, findRoot(estimated, from, towards, 1e-6));
      return { logSigma: point.logSigma, error: 0, point, workspace };
    },
  };
}

type SlopeAt = (logSigma: number, start: Float64Array) => SlopePoint;

/** Where the slope changes sign between two points: false position with Illinois damping (Dowell & Jarratt 1971). */
function findRoot(slopeAt: SlopeAt, from: SlopePoint, towards: GridPoint, accuracy: number): SlopePoint {
  const to = slopeAt(towards.logSigma, towards.mode);
  if (to.slope > 0 === from.slope > 0) return from;
  let [a, b] = from.point.logSigma < to.point.logSigma ? [from, to] : [to, from];
  let [slopeA, slopeB] = [a.slope, b.slope];
  let last = from;
  for (let step = 0; step < 60; step++) {
    const at = (a.point.logSigma * slopeB - b.point.logSigma * slopeA) / (slopeB - slopeA);
    const next = slopeAt(at, last.point.mode.at);
    if (Math.abs(at - last.point.logSigma) < accuracy || next.slope === 0) return next;
    const sameSide = next.slope > 0 === last.slope > 0;
    if (next.slope > 0) {
      [a, slopeA] = [next, next.slope];
      if (sameSide) slopeB /= 2;
    } else {
      [b, slopeB] = [next, next.slope];
      if (sameSide) slopeA /= 2;
    }
    last = next;
  }
  return last;
}

/** d slope / d log σ by a central difference: −1/Var(log σ | verdicts) near the peak. */
function curvatureAt(slopeAt: SlopeAt, { point }: SlopePoint): number {
  const width = 1e-2;
  const above = slopeAt(point.logSigma + width, point.mode.at).slope;
  const below = slopeAt(point.logSigma - width, point.mode.at).slope;
  return (above - below) / (2 * width);
}

function rootWithError(
  slopeAt: SlopeAt,
  from: SlopePoint,
  towards: GridPoint,
  probes: readonly Float64Array[],
) {
  const { point } = findRoot(slopeAt, from, towards, 1e-5);
  const { error, slope } = estimateSlope(point, probes, 1e-6);
  const curvature = curvatureAt(slopeAt, { point, slope });
  return { logSigma: point.logSigma, error: error / Math.abs(curvature), point, workspace: null };
}

const CORRECTIONS = 4;

/**
 * From the root of the estimated slope to the root of the exact one: Newton steps on the exact slope with the
 * estimate's derivative, which differs from the exact one by the probes' noise alone, then secants.
 */
function correctRoot(estimated: SlopeAt, exactly: SlopeAt, guess: SlopePoint): SlopePoint {
  let derivative = curvatureAt(estimated, guess);
  let at = guess.point.logSigma;
  let last = exactly(at, guess.point.mode.at);
  for (let correction = 0; correction < CORRECTIONS; correction++) {
    const step = -last.slope / derivative;
    at += step;
    if (Math.abs(step) < 1e-4)
      return { point: findMode(last.point.posterior.model, at, last.point.mode.at, 1e-12), slope: 0 };
    const next = exactly(at, last.point.mode.at);
    derivative = (next.slope - last.slope) / step;
    last = next;
  }
  return last;
}
