/** Where a page of a list ends, as opaque text: the next page begins after this place. */
import { z } from "zod";

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
    const place = decode(cursor);
    if (place !== null) return place;
    context.addIssue({ code: "custom", message: "expected the next_cursor of the page before, unchanged" });
    return z.NEVER;
  });

function decode(cursor: string): Place | null {
  try {
    const text = atob(cursor.replaceAll("-", "+").replaceAll("_", "/"));
    const parsed = placeSchema.safeParse(JSON.parse(text));
    return parsed.success ? { createdAt: parsed.data[0], id: parsed.data[1] } : null;
  } catch {
    return null;
  }
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
