/**
 * How much of a text is measured, in UTF-16 code units (about 3,300 English words). Every measure is a rate or
 * saturates long before that, and the bound keeps the work per text small whatever its size.
 */
export const MEASURED_CHARACTERS = 20_000;

/** A text cut into the units that the measures count. */
export interface Words {
  /** The measured part of the text, with line ends as `\n`. */
  readonly text: string;
  readonly paragraphs: readonly string[];
  readonly sentences: readonly Sentence[];
  /** All words in order, in lower case. */
  readonly words: readonly string[];
}

export interface Sentence {
  readonly text: string;
  /** Lower case, at least one. */
  readonly words: readonly string[];
}

const WORD = /[\p{L}\p{M}\p{N}]+(?:['’-][\p{L}\p{M}\p{N}]+)*/gu;
/** White space after an end mark, unless the mark belongs to a common abbreviation. */
const SENTENCE_END = /(?<=[.!?…]["”’')\]]{0,2})(?<!\b(?:e\.g|i\.e|etc|vs|Mr|Mrs|Dr|t\.ex|bl\.a)\.)\s+/u;
const BLANK_LINE = /\n[^\S\n]*\n\s*/;
/** Without blank lines, a line that ends a sentence ends a paragraph; any other line end is a wrapped line. */
const LINE_AFTER_SENTENCE = /(?<=[.!?…]["”’')\]]{0,2})[^\S\n]*\n/u;

/** @returns the words of `text` in lower case; a script without spaces gives one word per unbroken run. */
function listWords(text: string): string[] {
  return text.toLowerCase().replaceAll("’", "'").match(WORD) ?? [];
}

/** Cuts the first {@link MEASURED_CHARACTERS} of `text` into paragraphs, sentences and words. */
export function splitText(text: string): Words {
  const measured = text.slice(0, MEASURED_CHARACTERS).replace(/\r\n?/g, "\n").trim();
  const paragraphs = splitParagraphs(measured);
  const sentences = paragraphs
    .flatMap((paragraph) => paragraph.split(SENTENCE_END))
    .map((sentence) => ({ text: sentence, words: listWords(sentence) }))
    .filter((sentence) => sentence.words.length > 0);
  return { text: measured, paragraphs, sentences, words: sentences.flatMap((sentence) => sentence.words) };
}

function splitParagraphs(text: string): string[] {
  return text
    .split(BLANK_LINE.test(text) ? BLANK_LINE : LINE_AFTER_SENTENCE)
    .map((paragraph) => paragraph.trim())
    .filter((paragraph) => listWords(paragraph).length > 0);
}
