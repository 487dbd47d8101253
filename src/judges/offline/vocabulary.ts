/** Type-token ratio at which a factor is complete; McCarthy & Jarvis (2010) place it where the ratio levels out. */
const FACTOR_RATIO = 0.72;
/** MTLD of prose with a very wide vocabulary; more earns no more. */
const RICHEST_MTLD = 160;
/** Letters from which a word counts as long: the limit of the LIX readability index (Björnsson, 1968). */
const LONG_WORD_LETTERS = 7;
/** Share of long words in demanding prose; more earns no more. */
const HIGHEST_LONG_SHARE = 0.35;

/**
 * Vocabulary richness as MTLD, the measure of textual lexical diversity: the mean number of words over which the
 * type-token ratio stays above 0.72, read forwards and backwards. Unlike the plain ratio it hardly depends on
 * length (McCarthy & Jarvis, "MTLD, vocd-D, and HD-D", Behavior Research Methods 42, 2010).
 *
 * @param words in lower case
 * @returns 0 (one word over and over, or none) to 1 (MTLD of 160 or more)
 */
export function measureVocabulary(words: readonly string[]): number {
  if (words.length === 0) {
    return 0;
  }
  const mtld = (meanFactorLength(words) + meanFactorLength(words.toReversed())) / 2;
  return Math.min(mtld / RICHEST_MTLD, 1);
}

/** One direction of MTLD: words per factor, the unfinished last factor counted by how far its ratio has fallen. */
function meanFactorLength(words: readonly string[]): number {
  let factors = 0;
  let count = 0;
  let types = new Set<string>();
  for (const word of words) {
    count += 1;
    types.add(word);
    if (types.size / count <= FACTOR_RATIO) {
      factors += 1;
      count = 0;
      types = new Set();
    }
  }
  if (count > 0) {
    factors += (1 - types.size / count) / (1 - FACTOR_RATIO);
  }
  // A text in which no word repeats has no factor at all: its own length is the best that can be said of it.
  return words.length / Math.max(factors, 1);
}

/**
 * Long words (7 letters or more) among the different words of the text.
 *
 * @param words in lower case
 * @returns 0 (none) to 1 (35 % or more)
 */
export function measureLongWords(words: readonly string[]): number {
  const types = new Set(words);
  if (types.size === 0) {
    return 0;
  }
  const long = [...types].filter((word) => word.length >= LONG_WORD_LETTERS).length;
  return Math.min(long / types.size / HIGHEST_LONG_SHARE, 1);
}
