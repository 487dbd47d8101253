import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  findExcess,
  isDeeperThan,
  isNestedDeeperThan,
  MAX_JSON_DEPTH,
} from "../../../src/encoding/json-limits.ts";

/** How deep the arrays and objects of a value are nested, counted on the value itself. */
function depthOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

function nested(depth: number): string {
  return "[".repeat(depth) + "]".repeat(depth);
}

describe("the depth of a JSON text", () => {
  it("is that of the value it stands for", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.boolean(), (value, spaced) => {
        const text = JSON.stringify(value, null, spaced ? 2 : 0);
        const depth = depthOf(JSON.parse(text));
        expect(isDeeperThan(text, depth)).toBe(false);
        expect(isDeeperThan(text, depth - 1)).toBe(depth > 0);
        expect(isNestedDeeperThan(value, depth)).toBe(false);
        expect(isNestedDeeperThan(value, depth - 1)).toBe(depth > 0);
      }),
    );
  });

  it.each(['"[[[["', '"\\"[[[["', '"\\\\"', '{"[[[": "{{{"}'])(
    "does not count what stands in strings: %s",
    (text) => {
      expect(isDeeperThan(text, 1)).toBe(false);
    },
  );

  it("is found out before the text is parsed, in a text that never closes what it opens", () => {
    expect(isDeeperThan("[".repeat(5_000_000), MAX_JSON_DEPTH)).toBe(true);
  });

  it("may be the limit, and no more", () => {
    expect(isDeeperThan(nested(MAX_JSON_DEPTH), MAX_JSON_DEPTH)).toBe(false);
    expect(isDeeperThan(nested(MAX_JSON_DEPTH + 1), MAX_JSON_DEPTH)).toBe(true);
  });

  it("is found out of a value that somebody else has parsed, without running out of stack", () => {
    expect(isNestedDeeperThan(JSON.parse(nested(60_000)), MAX_JSON_DEPTH)).toBe(true);
    const endless: unknown[] = [];
    endless.push(endless);
    expect(isNestedDeeperThan(endless, MAX_JSON_DEPTH)).toBe(true);
  });
});

/** Values as they are counted: an empty array or object counts as if it held one. */
function valuesOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 1;
  return (
    1 +
    Math.max(
      1,
      Object.values(value).reduce<number>((sum, each) => sum + valuesOf(each), 0),
    )
  );
}

describe("the number of values in a JSON text", () => {
  it("is that of the value it stands for", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.boolean(), (value, spaced) => {
        const text = JSON.stringify(value, null, spaced ? 2 : 0);
        const values = valuesOf(JSON.parse(text));
        expect(findExcess(text, 1_000, values)).toBe(null);
        if (values > 1) expect(findExcess(text, 1_000, values - 1)).toBe("values");
      }),
    );
  });

  it("does not count what stands in strings", () => {
    expect(findExcess('"a,b,[c],{d}"', 10, 1)).toBe(null);
  });
});
