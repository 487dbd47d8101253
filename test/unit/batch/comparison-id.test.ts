import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeBatchId } from "../../../src/batch/batch-id.ts";
import {
  ATTEMPT_MAX,
  COMPARISON_NUMBER_MAX,
  type ComparisonRef,
  importComparisonIdKeys,
  mintComparisonId,
  readComparisonId,
} from "../../../src/batch/comparison-id.ts";
import { MAX_COMPARISONS } from "../../../src/pairing/index.ts";

const keys = await importComparisonIdKeys(["the secret of today"]);

const refs: fc.Arbitrary<ComparisonRef> = fc.record({
  batchId: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(encodeBatchId),
  number: fc.integer({ min: 0, max: COMPARISON_NUMBER_MAX }),
  attempt: fc.integer({ min: 0, max: ATTEMPT_MAX }),
});

const REF: ComparisonRef = { batchId: "0123456789abc", number: 4711, attempt: 2 };

describe("a comparison id", () => {
  it("carries batch, number and attempt there and back", async () => {
    await fc.assert(
      fc.asyncProperty(refs, async (ref) => {
        expect(await readComparisonId(keys, await mintComparisonId(keys, ref))).toEqual(ref);
      }),
    );
  });

  it.each([
    { batchId: "0000000000000", number: 0, attempt: 0 },
    { batchId: "fzzzzzzzzzzzz", number: COMPARISON_NUMBER_MAX, attempt: ATTEMPT_MAX },
  ])("carries the ends of its range: $batchId, $number, $attempt", async (ref) => {
    expect(await readComparisonId(keys, await mintComparisonId(keys, ref))).toEqual(ref);
  });

  it("is a UUIDv8 of RFC 9562, in lower case", async () => {
    await fc.assert(
      fc.asyncProperty(refs, async (ref) => {
        expect(await mintComparisonId(keys, ref)).toMatch(
          /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
        );
      }),
    );
  });

  it("is the same at every minting, in every release: ids that are with judges stay readable", async () => {
    expect(await mintComparisonId(keys, REF)).toBe("00886429-8e84-8a96-b004-99c9f4cfede6");
  });

  it("is understood in upper case", async () => {
    const id = await mintComparisonId(keys, REF);
    expect(await readComparisonId(keys, id.toUpperCase())).toEqual(REF);
  });

  it("is refused when any of its 128 bits is changed", async () => {
    const id = await mintComparisonId(keys, REF);
    const value = BigInt(`0x${id.replaceAll("-", "")}`);
    for (let bit = 0n; bit < 128n; bit++) {
      const forged = toUuid(value ^ (1n << bit));
      expect(await readComparisonId(keys, forged), `bit ${bit}`).toBeUndefined();
    }
  });

  it.each([
    ["of another version", "c0ffee00-0000-4000-8000-000000000001"],
    ["of another maker", "c0ffee00-0000-8000-8000-000000000001"],
    ["without hyphens", "c0ffee00000080008000000000000001"],
    ["with something behind it", "c0ffee00-0000-8000-8000-000000000001\n"],
    ["that is no UUID at all", "comparison 7"],
    ["that is empty", ""],
  ])("is not one %s", async (_, text) => {
    expect(await readComparisonId(keys, text)).toBeUndefined();
  });

  it("is not one that a service with another secret made", async () => {
    const others = await importComparisonIdKeys(["somebody else's secret"]);
    expect(await readComparisonId(keys, await mintComparisonId(others, REF))).toBeUndefined();
  });

  it.each([
    ["a batch id", { batchId: "not a batch id" }, "not a batch id"],
    ["a number below 0", { number: -1 }, "from 0 to 1048575, not -1"],
    ["a number above 20 bits", { number: 2 ** 20 }, "from 0 to 1048575, not 1048576"],
    ["a broken number", { number: 1.5 }, "not 1.5"],
    ["a number that is none", { number: Number.NaN }, "not NaN"],
    ["an attempt below 0", { attempt: -1 }, "from 0 to 15, not -1"],
    ["an attempt above 4 bits", { attempt: 16 }, "from 0 to 15, not 16"],
    ["a broken attempt", { attempt: 0.5 }, "not 0.5"],
  ])("is not minted for what does not fit: %s", async (_, part, message) => {
    await expect(mintComparisonId(keys, { ...REF, ...part })).rejects.toThrow(RangeError);
    await expect(mintComparisonId(keys, { ...REF, ...part })).rejects.toThrow(message);
  });

  it("has room for every comparison that a batch may have", () => {
    expect(COMPARISON_NUMBER_MAX).toBeGreaterThanOrEqual(MAX_COMPARISONS - 1);
  });
});

describe("rotating the key", () => {
  it("keeps ids of the previous key readable and mints with the new one", async () => {
    const before = await importComparisonIdKeys(["old secret, old secret"]);
    const after = await importComparisonIdKeys(["new secret, new secret", "old secret, old secret"]);
    const old = await mintComparisonId(before, REF);
    const fresh = await mintComparisonId(after, REF);
    expect(fresh).not.toBe(old);
    expect(await readComparisonId(after, old)).toEqual(REF);
    expect(await readComparisonId(after, fresh)).toEqual(REF);
  });

  it("ends when the previous key is taken away", async () => {
    const before = await importComparisonIdKeys(["old secret, old secret"]);
    const later = await importComparisonIdKeys(["new secret, new secret"]);
    expect(await readComparisonId(later, await mintComparisonId(before, REF))).toBeUndefined();
  });
});

function toUuid(value: bigint): string {
  const hex = value.toString(16).padStart(32, "0");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
