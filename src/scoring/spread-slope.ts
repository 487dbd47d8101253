import type { DenseCovariance } from "./covariance.ts";
import { createProbes, estimateSlope, findMode, type LaplacePoint, slopeExactly } from "./laplace.ts";
import { type Model, spreadOfFree } from "./posterior.ts";
import { createRandom } from "./random.ts";

/** The slope of the log marginal likelihood by log σ, at a mode. `error` is its standard error, 0 where exact. */
export interface SlopePoint {
  readonly point: LaplacePoint;
  readonly slope: number;
  readonly error: number;
  /** Of the abilities there, where the slope is exact: good until the next slope in the same workspace. */
  readonly covariance: DenseCovariance | null;
}

export type SlopeAt = (logSigma: number, start: Float64Array) => SlopePoint;

const PROBE_SEED = 0x5eed;

/** @param workspace d² numbers for the dense inverse, overwritten at every call. */
export function createExactSlope(model: Model, tolerance: number, workspace?: Float64Array): SlopeAt {
  return (logSigma, start) => {
    const point = findMode(model, logSigma, start, tolerance);
    return { point, ...slopeExactly(point, workspace), error: 0 };
  };
}

export interface SlopeEffort {
  /** Of the modes that the slope is taken at. */
  readonly tolerance: number;
  /** Random vectors behind the trace. */
  readonly probes: number;
  /** Of the linear solves, relative. */
  readonly accuracy: number;
}

/** The slope with its trace estimated from seeded probes, the same ones at every σ: it is smooth, and its error known. */
export function createEstimatedSlope(model: Model, { tolerance, probes, accuracy }: SlopeEffort): SlopeAt {
  const signs = createProbes(model, probes, createRandom(PROBE_SEED));
  return (logSigma, start) => {
    const point = findMode(model, logSigma, start, tolerance);
    return { point, ...estimateSlope(point, signs, accuracy), covariance: null };
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
/** The same where another slope corrects the root. */
export const COARSE_LAST_STEP = 3e-3;

/**
 * Climbs from a guess by secants to where the slope is 0; the first step uses the slope's derivative for Gaussian
 * errors, −2(f − 1)r² with r the reliability.
 * @param lastStep a shorter step than this (in log σ) is the last.
 * @returns null when it leaves [low, high], does not settle, or the slope does not fall there.
 */
export function climb(
  slopeAt: SlopeAt,
  guess: number,
  start: Float64Array,
  [low, high]: readonly [number, number],
  lastStep: number = LAST_STEP,
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
    if (Math.abs(next.slope / derivative) < lastStep) return secant < 0 ? { at: last, derivative } : null;
  }
  return null;
}

/** The last step, and the mode there to full accuracy. */
export function finish({ at: { point, slope, error }, derivative }: Root, tolerance: number): Root {
  const logSigma = point.logSigma - slope / derivative;
  const at = findMode(point.posterior.model, logSigma, point.mode.at, tolerance);
  return { at: { point: at, slope: 0, error, covariance: null }, derivative };
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

const CORRECTIONS = 5;
/** Share of a root's standard error that an unfinished last step may add to it. */
const NOISE_SHARE = 0.1;

export interface Correction {
  /** How near (in log σ) the last step must end to the root of an exact slope. */
  readonly accuracy: number;
  /** Relative error of the derivative known so far. */
  readonly doubt: number;
  /** Slopes to take: two give a derivative of the better slope. */
  readonly atLeast: 1 | 2;
  /** What log σ may be. */
  readonly range: readonly [number, number];
}

/**
 * From the root of one slope to that of a better one: steps on the better slope with the derivative known so far, then
 * secants, whose derivative is off by about the step they span. The root's last step is still to be taken: {@link finish}.
 * @returns null when a step leaves the range or the slope does not fall: where few verdicts tell hardly anything of σ, the better
 *   slope may be 0 elsewhere or nowhere.
 */
export function correctRoot(
  better: SlopeAt,
  { at: guess, derivative: known }: Root,
  { accuracy, doubt: doubtAtFirst, atLeast, range: [low, high] }: Correction,
): Root | null {
  const isAllowed = (logSigma: number, slope: number) => slope < 0 && logSigma > low && logSigma < high;
  let derivative = known;
  let doubt = doubtAtFirst;
  const first = guess.point.logSigma - guess.slope / known;
  if (!isAllowed(first, known)) return null;
  let last = better(first, guess.point.mode.at);
  for (let correction = 1; correction < CORRECTIONS; correction++) {
    const step = -last.slope / derivative;
    const left = Math.abs(step) * Math.max(doubt, Math.abs(step));
    const enough = left < Math.max(accuracy, (NOISE_SHARE * last.error) / Math.abs(derivative));
    if (step === 0 || (enough && correction >= atLeast)) break;
    if (!isAllowed(last.point.logSigma + step, derivative)) return null;
    const next = better(last.point.logSigma + step, last.point.mode.at);
    derivative = (next.slope - last.slope) / step;
    doubt = Math.abs(step);
    last = next;
  }
  const { logSigma } = last.point;
  return isAllowed(logSigma - last.slope / derivative, derivative) ? { at: last, derivative } : null;
}
