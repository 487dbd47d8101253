/** Lists come in pages. A cursor is where a page ends, as opaque text: the next page begins after this place. */
import { z } from "@hono/zod-openapi";

export interface Place {
  /** epoch milliseconds */
  readonly createdAt: number;
  readonly id: string;
}

const MAX_CURSOR_LENGTH = 200;
const placeSchema = z.tuple([z.int().nonnegative(), z.string().min(1).max(100)]);

export function encodeCursor({ createdAt, id }: Place): string {
  return btoa(JSON.stringify([createdAt, id]))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");
}

/** Reads a cursor that {@link encodeCursor} wrote; anything else is refused, not guessed at. */
export const cursorSchema = z
  .string()
  .max(MAX_CURSOR_LENGTH)
  .transform((cursor, context): Place => {
    const place = decodeCursor(cursor);
    if (place !== null) return place;
    context.addIssue({ code: "custom", message: "expected the next_cursor of the page before, unchanged" });
    return z.NEVER;
  })
  .openapi({ description: "`next_cursor` of the page before" });

function decodeCursor(cursor: string): Place | null {
  try {
    const text = atob(cursor.replaceAll("-", "+").replaceAll("_", "/"));
    const parsed = placeSchema.safeParse(JSON.parse(text));
    return parsed.success ? { createdAt: parsed.data[0], id: parsed.data[1] } : null;
  } catch {
    return null;
  }
}

/** A whole number in a query, written in decimal digits and nothing else. */
export function wholeNumber({ min, max, fallback }: { min: number; max: number; fallback: number }) {
  const expected = `expected a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,15}$/, expected)
    .transform(Number)
    .refine((value) => value >= min && value <= max, expected)
    .default(fallback)
    .openapi({ type: "integer", minimum: min, maximum: max, default: fallback });
}

/**
 * Cuts a page out of rows of which one more than the page holds was asked for.
 * @returns the page, and the cursor of the next one or null when this is the last
 */
export function pageOf<Row>(
  rows: readonly Row[],
  limit: number,
  placeOf: (row: Row) => Place,
): { readonly page: readonly Row[]; readonly nextCursor: string | null } {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const more = rows.length > limit && last !== undefined;
  return { page, nextCursor: more ? encodeCursor(placeOf(last)) : null };
}
