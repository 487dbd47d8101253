import type { Sentence } from "./words.ts";

/** Sentences from which on a full verdict on variety is fair; fewer earn in proportion. */
const ENOUGH_SENTENCES = 6;
/** Standard deviation over mean of sentence lengths in lively prose; more earns no more. */
const LIVELIEST_VARIATION = 0.6;
const PUNCTUATION_MARKS = [",", ";", ":", "?", "!", "–", "—", "(", '"', "“", "-"] as const;
/** Different marks inside sentences that earn everything. */
const WIDEST_PUNCTUATION = 5;

/**
 * Variety of sentence length: standard deviation over mean of the words per sentence (its coefficient of
 * variation), and nothing for a text without at least two sentences.
 *
 * @returns 0 (all alike) to 1 (coefficient of 0.6 or more over at least 6 sentences)
 */
export function measureSentenceVariety(sentences: readonly Sentence[]): number {
  if (sentences.length < 2) {
    return 0;
  }
  const lengths = sentences.map((sentence) => sentence.words.length);
  const mean = lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
  const variance = lengths.reduce((sum, length) => sum + (length - mean) ** 2, 0) / lengths.length;
  const variation = Math.min(Math.sqrt(variance) / mean / LIVELIEST_VARIATION, 1);
  return variation * fullness(sentences.length);
}

/**
 * Variety of sentence openings: the share of different first words.
 *
 * @returns 0 (fewer than two sentences) to 1 (no two of at least 6 sentences begin alike)
 */
export function measureOpenings(sentences: readonly Sentence[]): number {
  if (sentences.length < 2) {
    return 0;
  }
  const openings = new Set(sentences.map((sentence) => sentence.words.at(0)));
  const variety = (openings.size - 1) / (sentences.length - 1);
  return variety * fullness(sentences.length);
}

/**
 * Range of punctuation: how many different marks other than the full stop the text uses.
 *
 * @returns 0 (none) to 1 (five different marks or more)
 */
export function measurePunctuation(text: string): number {
  const used = PUNCTUATION_MARKS.filter((mark) => text.includes(mark)).length;
  return Math.min(used / WIDEST_PUNCTUATION, 1);
}

function fullness(sentenceCount: number): number {
  return Math.min(sentenceCount / ENOUGH_SENTENCES, 1);
}
