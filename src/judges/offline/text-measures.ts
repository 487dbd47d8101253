import { measureLength } from "./length.ts";
import { measureParagraphing } from "./paragraphs.ts";
import { measureOpenings, measurePunctuation, measureSentenceVariety } from "./sentences.ts";
import { measureSpelling } from "./spelling.ts";
import { measureLongWords, measureVocabulary } from "./vocabulary.ts";
import { splitText } from "./words.ts";

export const MEASURE_NAMES = [
  "length",
  "vocabulary",
  "long words",
  "sentence variety",
  "sentence openings",
  "punctuation",
  "spelling",
  "paragraphing",
] as const;
export type MeasureName = (typeof MEASURE_NAMES)[number];

/** What is measured of one text; every measure is 0 (worst) to 1 (best). */
export type TextMeasures = Readonly<Record<MeasureName, number>>;

/**
 * @param language BCP 47 tag; only spelling depends on it
 */
export function measureText(text: string, language: string): TextMeasures {
  const split = splitText(text);
  return {
    length: measureLength(split.words.length),
    vocabulary: measureVocabulary(split.words),
    "long words": measureLongWords(split.words),
    "sentence variety": measureSentenceVariety(split.sentences),
    "sentence openings": measureOpenings(split.sentences),
    punctuation: measurePunctuation(split.text),
    spelling: measureSpelling(split, language),
    paragraphing: measureParagraphing(split.paragraphs.length),
  };
}
