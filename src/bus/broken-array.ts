import { findExcess, MAX_JSON_VALUES } from "../encoding/json-limits.ts";

/**
 * Takes a JSON array apart that does not parse as a whole, so that one value that is not JSON does not take its neighbours
 * with it. Where such a value ends, nobody can know; it is taken to end before the next complete object that follows a
 * comma.
 *
 * @param text begins with `[`
 * @param most elements after which it stops
 * @returns the elements as text, in order; what lies between two good ones is one element
 */
export function splitBrokenArray(text: string, most: number): readonly string[] {
  // Each look-ahead may run to the end of the text, so their number is bounded and the whole stays linear.
  const budget = { characters: LOOK_AHEADS * text.length };
  const elements: string[] = [];
  let at = afterSeparators(text, 1);
  while (at < text.length && elements.length < most && !CLOSING.test(text.slice(at))) {
    const end = elementEnd(text, at, budget) ?? brokenEnd(text, at, budget);
    elements.push(text.slice(at, end).trim());
    at = afterSeparators(text, end);
  }
  return elements;
}

const LOOK_AHEADS = 8;
/** What may be left when the last element has been read. */
const CLOSING = /^\]\s*$/;
const SEPARATORS = /[\s,]*/y;
const TOKEN = /["{}[\]]/g;
const WORD = /[^\s,{}[\]"]+/y;
const QUOTE_OR_ESCAPE = /["\\]/g;
const ELEMENT_FOLLOWS = /,\s*(?=\{)/g;
const ELEMENT_ENDS = /\s*(?:,|\]|$)/y;

interface Budget {
  characters: number;
}

function afterSeparators(text: string, at: number): number {
  SEPARATORS.lastIndex = at;
  SEPARATORS.test(text);
  return SEPARATORS.lastIndex;
}

/** @returns the end of the JSON value at `at`, or null when there is none with a comma or the array's end behind it */
function elementEnd(text: string, at: number, budget: Budget): number | null {
  const end = text[at] === "{" || text[at] === "[" ? bracketsEnd(text, at) : scalarEnd(text, at);
  budget.characters -= (end ?? text.length) - at;
  if (end === null || budget.characters < 0) return null;
  ELEMENT_ENDS.lastIndex = end;
  return ELEMENT_ENDS.test(text) && isElement(text.slice(at, end)) ? end : null;
}

function bracketsEnd(text: string, at: number): number | null {
  TOKEN.lastIndex = at;
  let depth = 0;
  for (let token = TOKEN.exec(text); token !== null; token = TOKEN.exec(text)) {
    if (token[0] === '"') {
      const end = stringEnd(text, token.index);
      if (end === null) return null;
      TOKEN.lastIndex = end;
      continue;
    }
    depth += token[0] === "{" || token[0] === "[" ? 1 : -1;
    if (depth === 0) return TOKEN.lastIndex;
  }
  return null;
}

function scalarEnd(text: string, at: number): number | null {
  if (text[at] === '"') return stringEnd(text, at);
  WORD.lastIndex = at;
  return WORD.test(text) ? WORD.lastIndex : null;
}

/** One pattern for a whole string would run out of stack on one of some megabytes. */
function stringEnd(text: string, at: number): number | null {
  QUOTE_OR_ESCAPE.lastIndex = at + 1;
  for (let found = QUOTE_OR_ESCAPE.exec(text); found !== null; found = QUOTE_OR_ESCAPE.exec(text)) {
    if (found[0] === '"') return QUOTE_OR_ESCAPE.lastIndex;
    QUOTE_OR_ESCAPE.lastIndex += 1;
  }
  return null;
}

/** Where the next good element begins, or the array ends. */
function brokenEnd(text: string, at: number, budget: Budget): number {
  ELEMENT_FOLLOWS.lastIndex = at;
  for (let next = ELEMENT_FOLLOWS.exec(text); next !== null; next = ELEMENT_FOLLOWS.exec(text)) {
    // Looking ahead moves no cursor of this pattern.
    const resumesAt = ELEMENT_FOLLOWS.lastIndex;
    if (elementEnd(text, resumesAt, budget) !== null) return next.index;
    if (budget.characters < 0) break;
  }
  const closing = /\]\s*$/.exec(text.slice(at));
  return closing === null ? text.length : at + closing.index;
}

/** What holds more values than are read is set aside as it is: parsing it would take more memory than there is. */
function isElement(text: string): boolean {
  return findExcess(text, Number.POSITIVE_INFINITY, MAX_JSON_VALUES) !== null || isJson(text);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
