import { type SeededRandom, seededRandom } from "../../src/pairing/index.ts";
import type { Checkpoint } from "./simulated-batch.ts";

/** One simulated batch as it grew: its checkpoints in the order of comparisons. */
export type Curve = readonly Checkpoint[];

/** The mean of several batches at one number of comparisons per essay. */
export interface CurvePoint {
  readonly perEssay: number;
  readonly rSquared: number;
  readonly reliability: number;
}

/** Mean over batches at every whole number of comparisons per essay that all of them reach. */
export function meanCurve(curves: readonly Curve[], essayCount: number): CurvePoint[] {
  const grid = commonGrid(curves, essayCount);
  return grid.map((comparisons) => ({
    perEssay: (2 * comparisons) / essayCount,
    rSquared: meanAt(curves, comparisons, "rSquared"),
    reliability: meanAt(curves, comparisons, "reliability"),
  }));
}

/** Comparisons per essay at which the mean r² first reaches `target`, or null if it never does. */
export function perEssayNeeded(curve: readonly CurvePoint[], target: number): number | null {
  const after = curve.findIndex(({ rSquared }) => rSquared >= target);
  const point = curve[after];
  if (point === undefined) return null;
  const before = curve[after - 1];
  if (before === undefined) return point.perEssay;
  const part = (target - before.rSquared) / (point.rSquared - before.rSquared);
  return before.perEssay + part * (point.perEssay - before.perEssay);
}

/** [low, estimate, high] of the ratio of comparisons needed. */
export type Interval = readonly [low: number, estimate: number, high: number];

/**
 * The ratio of comparisons that `curves` and `baseline` need for `target`, with a 95 % percentile bootstrap interval (Efron 1979)
 * over repetitions. Both have met the same essays and judge in each repetition, so repetitions are drawn in pairs. Null when
 * one of the two does not get there.
 */
export function ratioNeeded(
  curves: readonly Curve[],
  baseline: readonly Curve[],
  target: number,
  essayCount: number,
): Interval | null {
  const ratio = (chosen: readonly Curve[], base: readonly Curve[]) => {
    const needed = perEssayNeeded(meanCurve(chosen, essayCount), target);
    const neededByBase = perEssayNeeded(meanCurve(base, essayCount), target);
    return needed === null || neededByBase === null ? null : needed / neededByBase;
  };
  const estimate = ratio(curves, baseline);
  if (estimate === null) return null;
  const random = seededRandom(20_261);
  const ratios: number[] = [];
  for (let resample = 0; resample < RESAMPLES; resample++) {
    const drawn = drawWithReplacement(curves.length, random);
    const resampled = ratio(
      drawn.map((index) => curves[index]),
      drawn.map((index) => baseline[index]),
    );
    if (resampled !== null) ratios.push(resampled);
  }
  ratios.sort((a, b) => a - b);
  return [quantile(ratios, 0.025), estimate, quantile(ratios, 0.975)];
}

const RESAMPLES = 1_000;

function drawWithReplacement(count: number, random: SeededRandom): number[] {
  return Array.from({ length: count }, () => random.below(count));
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.round(share * (sorted.length - 1))];
}

function commonGrid(curves: readonly Curve[], essayCount: number): number[] {
  const first = Math.max(...curves.map((curve) => curve[0].comparisons));
  const last = Math.min(...curves.map((curve) => curve[curve.length - 1].comparisons));
  const grid: number[] = [];
  for (let perEssay = 1; (perEssay * essayCount) / 2 <= last; perEssay++) {
    if ((perEssay * essayCount) / 2 >= first) grid.push((perEssay * essayCount) / 2);
  }
  return grid;
}

function meanAt(curves: readonly Curve[], comparisons: number, field: "rSquared" | "reliability"): number {
  let sum = 0;
  for (const curve of curves) sum += valueAt(curve, comparisons, field);
  return sum / curves.length;
}

/** Linear between checkpoints. */
function valueAt(curve: Curve, comparisons: number, field: "rSquared" | "reliability"): number {
  let after = 0;
  while (curve[after].comparisons < comparisons) after++;
  if (after === 0 || curve[after].comparisons === comparisons) return curve[after][field];
  const before = curve[after - 1];
  const part = (comparisons - before.comparisons) / (curve[after].comparisons - before.comparisons);
  return before[field] + part * (curve[after][field] - before[field]);
}
