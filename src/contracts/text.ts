import { z } from "zod";

/** Non-empty text of at most `maxLength` UTF-16 units: ids, names and codes. */
export function identifier(maxLength: number) {
  return z.string().min(1).max(maxLength);
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
