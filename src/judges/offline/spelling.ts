import { ENGLISH_MISSPELLINGS } from "./english-misspellings.ts";
import type { Words } from "./words.ts";

/** Slips per 100 words at which the measure has fallen to one half. */
const HALVING_RATE = 3;
/** Three equal letters in a row; "www" and Roman numerals are not meant. */
const TRIPLED_LETTER = /^(?!www|x*i+$).*(\p{L})\1\1/u;
/** "i" on its own, but neither "i.e." nor "I'm" in its proper spelling. */
const LONE_SMALL_I = /(?<![\p{L}\p{N}.])i(?![\p{L}\p{N}.])/gu;
const END_MARK = /[.!?…]["”’')\]]{0,2}$/u;

/**
 * Spelling and basic mechanics without a dictionary: slips per 100 words. A slip is the same word twice in a row, a
 * sentence that begins with a small letter, a text that ends without an end mark, and in English also a well-known
 * misspelling, a tripled letter or a lone small "i". Real words used wrongly are not seen.
 *
 * @param language BCP 47 tag or its first part, such as `en` or `sv-SE`
 * @returns 1 (no slip found) down towards 0; 0.5 at 3 slips per 100 words; 0 for a text without words
 */
export function measureSpelling({ text, sentences, words }: Words, language: string): number {
  if (words.length === 0) {
    return 0;
  }
  const slips =
    (language.toLowerCase().startsWith("en") ? countEnglishSlips(text, words) : 0) +
    countRepeats(words) +
    sentences.filter((sentence) => startsSmall(sentence.text)).length +
    (END_MARK.test(text) ? 0 : 1);
  return 2 ** (-((slips / words.length) * 100) / HALVING_RATE);
}

function countEnglishSlips(text: string, words: readonly string[]): number {
  const misspelt = words.filter((word) => ENGLISH_MISSPELLINGS.has(word) || TRIPLED_LETTER.test(word)).length;
  const smallPronouns = text.match(LONE_SMALL_I) ?? [];
  return misspelt + smallPronouns.length;
}

function countRepeats(words: readonly string[]): number {
  return words.filter((word, at) => at > 0 && words[at - 1] === word && word !== "that" && word !== "had")
    .length;
}

function startsSmall(sentence: string): boolean {
  return /^[^\p{L}\p{N}]*\p{Ll}/u.test(sentence);
}
