/** Words after which half of what length can earn has been earned. */
const HALF_EARNED_WORDS = 100;

/**
 * Length with diminishing returns: 1 − 2^(−words / 100), so 100 words give 0.5, 200 give 0.75, 400 give 0.94.
 * Length is the strongest surface correlate of essay grades, and one that must not be rewarded without end.
 *
 * @param wordCount number of words, ≥ 0
 * @returns 0 (empty) to 1 (never quite reached)
 */
export function measureLength(wordCount: number): number {
  return 1 - 2 ** (-wordCount / HALF_EARNED_WORDS);
}
