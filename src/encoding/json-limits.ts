/**
 * How deep arrays and objects may be nested in one JSON text. RFC 8259 (section 9) leaves the limit to the reader; no message of
 * this service is deeper than ten, what is more comes from free-form metadata.
 */
export const MAX_JSON_DEPTH = 64;

/**
 * How many values (numbers, texts, arrays, objects and so on) one JSON text may hold. The largest message of this service has some
 * ten thousand; eight megabytes of `{},{},` would be millions, and parsed more than an isolate's memory.
 */
export const MAX_JSON_VALUES = 100_000;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPENING = new Set([0x5b, 0x7b]);
const CLOSING = new Set([0x5d, 0x7d]);

/**
 * Which limit a text breaks first: brackets and braces outside of strings nested deeper than `maxDepth`, or more than `maxValues`
 * values (an opening bracket or a comma begins one, so keys count with their values). It looks at nothing else, so it can be asked
 * before anything parses the text, and says nothing about whether the text is JSON.
 */
export function findExcess(text: string, maxDepth: number, maxValues: number): "depth" | "values" | null {
  let depth = 0;
  let values = 1;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (inString) {
      if (unit === BACKSLASH) at++;
      else if (unit === QUOTE) inString = false;
    } else if (unit === QUOTE) {
      inString = true;
    } else if (OPENING.has(unit)) {
      if (++depth > maxDepth) return "depth";
      if (++values > maxValues) return "values";
    } else if (unit === COMMA) {
      if (++values > maxValues) return "values";
    } else if (CLOSING.has(unit)) {
      depth--;
    }
  }
  return null;
}

/** {@link findExcess} of depth alone. */
export function isDeeperThan(text: string, maxDepth: number): boolean {
  return findExcess(text, maxDepth, Number.POSITIVE_INFINITY) === "depth";
}

/**
 * {@link isDeeperThan} for a value that somebody else has parsed, such as the body of a message. What contains itself is deeper than
 * anything.
 */
export function isNestedDeeperThan(value: unknown, maxDepth: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return maxDepth === 0 || Object.values(value).some((each) => isNestedDeeperThan(each, maxDepth - 1));
}
