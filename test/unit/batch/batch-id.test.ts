import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  BATCH_ID_PATTERN,
  decodeBatchId,
  deriveBatchId,
  encodeBatchId,
} from "../../../src/batch/batch-id.ts";
import { randomBatchId } from "../../../src/objects/open-request.ts";

const MAX = 2n ** 64n - 1n;
const bits = fc.bigInt({ min: 0n, max: MAX });

describe("a batch id", () => {
  it("carries 64 bits there and back", () => {
    fc.assert(
      fc.property(bits, (value) => {
        expect(decodeBatchId(encodeBatchId(value))).toBe(value);
      }),
    );
  });

  it("is 13 characters of Crockford's base 32 in lower case", () => {
    fc.assert(
      fc.property(bits, (value) => {
        expect(encodeBatchId(value)).toMatch(/^[0-9a-hjkmnp-tv-z]{13}$/);
        expect(encodeBatchId(value)).toMatch(BATCH_ID_PATTERN);
      }),
    );
  });

  it("sorts like its number", () => {
    fc.assert(
      fc.property(bits, bits, (left, right) => {
        expect(encodeBatchId(left) < encodeBatchId(right)).toBe(left < right);
      }),
    );
  });

  it.each([
    [0n, "0000000000000"],
    [1n, "0000000000001"],
    [31n, "000000000000z"],
    [32n, "0000000000010"],
    [MAX, "fzzzzzzzzzzzz"],
  ])("of %s is %s", (value, text) => {
    expect(encodeBatchId(value)).toBe(text);
    expect(decodeBatchId(text)).toBe(value);
  });

  it.each([
    ["too short", "000000000000"],
    ["too long", "00000000000000"],
    ["above 64 bits", "g000000000000"],
    ["with a letter that Crockford leaves out", "000000000000u"],
    ["in upper case", "FZZZZZZZZZZZZ"],
    ["with a line feed", "0000000000000\n"],
    ["empty", ""],
  ])("is not one that is %s", (_, text) => {
    expect(decodeBatchId(text)).toBeUndefined();
    expect(BATCH_ID_PATTERN.test(text)).toBe(false);
  });

  it("has no second spelling: whatever can be read is written the same", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[0-9a-z]{13}$/), (text) => {
        const value = decodeBatchId(text);
        if (value !== undefined) expect(encodeBatchId(value)).toBe(text);
      }),
    );
  });
});

describe("deriving a batch id", () => {
  const kafka = { source: "kafka", bosBatchId: "bos-1", correlationId: "c-1" } as const;
  const http = { source: "http", caller: "school", idempotencyKey: "key-1" } as const;

  it("leads the same identity to the same id, in every release", async () => {
    expect(await deriveBatchId(kafka)).toBe(await deriveBatchId({ ...kafka }));
    expect(await deriveBatchId(kafka)).toBe(KNOWN.kafka);
    expect(await deriveBatchId(http)).toBe(KNOWN.http);
  });

  it("tells apart what differs in any part", async () => {
    const ids = await Promise.all([
      deriveBatchId(kafka),
      deriveBatchId({ ...kafka, bosBatchId: "bos-2" }),
      deriveBatchId({ ...kafka, correlationId: "c-2" }),
      deriveBatchId(http),
      deriveBatchId({ ...http, caller: "another school" }),
      deriveBatchId({ ...http, idempotencyKey: "key-2" }),
      deriveBatchId({ source: "http", caller: "bos-1", idempotencyKey: "c-1" }),
    ]);
    expect(new Set(ids).size).toBe(7);
  });

  it("cannot be confused by parts that run into each other", async () => {
    const name = fc.string({ unit: fc.constantFrom('"', ",", "a", "\\", "/", " ") });
    await fc.assert(
      fc.asyncProperty(name, name, name, name, async (caller, key, otherCaller, otherKey) => {
        const same = caller === otherCaller && key === otherKey;
        const one = await deriveBatchId({ source: "http", caller, idempotencyKey: key });
        const other = await deriveBatchId({ source: "http", caller: otherCaller, idempotencyKey: otherKey });
        expect(one === other).toBe(same);
      }),
    );
  });
});

describe("a random batch id", () => {
  it("is a batch id, and another one every time", () => {
    const ids = Array.from({ length: 100 }, randomBatchId);
    expect(ids.every((id) => BATCH_ID_PATTERN.test(id))).toBe(true);
    expect(new Set(ids).size).toBe(100);
  });
});

/** Computed apart from the code. Another id for the same request would open a second batch at its redelivery. */
const KNOWN = { kafka: "7ntvfxkpw774z", http: "9e5f46ed6z7m7" };
