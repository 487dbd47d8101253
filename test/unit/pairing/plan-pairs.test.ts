import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  countAllPairs,
  findPairingProblem,
  MAX_COMPARISONS,
  MAX_ESSAYS,
  PairingError,
  type PlanRequest,
  planPairs,
  smallestBudget,
} from "../../../src/pairing/index.ts";
import { countComponents, largestMagnitude, spread, tallyPrefixes, unordered } from "./pair-laws.ts";

const seeds = fc.maxSafeInteger();

/** Plans from a connecting path to all pairs and beyond, over tiny, even and odd numbers of essays. */
const planRequests = fc.integer({ min: 2, max: 41 }).chain((essayCount) =>
  fc.record<PlanRequest>({
    essayCount: fc.constant(essayCount),
    budget: fc.integer({ min: essayCount - 1, max: countAllPairs(essayCount) + 3 }),
    strategy: fc.constantFrom("auto", "balanced_rounds"),
    seed: seeds,
  }),
);

const allPairsRequests = fc.record({ essayCount: fc.integer({ min: 2, max: 24 }), seed: seeds }).map(
  ({ essayCount, seed }): PlanRequest => ({
    essayCount,
    budget: countAllPairs(essayCount),
    strategy: "all_pairs",
    seed,
  }),
);

const everyRequest = fc.oneof(planRequests, allPairsRequests);

