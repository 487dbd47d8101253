/**
 * How deep arrays and objects may be nested in one JSON text. RFC 8259 (section 9) leaves the limit to the reader; no message of
 * this service is deeper than ten, what is more comes from free-form metadata.
 */
export const MAX_JSON_DEPTH = 64;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING = new Set([0x5b, 0x7b]);
const CLOSING = new Set([0x5d, 0x7d]);

/**
 * Whether brackets and braces outside of strings are nested deeper than `maxDepth`. It looks at nothing else, so it can be asked
 * before anything parses the text, and says nothing about whether the text is JSON.
 */
export function isDeeperThan(text: string, maxDepth: number): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (inString) {
      if (unit === BACKSLASH) at++;
      else if (unit === QUOTE) inString = false;
    } else if (unit === QUOTE) {
      inString = true;
    } else if (OPENING.has(unit)) {
      if (++depth > maxDepth) return true;
    } else if (CLOSING.has(unit)) {
      depth--;
    }
  }
  return false;
}

/**
 * {@link isDeeperThan} for a value that somebody else has parsed, such as the body of a message. What contains itself is deeper than
 * anything.
 */
export function isNestedDeeperThan(value: unknown, maxDepth: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return maxDepth === 0 || Object.values(value).some((each) => isNestedDeeperThan(each, maxDepth - 1));
}
