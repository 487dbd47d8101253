import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cursorSchema, encodeCursor, pageOf, wholeNumber } from "../../../src/http/paging.ts";

const place = fc.record({
  createdAt: fc.nat(),
  id: fc.string({
    minLength: 1,
    maxLength: 40,
    unit: fc.constantFrom(..."0123456789abcdefghjkmnpqrstvwxyz-"),
  }),
});

describe("a cursor", () => {
  it("leads back to the place it was made of, and fits into a URL as it is", () => {
    fc.assert(
      fc.property(place, (at) => {
        const cursor = encodeCursor(at);
        expect(cursor).toMatch(/^[\w-]+$/);
        expect(cursorSchema.parse(cursor)).toEqual(at);
      }),
    );
  });

  it.each(["", "!", "bm9uc2Vuc2U", btoa("[1]"), btoa('[-1,"x"]'), btoa('["1","x"]'), "a".repeat(201)])(
    "is refused when it is none: %j",
    (cursor) => {
      expect(cursorSchema.safeParse(cursor).success).toBe(false);
    },
  );
});

describe("a page", () => {
  const rows = [1, 2, 3].map((createdAt) => ({ createdAt, id: `row-${createdAt}` }));

  it("ends before the row that was asked for to see whether there is more", () => {
    const { page, nextCursor } = pageOf(rows, 2, (row) => row);
    expect(page).toEqual(rows.slice(0, 2));
    expect(cursorSchema.parse(nextCursor)).toEqual(rows.at(1));
  });

  it("is the last one when no row is left over", () => {
    expect(pageOf(rows, 3, (row) => row)).toEqual({ page: rows, nextCursor: null });
    expect(pageOf([], 3, () => ({ createdAt: 0, id: "" }))).toEqual({ page: [], nextCursor: null });
  });
});

describe("a number in a query", () => {
  const limit = wholeNumber({ min: 1, max: 100, fallback: 20 });

  it("is read as written, within its limits", () => {
    expect(limit.parse("1")).toBe(1);
    expect(limit.parse("100")).toBe(100);
    expect(limit.parse(undefined)).toBe(20);
  });

  it.each(["0", "101", "", " 5", "1e1", "0x10", "-1", "1.5", "ten", "9".repeat(30)])(
    "is refused, with what is expected, when it is %j",
    (text) => {
      const refused = limit.safeParse(text);
      expect(refused.error?.issues.at(0)?.message).toBe("expected a whole number from 1 to 100");
    },
  );
});
