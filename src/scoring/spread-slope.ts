import { DENSE_LIMIT } from "./covariance.ts";
import { createProbes, estimateSlope, findMode, type LaplacePoint, slopeExactly } from "./laplace.ts";
import { type Model, spreadOfFree } from "./posterior.ts";
import { createRandom } from "./random.ts";

/** The slope of the log marginal likelihood by log σ, at a mode. `error` is its standard error, 0 where exact. */
export interface SlopePoint {
  readonly point: LaplacePoint;
  readonly slope: number;
  readonly error: number;
}

export type SlopeAt = (logSigma: number, start: Float64Array) => SlopePoint;

const PROBE_SEED = 0x5eed;

/** @param workspace d² numbers for the dense inverse, overwritten at every call. */
export function createExactSlope(model: Model, tolerance: number, workspace?: Float64Array): SlopeAt {
  return (logSigma, start) => {
    const point = findMode(model, logSigma, start, tolerance);
    return { point, slope: slopeExactly(point, workspace), error: 0 };
  };
}

/**
 * @param probes wanted up to 1,000 items; the trace averages over the items by itself, so that more need fewer.
 * @param accuracy of the linear solves, relative.
 */
export function createEstimatedSlope(
  model: Model,
  tolerance: number,
  probes: number,
  accuracy: number,
): SlopeAt {
  const count = Math.max(
    2,
    Math.min(probes, Math.ceil((probes * DENSE_LIMIT) / (2 * model.graph.itemCount))),
  );
  const signs = createProbes(model, count, createRandom(PROBE_SEED));
  return (logSigma, start) => {
    const point = findMode(model, logSigma, start, tolerance);
    return { point, ...estimateSlope(point, signs, accuracy) };
  };
}

export interface Root {
  readonly at: SlopePoint;
  /** d slope / d log σ there, < 0: −1/Var(log σ | verdicts). */
  readonly derivative: number;
}

const LONGEST_STEP = 1;
const CLIMB_LIMIT = 15;
/** After a step this short the next one would be a hundred times shorter: it is the last, taken without a slope. */
const LAST_STEP = 1e-5;

/**
 * Climbs from a guess by secants to where the slope is 0; the first step uses the slope's derivative for Gaussian
 * errors, −2(f − 1)r² with r the reliability.
 * @returns null when it leaves [low, high], does not settle, or the slope does not fall there.
 */
export function climb(
  slopeAt: SlopeAt,
  guess: number,
  start: Float64Array,
  [low, high]: readonly [number, number],
  tolerance: number,
): Root | null {
  let last = slopeAt(Math.min(high, Math.max(low, guess)), start);
  let derivative = gaussianDerivative(last);
  for (let step = 0; step < CLIMB_LIMIT; step++) {
    const by = Math.max(-LONGEST_STEP, Math.min(LONGEST_STEP, -last.slope / derivative));
    const at = last.point.logSigma + by;
    if (!(at > low && at < high)) return null;
    const next = slopeAt(at, last.point.mode.at);
    const secant = (next.slope - last.slope) / by;
    last = next;
    derivative = secant < 0 ? secant : gaussianDerivative(next);
    if (Math.abs(next.slope / derivative) < LAST_STEP)
      return secant < 0 ? finish(last, derivative, tolerance) : null;
  }
  return null;
}

/** The last step, and the mode there to full accuracy. */
function finish({ point, slope, error }: SlopePoint, derivative: number, tolerance: number): Root {
  const logSigma = point.logSigma - slope / derivative;
  return {
    at: { point: findMode(point.posterior.model, logSigma, point.mode.at, tolerance), slope: 0, error },
    derivative,
  };
}

function gaussianDerivative({ point: { posterior, mode } }: SlopePoint): number {
  const { model, precision } = posterior;
  const degrees = Math.max(1, model.freeCount - 1);
  const reliability = Math.min(1, Math.max(0.1, (precision * spreadOfFree(mode.at, model)) / degrees));
  return -2 * degrees * reliability * reliability;
}

/** Where the slope changes sign between two points: false position with Illinois damping (Dowell & Jarratt 1971). */
export function findRoot(slopeAt: SlopeAt, from: SlopePoint, to: SlopePoint, accuracy: number): SlopePoint {
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

/** The derivative of the slope by a central difference. */
export function derivativeAt(slopeAt: SlopeAt, { point }: SlopePoint): number {
  const width = 1e-2;
  const above = slopeAt(point.logSigma + width, point.mode.at).slope;
  const below = slopeAt(point.logSigma - width, point.mode.at).slope;
  return (above - below) / (2 * width);
}

const CORRECTIONS = 4;

/**
 * From the root of the estimated slope to that of the exact one: steps on the exact slope with the estimate's
 * derivative, which differs from the exact one by the probes' noise alone, then secants.
 */
export function correctRoot(
  exactly: SlopeAt,
  { at: guess, derivative: estimated }: Root,
  tolerance: number,
): Root {
  let derivative = estimated;
  let last = exactly(guess.point.logSigma, guess.point.mode.at);
  for (let correction = 0; correction < CORRECTIONS; correction++) {
    const step = -last.slope / derivative;
    if (Math.abs(step) < 10 * LAST_STEP) return finish(last, derivative, tolerance);
    const logSigma = last.point.logSigma + step;
    const next = exactly(logSigma, last.point.mode.at);
    derivative = (next.slope - last.slope) / step;
    last = next;
  }
  return { at: last, derivative };
}
