import { estimate } from "./estimate.ts";
import { evidenceOf } from "./evidence.ts";
import type { BradleyTerryData } from "./model.ts";
import { createRandom, type Random } from "./random.ts";
import { meanOf, sampleVariance } from "./reliability.ts";
import { orderedPair } from "./repeats.ts";
import { ScoringError } from "./scoring-error.ts";
import { selectRows } from "./select-rows.ts";
import { leaveOutTotalJudges } from "./total-judges.ts";
import { validateData } from "./validation.ts";

/** Agreement of the scales that two halves of the verdicts give. Not valid when pairs were chosen adaptively. */
export interface SplitHalf {
  readonly by: "judges" | "comparisons";
  /** Pearson correlation of the two scales, one per split. */
  readonly correlations: readonly number[];
  readonly median: number;
  /** Spearman-Brown step-up of the median to the full length, 2r/(1 + r), at least −1 (Spearman 1910; Brown 1910). */
  readonly spearmanBrown: number;
  readonly validWhenAdaptive: false;
}

export interface SplitHalfOptions {
  /**
   * Default `"comparisons"`: verdicts are split at random, repeated ones of a judge on a pair together; `"judges"`: each
   * judge's verdicts stay together.
   */
  readonly by?: "judges" | "comparisons";
  /** Prior variance of both fits (logits²); default 5, i.e. λ = .1. */
  readonly priorVariance?: number;
  /** Random splits, 1 to 10,000; default 100. */
  readonly splits?: number;
  readonly seed?: number;
}

const SPLIT_LIMIT = 10_000;

/**
 * Split-half reliability (Bisson, Gilmore, Inglis & Jones 2016, IJRUME 2:141; Verhavert et al. 2018). Repeated verdicts of
 * one judge on one pair share a weight of 1; judges who always chose one position are left out, as in the scale.
 * @throws {ScoringError} for bad input, naming the row; `invalid_option` when there are fewer than two judges or comparisons to
 * split.
 */
export function splitHalf(data: BradleyTerryData, options: SplitHalfOptions = {}): SplitHalf {
  const { by = "comparisons", priorVariance = 5, splits = 100, seed = 1 } = options;
  validateData(data);
  if (!Number.isInteger(splits) || splits < 1 || splits > SPLIT_LIMIT)
    throw new ScoringError(
      "invalid_option",
      `splits is ${splits}: expected an integer from 1 to ${SPLIT_LIMIT}.`,
    );
  const evidence = evidenceOf(data);
  const unitOf = unitsOf(evidence, by);
  const units = distinctUnits(unitOf);
  if (units.length < 2)
    throw new ScoringError(
      "invalid_option",
      `There are ${units.length} ${by} to split, at least 2 are needed.`,
    );
  const random = createRandom(seed);
  const correlations = Array.from({ length: splits }, () => {
    const half = new Set(chooseHalf(units, random));
    return correlateHalves(evidence, (row) => half.has(unitOf[row]), priorVariance);
  });
  const median = medianOf(correlations);
  const spearmanBrown = median > -1 ? Math.max(-1, (2 * median) / (1 + median)) : -1;
  return { by, correlations, median, spearmanBrown, validWhenAdaptive: false };
}

/** How many parts the verdicts have that a split could tell apart; {@link splitHalf} needs two. */
export function countSplittable(
  data: BradleyTerryData,
  by: "judges" | "comparisons" = "comparisons",
): number {
  return distinctUnits(unitsOf(leaveOutTotalJudges(data), by)).length;
}

function distinctUnits(unitOf: readonly string[]): string[] {
  return [...new Set(unitOf)];
}

/** What stays together, by row: a judge, or a judge's verdicts on one pair; without judges every row is by itself. */
function unitsOf(data: BradleyTerryData, by: "judges" | "comparisons"): readonly string[] {
  const { judges, winners } = data;
  return Array.from(winners, (_, row) => {
    if (by === "judges") return judges ? `${judges[row]}` : "";
    return judges ? `${judges[row]}:${orderedPair(data, row)}` : `${row}`;
  });
}

function chooseHalf(units: readonly string[], random: Random): string[] {
  const shuffled = [...units];
  for (let i = shuffled.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [shuffled[i], shuffled[j]] = [shuffled[j], shuffled[i]];
  }
  return shuffled.slice(0, shuffled.length >> 1);
}

/** Pearson correlation between the scales of the rows in the half and of the others. */
export function correlateHalves(
  data: BradleyTerryData,
  inHalf: (row: number) => boolean,
  priorVariance: number,
): number {
  const options = { prior: { variance: priorVariance }, position: "ignored" } as const;
  const first = estimate(selectRows(data, inHalf), options).mode.at;
  const second = estimate(
    selectRows(data, (row) => !inHalf(row)),
    options,
  ).mode.at;
  return pearson(first.subarray(0, data.itemCount), second.subarray(0, data.itemCount));
}

/** Pearson's r of two lists of one length, [−1, 1]; 0 where one side does not vary. */
export function pearson(a: Float64Array, b: Float64Array): number {
  const [meanA, meanB] = [meanOf(a), meanOf(b)];
  const products = a.reduce((sum, value, i) => sum + (value - meanA) * (b[i] - meanB), 0);
  const scale = (a.length - 1) * Math.sqrt(sampleVariance(a) * sampleVariance(b));
  return scale > 0 ? products / scale : 0;
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
