import { MEASURE_NAMES, type MeasureName, type TextMeasures } from "./text-measures.ts";

/**
 * Logits that a full measure is worth. They are set by hand so that a fragment and a very good short essay lie
 * about six logits apart; nobody's grades went into them, and they claim nothing about writing.
 */
export const WEIGHTS: Readonly<Record<MeasureName, number>> = {
  length: 2.5,
  vocabulary: 2,
  "long words": 2,
  "sentence variety": 0.75,
  "sentence openings": 0.75,
  punctuation: 0.75,
  spelling: 2,
  paragraphing: 0.5,
};

/** @returns the weighted sum of the measures, in logits: 0 to the sum of {@link WEIGHTS}. */
export function computeQuality(measures: TextMeasures): number {
  return MEASURE_NAMES.reduce((sum, name) => sum + WEIGHTS[name] * measures[name], 0);
}

/** How far one measure speaks for the first text (positive) or the second (negative), in logits. */
export interface Contribution {
  readonly name: MeasureName;
  readonly logits: number;
}

/** @returns one contribution per measure, the strongest first; they add up to the difference in quality. */
export function compareQuality(first: TextMeasures, second: TextMeasures): Contribution[] {
  return MEASURE_NAMES.map((name) => ({ name, logits: WEIGHTS[name] * (first[name] - second[name]) })).sort(
    (a, b) => Math.abs(b.logits) - Math.abs(a.logits),
  );
}
