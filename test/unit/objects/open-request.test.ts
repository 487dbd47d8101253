import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeBatchId } from "../../../src/batch/batch-id.ts";
import {
  type ConfigOverrides,
  comparisonsProblem,
  defaultBudget,
  fingerprintOf,
  resolveConfig,
  seedOf,
} from "../../../src/objects/open-request.ts";
import { planPairs } from "../../../src/pairing/index.ts";
import { requireSettings } from "../../../src/settings/settings.ts";

const settings = requireSettings({ ENVIRONMENT: "development" });

function problemOf(overrides: ConfigOverrides, essays: number): string | null {
  return comparisonsProblem(overrides, resolveConfig(settings, overrides, essays), { essays, anchors: 0 });
}

describe("the default budget", () => {
  it.each([
    { essays: 2, budget: 120 },
    { essays: 24, budget: 120 },
    { essays: 25, budget: 125 },
    { essays: 100, budget: 500 },
    { essays: 2_000, budget: 10_000 },
  ])(
    "of $essays essays is $budget: five pairs per essay, at least MAX_PAIRWISE_COMPARISONS",
    ({ essays, budget }) => {
      expect(defaultBudget(settings, essays)).toBe(budget);
    },
  );

  it("follows MAX_PAIRWISE_COMPARISONS upwards", () => {
    expect(defaultBudget({ ...settings, MAX_PAIRWISE_COMPARISONS: 1_000 }, 24)).toBe(1_000);
  });

  it("stays within the limit of comparisons per batch", () => {
    expect(defaultBudget(settings, 100_000)).toBe(32_768);
  });

  it("can be planned for any number of essays that is allowed", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 2_000 }), (essays) => {
        expect(problemOf({}, essays)).toBeNull();
      }),
    );
  });
});

describe("what a batch may do", () => {
  it("is the service's default where the request says nothing", () => {
    expect(resolveConfig(settings, {}, 30)).toEqual({
      completionThresholdPct: 95,
      minSuccessRateThreshold: 0.8,
      recoveryThresholdPct: 80,
      maxComparisons: 150,
      maxRetryAttempts: 3,
      batchTimeoutHours: 4,
      maxBatchHours: 72,
      stragglerGraceSeconds: 300,
      judgementTimeoutMinutes: 30,
      maxInFlight: 500,
      retentionDays: 30,
      pairing: "auto",
      balancedRounds: 5,
      randomShare: 0.15,
      swapShare: 0.1,
      minComparisonsPerEssay: 6,
      targetReliability: null,
      scoreStability: null,
      minComparisonsForStabilityCheck: 12,
      humanShare: 0,
      humanLeaseMinutes: 15,
      humanWaitHours: 168,
      maxCostUsd: null,
    });
  });

  it("is what the request says, where it says something", () => {
    const overrides = {
      completionThresholdPct: 50,
      minSuccessRateThreshold: 0.5,
      maxComparisons: 60,
      maxRetryAttempts: 1,
      batchTimeoutHours: 1,
      stragglerGraceSeconds: 10,
      judgementTimeoutMinutes: 5,
      pairing: "balanced_rounds",
      balancedRounds: 4,
      randomShare: 0.3,
      swapShare: 0.2,
      minComparisonsPerEssay: 3,
      targetReliability: 0.8,
      scoreStability: 0.05,
    } satisfies ConfigOverrides;
    expect(resolveConfig(settings, overrides, 30)).toMatchObject(overrides);
  });

  it("repeats no pair by default where the whole plan is made at once", () => {
    const swaps = (overrides: ConfigOverrides, essays: number) =>
      resolveConfig(settings, overrides, essays).swapShare;
    expect(swaps({}, 10)).toBe(0);
    expect(swaps({ pairing: "all_pairs" }, 10)).toBe(0);
    expect(swaps({ pairing: "balanced_rounds" }, 30)).toBe(0);
    expect(swaps({ pairing: "adaptive" }, 10)).toBe(0.1);
  });

  it("follows the environment's stopping rules, and the request's before them", () => {
    const strict = { ...settings, TARGET_RELIABILITY: 0.9, SCORE_STABILITY_THRESHOLD: 0.025 };
    expect(resolveConfig(strict, {}, 30)).toMatchObject({ targetReliability: 0.9, scoreStability: 0.025 });
    const own = { targetReliability: 0.7, scoreStability: 0.1 };
    expect(resolveConfig(strict, own, 30)).toMatchObject(own);
  });

  it("may be 0 by request: zero is a choice", () => {
    const overrides = {
      minSuccessRateThreshold: 0,
      maxRetryAttempts: 0,
      stragglerGraceSeconds: 0,
      swapShare: 0,
      randomShare: 0,
    };
    expect(resolveConfig(settings, overrides, 30)).toMatchObject(overrides);
  });

  it("is the default where the request says null", () => {
    const nothing = { maxComparisons: null, maxRetryAttempts: null, pairing: null };
    expect(resolveConfig(settings, nothing, 30)).toEqual(resolveConfig(settings, {}, 30));
  });
});