describe("planning all comparisons of a batch", () => {
  it("spends the budget, or asks all pairs when the budget is larger", () => {
    fc.assert(
      fc.property(everyRequest, (request) => {
        const allPairs = countAllPairs(request.essayCount);
        expect(planPairs(request).pairs).toHaveLength(Math.min(request.budget, allPairs));
      }),
    );
  });

  it("compares essays of the batch, never one with itself, and no two of them twice", () => {
    fc.assert(
      fc.property(everyRequest, (request) => {
        const { pairs } = planPairs(request);
        for (const { first, second } of pairs) {
          expect(first).not.toBe(second);
          expect(Math.min(first, second)).toBeGreaterThanOrEqual(0);
          expect(Math.max(first, second)).toBeLessThan(request.essayCount);
        }
        expect(new Set(pairs.map(unordered)).size).toBe(pairs.length);
      }),
    );
  });

  it("keeps the essays' comparison counts within one of each other at every moment", () => {
    fc.assert(
      fc.property(everyRequest, (request) => {
        for (const { counts } of tallyPrefixes(request.essayCount, planPairs(request).pairs)) {
          expect(spread(counts)).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  it("shows every essay first as often as second, within one, at every moment", () => {
    fc.assert(
      fc.property(everyRequest, (request) => {
        for (const { positions } of tallyPrefixes(request.essayCount, planPairs(request).pairs)) {
          expect(largestMagnitude(positions)).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  it("connects all n essays with its first n − 1 pairs, as early as can be", () => {
    fc.assert(
      fc.property(everyRequest, (request) => {
        const path = planPairs(request).pairs.slice(0, request.essayCount - 1);
        expect(countComponents(request.essayCount, path)).toBe(1);
      }),
    );
  });

  it("leaves out nobody from any two successive rounds", () => {
    fc.assert(
      fc.property(everyRequest, (request) => {
        const { pairs, roundEnds } = planPairs(request);
        for (let round = 1; round + 1 < roundEnds.length; round++) {
          const twoRounds = pairs.slice(roundEnds[round - 2] ?? 0, roundEnds[round]);
          const seen = new Set(twoRounds.flatMap(({ first, second }) => [first, second]));
          expect(seen.size).toBe(request.essayCount);
        }
      }),
    );
  });

  it("ends each round where its pairs end: n/2 pairs, or (n − 1)/2 and (n + 1)/2 by turns when n is odd", () => {
    fc.assert(
      fc.property(everyRequest, (request) => {
        const { pairs, roundEnds } = planPairs(request);
        expect(roundEnds.at(-1)).toBe(pairs.length);
        roundEnds.slice(0, -1).forEach((end, round) => {
          const full = Math.floor(((round + 1) * request.essayCount) / 2);
          expect(end).toBe(full);
        });
      }),
    );
  });

  it("asks each essay at most once in a round of an even number of essays", () => {
    fc.assert(
      fc.property(
        everyRequest.filter(({ essayCount }) => essayCount % 2 === 0),
        (request) => {
          const { pairs, roundEnds } = planPairs(request);
          roundEnds.forEach((end, round) => {
            const shown = pairs
              .slice(roundEnds[round - 1] ?? 0, end)
              .flatMap(({ first, second }) => [first, second]);
            expect(new Set(shown).size).toBe(shown.length);
          });
        },
      ),
    );
  });

  it("shows every essay first and second equally often over all pairs of an odd number of essays", () => {
    const { pairs } = planPairs({ essayCount: 13, budget: 78, strategy: "all_pairs", seed: 1 });
    const tallies = [...tallyPrefixes(13, pairs)];
    expect(tallies.at(-1)?.positions).toEqual(new Array(13).fill(0));
  });

  it("is the same for the same seed and another for another seed", () => {
    fc.assert(
      fc.property(
        everyRequest.filter(({ essayCount }) => essayCount >= 8),
        seeds,
        (request, otherSeed) => {
          fc.pre(otherSeed !== request.seed);
          expect(planPairs(request)).toEqual(planPairs({ ...request }));
          expect(planPairs({ ...request, seed: otherSeed }).pairs).not.toEqual(planPairs(request).pairs);
        },
      ),
    );
  });

  it("begins the same for a larger budget, so that a raised budget continues the plan", () => {
    fc.assert(
      fc.property(planRequests, fc.nat({ max: 60 }), (request, extra) => {
        const { pairs } = planPairs(request);
        const larger = planPairs({ ...request, budget: request.budget + extra });
        expect(larger.pairs.slice(0, pairs.length)).toEqual(pairs);
      }),
    );
  });

  it("lets every pair of essays meet equally often over many seeds", () => {
    const met = new Map<string, number>();
    const plans = 3_000;
    for (let seed = 0; seed < plans; seed++) {
      for (const pair of planPairs({ essayCount: 6, budget: 5, strategy: "balanced_rounds", seed }).pairs) {
        const key = `${pair.first}>${pair.second}`;
        met.set(key, (met.get(key) ?? 0) + 1);
      }
    }
    const expected = (plans * 5) / 30;
    let chiSquare = 0;
    for (const count of met.values()) chiSquare += (count - expected) ** 2 / expected;
    expect(met.size).toBe(30);
    expect(chiSquare).toBeLessThan(70);
  });

  it("begins with every way of pairing six essays equally often over many seeds", () => {
    const rounds = new Map<string, number>();
    for (let seed = 0; seed < 3_000; seed++) {
      const { pairs } = planPairs({ essayCount: 6, budget: 5, strategy: "balanced_rounds", seed });
      const round = pairs.slice(0, 3).map(unordered).toSorted().join(" ");
      rounds.set(round, (rounds.get(round) ?? 0) + 1);
    }
    const chiSquare = [...rounds.values()].reduce((sum, count) => sum + (count - 200) ** 2 / 200, 0);
    expect(rounds.size).toBe(15);
    expect(chiSquare).toBeLessThan(45);
  });

  it("plans the largest batch within its limits", () => {
    const request: PlanRequest = {
      essayCount: MAX_ESSAYS,
      budget: MAX_COMPARISONS,
      strategy: "auto",
      seed: 7,
    };
    const { pairs } = planPairs(request);
    expect(pairs).toHaveLength(MAX_COMPARISONS);
    expect(new Set(pairs.map(unordered)).size).toBe(MAX_COMPARISONS);
  });
});

describe("choosing a strategy", () => {
  it("asks all 45 pairs of 10 essays under the default budget", () => {
    const plan = planPairs({ essayCount: 10, budget: 120, strategy: "auto", seed: 3 });
    expect(plan.strategy).toBe("all_pairs");
    expect(plan.pairs).toHaveLength(45);
  });

  it("asks all pairs when they just fit the budget, and balanced rounds when one is missing", () => {
    fc.assert(
      fc.property(fc.integer({ min: 3, max: 40 }), seeds, (essayCount, seed) => {
        const budget = countAllPairs(essayCount);
        const strategy = "auto";
        expect(planPairs({ essayCount, budget, strategy, seed }).strategy).toBe("all_pairs");
        expect(planPairs({ essayCount, budget: budget - 1, strategy, seed }).strategy).toBe(
          "balanced_rounds",
        );
      }),
    );
  });

  it("keeps to balanced rounds when they are asked for, whatever the budget", () => {
    const plan = planPairs({ essayCount: 4, budget: 6, strategy: "balanced_rounds", seed: 3 });
    expect(plan.strategy).toBe("balanced_rounds");
    expect(plan.pairs).toHaveLength(6);
  });

  it("compares two essays once", () => {
    const plan = planPairs({ essayCount: 2, budget: 120, strategy: "auto", seed: 5 });
    expect(plan.pairs.map(unordered)).toEqual(["0-1"]);
    expect(plan.roundEnds).toEqual([1]);
  });
});

describe("refusing what cannot be planned", () => {
  const possible: PlanRequest = { essayCount: 30, budget: 150, strategy: "auto", seed: 1 };

  it("finds nothing wrong with a request within the limits", () => {
    expect(findPairingProblem(possible)).toBeNull();
    expect(
      findPairingProblem({ ...possible, essayCount: 256, budget: 32_640, strategy: "all_pairs" }),
    ).toBeNull();
    expect(findPairingProblem({ ...possible, essayCount: 2, budget: 10 ** 9 })).toBeNull();
  });

  it.each([
    [{ essayCount: 1 }, "too_few_essays", 2],
    [{ essayCount: 2_001 }, "too_many_essays", 2_000],
    [{ budget: 28 }, "budget_too_small", 29],
    [{ budget: 434, strategy: "all_pairs" as const }, "budget_too_small", 435],
    [
      { essayCount: 257, budget: 32_768, strategy: "all_pairs" as const },
      "too_many_essays_for_all_pairs",
      256,
    ],
    [{ essayCount: 300, budget: 32_769 }, "too_many_comparisons", 32_768],
  ])("names the limit that %o breaks", (change, code, limit) => {
    const problem = findPairingProblem({ ...possible, ...change });
    expect(problem).toMatchObject({ code, limit });
    expect(problem?.message).toContain(String(limit));
  });

  it.each([
    ["essayCount", 2.5],
    ["budget", Number.NaN],
    ["budget", Number.POSITIVE_INFINITY],
    ["seed", 0.1],
  ] as const)("wants an integer for %s, not %d", (field, value) => {
    const problem = findPairingProblem({ ...possible, [field]: value });
    expect(problem).toMatchObject({ code: "not_an_integer", field, value });
    expect(problem?.message).toContain(field);
  });

  it("accepts the smallest budget and refuses one less", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 200 }),
        fc.constantFrom("auto" as const, "all_pairs" as const, "balanced_rounds" as const),
        (essayCount, strategy) => {
          const budget = smallestBudget(essayCount, strategy);
          expect(findPairingProblem({ essayCount, budget, strategy, seed: 1 })).toBeNull();
          expect(findPairingProblem({ essayCount, budget: budget - 1, strategy, seed: 1 })).toMatchObject({
            code: "budget_too_small",
            limit: budget,
          });
        },
      ),
    );
  });

  it("throws the same problem when planned all the same", () => {
    const request = { ...possible, budget: 3 };
    expect(() => planPairs(request)).toThrow(PairingError);
    expect(() => planPairs(request)).toThrow(
      expect.objectContaining({ code: "budget_too_small", problem: findPairingProblem(request) }),
    );
  });
});
