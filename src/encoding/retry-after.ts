/** Longest wait that is honoured, in seconds: a queue cannot delay a message for longer. */
export const MAX_RETRY_AFTER_SECONDS = 43_200;

/**
 * Reads a Retry-After header: seconds or an HTTP date (RFC 9110, section 10.2.3).
 * @param now milliseconds since the epoch, against which a date is read.
 * @returns whole seconds from 0 to {@link MAX_RETRY_AFTER_SECONDS}, or null when the header is absent or neither.
 */
export function parseRetryAfter(header: string | null, now: number): number | null {
  if (header === null) return null;
  const isDate = /^\s*[A-Za-z]{3}/.test(header);
  const seconds = isDate ? (Date.parse(header) - now) / 1_000 : wholeNumber(header);
  if (Number.isNaN(seconds)) return null;
  return Math.min(Math.max(Math.ceil(seconds), 0), MAX_RETRY_AFTER_SECONDS);
}

function wholeNumber(text: string): number {
  return /^\s*\d+\s*$/.test(text) ? Number(text) : Number.NaN;
}
