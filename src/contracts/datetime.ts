import { z } from "zod";

const ISO_8601 =
  /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s?([Zz]|[+-]\d{2}(?::?\d{2})?)?$/;

/** The same for the description of the API: with every year that Python has, and every day that its month has in a leap year. */
const DESCRIBED = new RegExp(
  [
    "^(?:\\d{3}[1-9]|\\d\\d[1-9]\\d|\\d[1-9]\\d\\d|[1-9]\\d{3})",
    "-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)|02-(?:0[1-9]|[12]\\d))",
    "[Tt ](?:[01]\\d|2[0-3]):[0-5]\\d(?::[0-5]\\d(?:[.,]\\d{1,9})?)?",
    "\\s?(?:[Zz]|[+-](?:[01]\\d|2[0-3])(?::?[0-5]\\d)?)?$",
  ].join(""),
);

const EXPECTED = "expected an ISO 8601 datetime such as 2026-02-07T09:15:00.120394Z";

/**
 * A datetime as other services write it: with `Z`, with an offset, or naive (taken as UTC, because Python services
 * drop the offset of a UTC datetime); up to nanoseconds, of which microseconds are kept.
 * Output: an ISO 8601 string in UTC with `Z`, fraction of six digits or none, so that text order is time order
 * within one precision and a value survives any number of round trips unchanged.
 */
export const wireDatetime = z
  .string({ error: EXPECTED })
  .max(64)
  .regex(DESCRIBED, { error: ({ input }) => refusalOf(String(input)) })
  .transform((text, context) => {
    const normal = normalizeDatetime(text);
    if (normal !== null) return normal;
    context.addIssue({ code: "custom", message: refusalOf(text) });
    return z.NEVER;
  });

/** Repeats what has the form of a datetime; anything else may be somebody's text. */
function refusalOf(text: string): string {
  return ISO_8601.test(text) ? `${EXPECTED}, got ${JSON.stringify(text)}` : EXPECTED;
}

/** A datetime as this service writes it: UTC with `Z`. Naive and offset forms are refused: they would be a bug here. */
export const utcDatetime = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z$/, {
    error: "expected a UTC datetime with Z, such as 2026-02-07T09:15:00.120394Z",
  })
  .refine((text) => normalizeDatetime(text) !== null, {
    error: "expected a date that exists in the calendar",
  });

/**
 * Writes an instant the way the original service does: UTC with `Z`, microseconds, no fraction when it is zero.
 * @param epochMs milliseconds since 1970-01-01T00:00:00Z, in the years 1 to 9999 (Python's datetime knows no others).
 * @throws RangeError when the instant is outside that range or not a number.
 */
export function toWireDatetime(epochMs: number): string {
  const text = withFraction(epochMs, microsecondsWithin(epochMs));
  if (text === null)
    throw new RangeError(`expected milliseconds within the years 1 to 9999, got ${String(epochMs)}`);
  return text;
}

/** @returns the canonical form of an ISO 8601 datetime, or null when `text` is not one. */
function normalizeDatetime(text: string): string | null {
  const match = ISO_8601.exec(text);
  if (match === null) return null;
  const [, year, month, day, hour, minute, second = "0", fraction = "", zone = "Z"] = match;
  const local = instantOf([year, month, day, hour, minute, second].map(Number));
  const offset = offsetMs(zone);
  if (local === null || offset === null) return null;
  return withFraction(local - offset, Number(fraction.padEnd(6, "0").slice(0, 6)));
}

/** @returns milliseconds since the epoch, or null when the calendar or the clock has no such reading. */
function instantOf([year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0]: number[]):
  | number
  | null {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  const kept =
    date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return kept && hour <= 23 && minute <= 59 && second <= 59 ? date.getTime() : null;
}

function offsetMs(zone: string): number | null {
  if (zone.toUpperCase() === "Z") return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(3).replace(":", ""));
  if (hours > 23 || minutes > 59) return null;
  return (zone.startsWith("-") ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}

function microsecondsWithin(epochMs: number): number {
  return (((Math.floor(epochMs) % 1000) + 1000) % 1000) * 1000;
}

/** Joins the whole second that holds `epochMs` with a fraction; null when Python's datetime has no such year. */
function withFraction(epochMs: number, microseconds: number): string | null {
  const date = new Date(epochMs);
  if (Number.isNaN(date.getTime())) return null;
  const year = date.getUTCFullYear();
  if (year < 1 || year > 9999) return null;
  const fraction = microseconds === 0 ? "" : `.${String(microseconds).padStart(6, "0")}`;
  return `${date.toISOString().slice(0, 19)}${fraction}Z`;
}