describe("a request that cannot be planned", () => {
  it("says which limit its budget breaks", () => {
    expect(problemOf({ maxComparisons: 8 }, 10)).toContain("at least 9");
    expect(problemOf({ maxComparisons: 40_000 }, 2_000)).toContain("at most 32768");
    expect(problemOf({ maxComparisons: 44, pairing: "all_pairs" }, 10)).toContain("at least 45");
    expect(problemOf({ maxComparisons: 100, pairing: "all_pairs" }, 257)).toContain("at most 256");
    expect(problemOf({}, 2_001)).toContain("at most 2000");
  });

  it("counts the anchors among the essays, and says so", () => {
    const config = resolveConfig(settings, { maxComparisons: 10 }, 12);
    expect(comparisonsProblem({}, config, { essays: 10, anchors: 2 })).toMatch(
      /at least 11 are needed \(12 essays are 10 of the request and 2 anchors of its assignment\)/,
    );
    expect(comparisonsProblem({}, config, { essays: 1_950, anchors: 51 })).toMatch(
      /at most 2000 .*51 anchors/,
    );
  });

  it.each([0, 1])("is not one of %i essays: that ends by itself, whatever the budget", (essays) => {
    expect(problemOf({ maxComparisons: 1 }, essays)).toBeNull();
  });

  it("is found for exactly those that pairing would refuse, also when texts turn out to be missing", () => {
    const strategy = fc.constantFrom("auto" as const, "all_pairs" as const, "balanced_rounds" as const);
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 40 }),
        fc.integer({ min: 1, max: 900 }),
        strategy,
        (essays, budget, pairing) => {
          fc.pre(problemOf({ maxComparisons: budget, pairing }, essays) === null);
          for (let usable = 2; usable <= essays; usable++)
            expect(() => planPairs({ essayCount: usable, budget, strategy: pairing, seed: 1 })).not.toThrow();
        },
      ),
    );
  });
});

describe("a request that contradicts itself", () => {
  it("asks for repeats of pairs that are asked once", () => {
    const repeats = { pairing: "all_pairs", swapShare: 0.1 } as const;
    expect(problemOf(repeats, 10)).toContain("choose adaptive or balanced_rounds");
    expect(problemOf({ ...repeats, swapShare: 0 }, 10)).toBeNull();
    expect(problemOf({ ...repeats, pairing: "adaptive" }, 10)).toBeNull();
  });

  it("wants more comparisons per essay than there will be", () => {
    expect(problemOf({ minComparisonsPerEssay: 11 }, 30)).toContain("lower it to 10");
    expect(problemOf({ minComparisonsPerEssay: 10 }, 30)).toBeNull();
    expect(problemOf({ minComparisonsPerEssay: 10 }, 10)).toContain("lower it to 9");
  });

  it("may want as many as the strategy asks where it shows pairs a second time", () => {
    const twice = { pairing: "adaptive", minComparisonsPerEssay: 8 } as const;
    expect(problemOf(twice, 5)).toBeNull();
    expect(problemOf({ ...twice, minComparisonsPerEssay: 9 }, 5)).toContain("lower it to 8");
    const swapped = { pairing: "balanced_rounds", swapShare: 0.5, minComparisonsPerEssay: 7 } as const;
    expect(problemOf(swapped, 5)).toBeNull();
    expect(problemOf({ ...swapped, swapShare: 0 }, 5)).toContain("lower it to 4");
  });

  it("is never one that leaves everything to the service", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 2_000 }), (essays) => {
        expect(problemOf({}, essays)).toBeNull();
      }),
    );
  });
});

describe("a request's fingerprint", () => {
  it("is the SHA-256 of the canonical JSON", async () => {
    // SHA-256 of {"a":[1,2],"b":"é"}
    expect(await fingerprintOf({ b: "é", a: [1, 2] })).toBe(KNOWN_FINGERPRINT);
  });

  it("does not depend on the order of fields, at any depth", async () => {
    const one = { essays: [{ id: "1", text: "x" }], config: { a: 1, b: 2 } };
    const other = { config: { b: 2, a: 1 }, essays: [{ text: "x", id: "1" }] };
    expect(await fingerprintOf(one)).toBe(await fingerprintOf(other));
  });

  it("depends on the order of essays and on every value", async () => {
    const base = { essays: [{ id: "1" }, { id: "2" }], prompt: "p" };
    const prints = await Promise.all([
      fingerprintOf(base),
      fingerprintOf({ ...base, essays: [{ id: "2" }, { id: "1" }] }),
      fingerprintOf({ ...base, prompt: "q" }),
      fingerprintOf({ ...base, prompt: null }),
      fingerprintOf({ essays: base.essays }),
    ]);
    expect(new Set(prints).size).toBe(5);
  });

  it("does not depend on fields that are undefined", async () => {
    expect(await fingerprintOf({ a: 1, b: undefined })).toBe(await fingerprintOf({ a: 1 }));
  });
});

describe("a batch's seed", () => {
  it("follows from its id: an unsigned integer of 32 bits", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (bits) => {
        const seed = seedOf(encodeBatchId(bits));
        expect(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32).toBe(true);
        expect(seedOf(encodeBatchId(bits))).toBe(seed);
      }),
    );
  });

  it("is FNV-1a", () => {
    // from the reference's test vectors
    expect(seedOf("")).toBe(0x811c9dc5);
    expect(seedOf("a")).toBe(0xe40c292c);
    expect(seedOf("foobar")).toBe(0xbf9cf968);
  });
});

const KNOWN_FINGERPRINT = "d902c5ef87c42c33059e8d7b7aa30485809a5c0ff84b8d0d285616d5b03f23ea";
