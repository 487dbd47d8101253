import { z } from "zod";

/** Text that has a UTF-8 form: a lone surrogate has none, and could be neither stored nor hashed as it came. */
export function wellFormed(maxLength: number) {
  return z
    .string()
    .max(maxLength)
    .refine((text) => text.isWellFormed(), {
      error: "expected text without unpaired surrogates (\\ud800 to \\udfff)",
    });
}

/** Non-empty text of at most `maxLength` UTF-16 units: ids, names and codes. */
export function identifier(maxLength: number) {
  return wellFormed(maxLength).min(1);
}

/** Longest essay id, in bytes of UTF-8: two thousand of them must fit into one event, and an event into one 2 MB row. */
export const MAX_ESSAY_ID_BYTES = 255;

/** The same as `\P{Cc}*` for readers of the API's description who know no Unicode properties. */
export const NO_CONTROL_CHARACTERS = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$";

/** Results name essays and grades by keys of JSON objects, and readers in JavaScript lose this one. */
const UNUSABLE_KEY = "__proto__";

const LABEL = new RegExp(`(?=^\\S(?:.*\\S)?$)${NO_CONTROL_CHARACTERS}`);

/** A short text that people read and compare by eye, such as a grade. */
export function label(maxLength: number) {
  return identifier(maxLength)
    .regex(LABEL, {
      error: "expected a label without control characters, and without white space at its ends",
    })
    .refine((text) => text !== UNUSABLE_KEY, { error: `expected another label than ${UNUSABLE_KEY}` });
}

/** Longest value that a message repeats where no schema bounds it, in characters: what is longer may be somebody's text. */
const SHOWN_MAX = 20;

/** A value that was not expected, as a problem document may repeat it: whole, or only how long it is. */
export function shown(text: string, maxLength: number = SHOWN_MAX): string {
  return text.length <= maxLength ? JSON.stringify(text) : `${text.length} characters`;
}

/** How a request names an essay. Control characters would take six bytes each in JSON, and no id has them for a reason. */
export const essayIdSchema = identifier(MAX_ESSAY_ID_BYTES)
  .refine((id) => utf8Length(id) <= MAX_ESSAY_ID_BYTES, {
    error: ({ input }) =>
      `expected at most ${MAX_ESSAY_ID_BYTES} bytes of UTF-8, got ${utf8Length(String(input))}`,
  })
  .refine((id) => !/\p{Cc}/u.test(id), { error: "expected an id without control characters" })
  .refine((id) => id !== UNUSABLE_KEY, { error: `expected another id than ${UNUSABLE_KEY}` });

/** @returns the length of the text in bytes of UTF-8 */
export function utf8Length(text: string): number {
  return new TextEncoder().encode(text).length;
}

/**
 * Text that is cut to `maxLength` characters (code points, as the original counts them), ending in an ellipsis,
 * instead of being refused: for remarks that accompany a fact which must not be lost because they are long.
 */
export function clippedText(maxLength: number) {
  return z.string().transform((text) => clipText(text, maxLength));
}

function clipText(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  const characters = Array.from(text.slice(0, 2 * maxLength + 2));
  return characters.length <= maxLength ? text : `${characters.slice(0, maxLength - 1).join("")}…`;
}

/** A UUID in any case, with or without hyphens, of any version (Python's `UUID` reads all of them). Output: lower case, hyphenated. */
export const wireUuid = z
  .string({ error: "expected a UUID such as c0ffee00-0000-4000-8000-000000000001" })
  .regex(/^[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}$/, {
    error: "expected a UUID such as c0ffee00-0000-4000-8000-000000000001",
  })
  .transform((text) => {
    const hex = text.toLowerCase().replaceAll("-", "");
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
  });

/** Free-form JSON object. */
export const jsonObject = z.record(z.string(), z.unknown());
