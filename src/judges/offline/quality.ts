import { MEASURE_NAMES, type MeasureName, type TextMeasures } from "./text-measures.ts";

/**
 * Logits that a full measure is worth. They are set by hand so that a fragment and a very good short essay lie
 * about ten logits apart, and neighbours among a class's essays about one; nobody's grades went into them, and they
 * claim nothing about writing.
 */
export const WEIGHTS: Readonly<Record<MeasureName, number>> = {
  length: 6,
  vocabulary: 1.5,
  "long words": 3,
  "sentence variety": 1,
  "sentence openings": 1,
  punctuation: 2.5,
  spelling: 3,
  paragraphing: 1,
};

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
