import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type AskedPair,
  countAllPairs,
  nextPairs,
  PairingError,
  type PairingRequest,
  type PairingState,
  type PlannedPair,
  planPairs,
} from "../../../src/pairing/index.ts";
import { driveBatch, somePosterior } from "./driven-batch.ts";
import { countComponents, largestMagnitude, spread, tallyPrefixes, unordered } from "./pair-laws.ts";

const seeds = fc.maxSafeInteger();

const adaptiveRequests = fc.integer({ min: 2, max: 26 }).chain((essayCount) =>
  fc.record<PairingRequest>({
    essayCount: fc.constant(essayCount),
    budget: fc.integer({ min: essayCount - 1, max: 12 * essayCount }),
    strategy: fc.constant("adaptive"),
    seed: seeds,
    balancedRounds: fc.integer({ min: 2, max: 6 }),
    randomShare: fc.constantFrom(0, 0.15, 0.5, 1),
    swapShare: fc.constantFrom(0, 0.1, 0.3, 0.5),
  }),
);

const plannedRequests = fc.integer({ min: 2, max: 20 }).chain((essayCount) =>
  fc.record<PairingRequest>({
    essayCount: fc.constant(essayCount),
    budget: fc.integer({ min: countAllPairs(essayCount), max: 2 * countAllPairs(essayCount) }),
    strategy: fc.constantFrom("auto", "all_pairs", "balanced_rounds"),
    seed: seeds,
  }),
);

const drives = fc
  .record({ request: adaptiveRequests, inFlight: fc.integer({ min: 1, max: 40 }), fitted: fc.boolean() })
  .map(({ request, inFlight, fitted }) => ({
    request,
    inFlight,
    posterior: fitted ? somePosterior(request.essayCount, request.seed) : null,
  }));

/** A batch in the middle of adapting, its opening answered. */
function midBatch(essayCount: number, change: Partial<PairingState> = {}): PairingState {
  const { pairs } = planPairs({
    essayCount,
    budget: 3 * Math.floor(essayCount / 2),
    strategy: "balanced_rounds",
    seed: 4,
  });
  return {
    essayCount,
    budget: 10 * essayCount,
    strategy: "adaptive",
    balancedRounds: 3,
    seed: 4,
    swapShare: 0,
    randomShare: 0,
    asked: pairs.map((pair) => ({ ...pair, origin: "balanced", status: "scored" })),
    wanted: essayCount,
    posterior: somePosterior(essayCount, 4),
    ...change,
  };
}

function ofOrigin(pairs: readonly PlannedPair[], origin: PlannedPair["origin"]): PlannedPair[] {
  return pairs.filter((pair) => pair.origin === origin);
}

/** The essays' showings of each pair, in order, failed ones left out. */
function showings(asked: readonly AskedPair[]): Map<string, AskedPair[]> {
  return Map.groupBy(
    asked.filter(({ status }) => status !== "failed"),
    unordered,
  );
}

describe("asking the whole plan in pieces", () => {
  it.each(["all_pairs", "balanced_rounds", "auto"] as const)("follows the plan under %s", (strategy) => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 20 }),
        seeds,
        fc.integer({ min: 1, max: 50 }),
        (n, seed, inFlight) => {
          const request = { essayCount: n, budget: countAllPairs(n), strategy, seed };
          const { asked } = driveBatch({ request, inFlight });
          expect(asked.map(({ first, second }) => ({ first, second }))).toEqual(planPairs(request).pairs);
        },
      ),
    );
  });

  it("ends when all pairs have been asked, though the budget allows more", () => {
    fc.assert(
      fc.property(plannedRequests, fc.integer({ min: 1, max: 50 }), (request, inFlight) => {
        const { asked } = driveBatch({ request, inFlight });
        expect(asked).toHaveLength(countAllPairs(request.essayCount));
      }),
    );
  });

  it("asks failed pairs again within the budget, and gives each up at its second failure", () => {
    fc.assert(
      fc.property(plannedRequests, (request) => {
        const { asked } = driveBatch({ request, inFlight: 16, failureShare: 0.4 });
        expect(asked.length).toBeLessThanOrEqual(request.budget);
        for (const [, times] of Map.groupBy(asked, unordered)) {
          expect(times.filter(({ status }) => status === "failed").length).toBeLessThanOrEqual(2);
          expect(times.filter(({ status }) => status !== "failed").length).toBeLessThanOrEqual(1);
          if (asked.length < request.budget && times.length === 1) expect(times[0]?.status).toBe("scored");
        }
      }),
    );
  });

  it("mixes swaps into balanced rounds when asked to, the oldest pair first, and keeps counts within two", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 4, max: 24 }),
        seeds,
        fc.constantFrom(0.1, 0.25, 0.5),
        (essayCount, seed, swapShare) => {
          const request = {
            essayCount,
            budget: 3 * essayCount,
            strategy: "balanced_rounds",
            seed,
            swapShare,
          } as const;
          const { asked } = driveBatch({ request, inFlight: 20 });
          const swaps = ofOrigin(asked, "swap");
          const balanced = ofOrigin(asked, "balanced");
          expect(swaps.map(({ first, second }) => ({ first: second, second: first }))).toEqual(
            balanced.slice(0, swaps.length).map(({ first, second }) => ({ first, second })),
          );
          for (const { counts, positions } of tallyPrefixes(essayCount, asked)) {
            expect(spread(counts)).toBeLessThanOrEqual(2);
            expect(largestMagnitude(positions)).toBeLessThanOrEqual(2);
          }
          if (asked.length === request.budget) {
            expect(swaps.length).toBeGreaterThanOrEqual(Math.floor(swapShare * request.budget) - 1);
          }
        },
      ),
    );
  });

  it.each([
    [2, 0.5, 1, 1],
    [3, 0.5, 3, 3],
    [3, 0.25, 3, 1],
    [3, 0.1, 3, 0],
    [4, 0.5, 6, 6],
  ])(
    "keeps the share to the end when %i essays run out of pairs: %d makes %i pairs and %i swaps",
    (essayCount, swapShare, pairs, swaps) => {
      const request = { essayCount, budget: 120, strategy: "balanced_rounds", seed: 3, swapShare } as const;
      const { asked } = driveBatch({ request, inFlight: 2 });
      expect(ofOrigin(asked, "balanced")).toHaveLength(pairs);
      expect(ofOrigin(asked, "swap")).toHaveLength(swaps);
    },
  );

  it("connects all essays on every budget that is accepted, whatever the shares", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 24 }),
        fc.integer({ min: 0, max: 20 }),
        seeds,
        fc.constantFrom("balanced_rounds", "adaptive", "auto"),
        fc.constantFrom(0, 0.1, 0.5),
        (essayCount, beyond, seed, strategy, swapShare) => {
          const budget = essayCount - 1 + beyond;
          const request = { essayCount, budget, strategy, seed, swapShare } as const;
          const { asked } = driveBatch({ request, inFlight: 5 });
          expect(asked.length).toBeLessThanOrEqual(budget);
          expect(countComponents(essayCount, asked)).toBe(1);
        },
      ),
    );
  });

  it("never swaps under all pairs, whatever the share", () => {
    const request = { essayCount: 10, budget: 120, strategy: "auto", seed: 1, swapShare: 0.3 } as const;
    expect(driveBatch({ request, inFlight: 12 }).asked).toHaveLength(45);
  });
});

describe("adapting to the verdicts", () => {
  it("is what auto does when all pairs exceed the budget by one", () => {
    const request = { essayCount: 12, budget: 65, strategy: "auto", seed: 3 } as const;
    const posterior = somePosterior(12, 3);
    const adapted = driveBatch({ request, inFlight: 6, posterior }).asked;
    expect(adapted).toEqual(
      driveBatch({ request: { ...request, strategy: "adaptive" }, inFlight: 6, posterior }).asked,
    );
    expect(ofOrigin(adapted, "adaptive").length).toBeGreaterThan(0);
    const all = driveBatch({ request: { ...request, budget: 66 }, inFlight: 6, posterior }).asked;
    expect(ofOrigin(all, "balanced")).toHaveLength(66);
  });

  it("opens with balanced rounds that connect all essays", () => {
    fc.assert(
      fc.property(drives, ({ request, ...drive }) => {
        const { essayCount, balancedRounds = 0 } = request;
        const { asked } = driveBatch({ request, ...drive });
        const opening = Math.min(Math.floor((balancedRounds * essayCount) / 2), countAllPairs(essayCount));
        const balanced = ofOrigin(asked, "balanced");
        expect(balanced.length).toBeLessThanOrEqual(opening);
        if (asked.length < request.budget) expect(balanced).toHaveLength(opening);
        if (request.swapShare === 0) expect(countComponents(essayCount, asked)).toBe(1);
      }),
    );
  });

  it("always comes to an end, at the budget or with every pair asked both ways", () => {
    fc.assert(
      fc.property(drives, (drive) => {
        const { asked } = driveBatch(drive);
        const { budget, essayCount } = drive.request;
        expect(asked.length).toBeLessThanOrEqual(Math.min(budget, 2 * countAllPairs(essayCount)));
        if (asked.length < budget) {
          expect(showings(asked).size).toBe(countAllPairs(essayCount));
        }
      }),
    );
  });

  it("comes to an end when verdicts fail, and when all of them do", () => {
    fc.assert(
      fc.property(drives, fc.constantFrom(0.1, 0.5, 1), (drive, failureShare) => {
        const { asked } = driveBatch({ ...drive, failureShare });
        expect(asked.length).toBeLessThanOrEqual(drive.request.budget);
        if (asked.length < drive.request.budget) {
          expect(Map.groupBy(asked, unordered).size).toBe(countAllPairs(drive.request.essayCount));
        }
      }),
    );
  });

  it("gives a pair up after two failures, and what was in flight by then", () => {
    const request = { essayCount: 5, budget: 200, strategy: "adaptive", seed: 2 } as const;
    const { asked } = driveBatch({ request, inFlight: 4, failureShare: 1, posterior: somePosterior(5, 2) });
    const failures = [...Map.groupBy(asked, unordered).values()].map(({ length }) => length);
    expect(failures).toHaveLength(10);
    expect(Math.min(...failures)).toBeGreaterThanOrEqual(2);
    expect(Math.max(...failures)).toBeLessThanOrEqual(3);
  });

  it("shows each essay at most once in a round", () => {
    fc.assert(
      fc.property(drives, (drive) => {
        for (const call of driveBatch(drive).calls) {
          if (call.some(({ origin }) => origin === "balanced")) continue;
          const shown = call.flatMap(({ first, second }) => [first, second]);
          expect(new Set(shown).size).toBe(shown.length);
        }
      }),
    );
  });

  it("asks no pair more than twice, the second time the other way round", () => {
    fc.assert(
      fc.property(drives, (drive) => {
        for (const [, times] of showings(driveBatch(drive).asked)) {
          expect(times.length).toBeLessThanOrEqual(2);
          if (times.length === 2) expect(times[1]?.first).toBe(times[0]?.second);
        }
      }),
    );
  });

  it("marks as swap only what repeats a pair, and as random only what does not", () => {
    fc.assert(
      fc.property(drives, (drive) => {
        for (const [, [first, second]] of showings(driveBatch(drive).asked)) {
          expect(first?.origin).not.toBe("swap");
          expect(["swap", "adaptive", undefined]).toContain(second?.origin);
        }
      }),
    );
  });

  it("shows no essay first, or second, more than four times more often than the other way", () => {
    fc.assert(
      fc.property(drives, (drive) => {
        for (const { positions } of tallyPrefixes(drive.request.essayCount, driveBatch(drive).asked)) {
          expect(largestMagnitude(positions)).toBeLessThanOrEqual(4);
        }
      }),
    );
  });

  it("keeps the share of random pairs at every moment", () => {
    const request = {
      essayCount: 40,
      budget: 300,
      strategy: "adaptive",
      seed: 8,
      randomShare: 0.15,
    } as const;
    const { asked } = driveBatch({ request, inFlight: 20, posterior: somePosterior(40, 8) });
    const chosen = asked.filter(({ origin }) => origin === "adaptive" || origin === "random");
    const randoms = ofOrigin(chosen, "random");
    expect(randoms).toHaveLength(Math.floor(0.15 * chosen.length));
    expect(ofOrigin(chosen.slice(0, 100), "random").length).toBeGreaterThanOrEqual(14);
  });

  it("keeps the share of swaps among the pairs chosen after the opening, which has none", () => {
    const request = { essayCount: 40, budget: 300, strategy: "adaptive", seed: 8, swapShare: 0.1 } as const;
    const { asked } = driveBatch({ request, inFlight: 20, posterior: somePosterior(40, 8) });
    const repeats = [...showings(asked).values()].filter(({ length }) => length === 2);
    expect(repeats.length).toBeGreaterThanOrEqual(20);
    expect(ofOrigin(asked, "swap").length).toBeLessThanOrEqual(20);
    expect(ofOrigin(asked.slice(0, 100), "swap")).toEqual([]);
  });

  it("owes no swaps for the opening's own pairs", () => {
    const state = midBatch(30, { balancedRounds: 5, wanted: 15, swapShare: 0.1, budget: 400 });
    const opening = nextPairs({ ...state, asked: [], wanted: 75 });
    const asked = opening.map((pair): AskedPair => ({ ...pair, status: "scored" }));
    expect([opening.length, ofOrigin(opening, "swap").length]).toEqual([75, 0]);
    expect(ofOrigin(nextPairs({ ...state, asked }), "swap")).toHaveLength(1);
  });

  it("draws at random while there is no fit to adapt to", () => {
    const state = midBatch(12, { posterior: null, wanted: 6 });
    const pairs = nextPairs(state);
    expect(pairs.length).toBeGreaterThan(0);
    expect(ofOrigin(pairs, "random")).toHaveLength(pairs.length);
  });

  it("pairs essays of like ability", () => {
    const abilities = [0, 4, 0.1, -4, 4.1, -4.1];
    const state = midBatch(6, {
      asked: openingOf(6),
      posterior: { abilities, variances: new Array(6).fill(0.5) },
    });
    expect(nextPairs(state).map(unordered).toSorted()).toEqual(["0-2", "1-4", "3-5"]);
  });

  it("asks first about the essays it knows least, other things being equal", () => {
    const variances = [0.1, 0.1, 0.9, 0.1, 0.1, 0.9];
    const state = midBatch(6, {
      asked: openingOf(6),
      wanted: 1,
      posterior: { abilities: new Array(6).fill(0), variances },
    });
    expect(nextPairs(state).map(unordered)).toEqual(["2-5"]);
  });

  it("counts a pair in flight as asked: neither again nor as if its essays were still as uncertain", () => {
    const state = midBatch(6, {
      asked: [...openingOf(6), { first: 2, second: 5, origin: "adaptive", status: "pending" }],
      wanted: 1,
      posterior: { abilities: new Array(6).fill(0), variances: [0.5, 0.5, 0.52, 0.5, 0.5, 0.52] },
    });
    const [pair] = nextPairs(state);
    expect([2, 5]).not.toContain(pair?.first);
    expect([2, 5]).not.toContain(pair?.second);
  });

  it("prefers a new pair to a repeat of one that is as close and as uncertain", () => {
    const asked: AskedPair[] = [
      ...openingOf(6),
      { first: 0, second: 2, origin: "adaptive", status: "scored" },
    ];
    const abilities = [0, 0, 0, 9, -9, 18];
    const posterior = { abilities, variances: new Array(6).fill(0.5) };
    for (let seed = 0; seed < 20; seed++) {
      const pairs = nextPairs(midBatch(6, { asked, wanted: 1, posterior, seed }));
      expect(pairs.map(unordered)).toEqual(["0-1"]);
    }
  });

  it("does not show two essays together that have both been first four times more often, however informative", () => {
    const shown = [
      ...[2, 3, 4, 5].map((second) => [0, second]),
      ...[6, 7, 8, 9].map((second) => [1, second]),
      [2, 6],
      [3, 7],
    ];
    const asked = shown.map(
      ([first, second]): AskedPair => ({ first, second, origin: "balanced", status: "scored" }),
    );
    const variances = [0.9, 0.9, ...new Array(8).fill(0.3)];
    const posterior = { abilities: new Array(10).fill(0), variances };
    const [pair] = nextPairs(midBatch(10, { asked, wanted: 1, posterior, balancedRounds: 2 }));
    expect(pair && unordered(pair)).not.toBe("0-1");
    expect([0, 1]).toContain(pair?.second);
    const less = nextPairs(
      midBatch(10, {
        asked: [...asked.slice(1), ...asked.slice(-1)],
        wanted: 1,
        posterior,
        balancedRounds: 2,
      }),
    );
    expect(less.map(({ first, second }) => [first, second])).toEqual([[0, 1]]);
  });

  it("repeats no pair for its information where one judge gives both verdicts: only as many as swaps are due", () => {
    const request = {
      essayCount: 20,
      budget: 150,
      strategy: "adaptive",
      seed: 8,
      swapShare: 0.1,
      repeatsInform: false,
    } as const;
    const repeatsOf = (repeatsInform: boolean) => {
      const drive = { request: { ...request, repeatsInform }, inFlight: 10, posterior: somePosterior(20, 8) };
      const { asked } = driveBatch(drive);
      return [...showings(asked).values()].filter(({ length }) => length === 2).length;
    };
    expect(repeatsOf(false)).toBe(10);
    expect(repeatsOf(true)).toBeGreaterThan(20);
  });

  it("keeps its shares when far more pairs are wanted than a round holds", () => {
    const state = midBatch(30, { wanted: 1_000, budget: 2_000, swapShare: 0.1, randomShare: 0.2 });
    const opening = nextPairs({ ...state, asked: [] });
    const asked = opening.map((pair): AskedPair => ({ ...pair, status: "scored" }));
    const pairs = nextPairs({ ...state, asked });
    expect([ofOrigin(opening, "balanced").length, ofOrigin(opening, "swap").length]).toEqual([45, 0]);
    expect([pairs.length, ofOrigin(pairs, "swap").length, ofOrigin(pairs, "random").length]).toEqual([
      15, 1, 2,
    ]);
  });

  it("may ask a failed pair again as if it were new", () => {
    const asked: AskedPair[] = [
      ...openingOf(6),
      { first: 2, second: 5, origin: "adaptive", status: "failed" },
    ];
    const variances = [0.1, 0.1, 0.9, 0.1, 0.1, 0.9];
    const posterior = { abilities: new Array(6).fill(0), variances };
    expect(nextPairs(midBatch(6, { asked, wanted: 1, posterior })).map(unordered)).toEqual(["2-5"]);
  });

  it("gives the same pairs for the same state, and others for another seed", () => {
    const state = midBatch(40, { randomShare: 0.5, swapShare: 0.2 });
    expect(nextPairs(state)).toEqual(nextPairs({ ...state, asked: [...state.asked] }));
    expect(nextPairs({ ...state, seed: 5 })).not.toEqual(nextPairs(state));
  });

  it("draws anew for every round", () => {
    const state = midBatch(40, { posterior: null });
    const failed = { first: 0, second: 1, origin: "random", status: "failed" } as const;
    const later = nextPairs({ ...state, asked: [...state.asked, failed] });
    const pairs = nextPairs(state).map(unordered);
    expect(later.filter((pair) => pairs.includes(unordered(pair))).length).toBeLessThan(5);
  });
});

/** Six essays asked in pairs that leave 0–2, 1–4, 3–5 and 2–5 unasked. */
function openingOf(essayCount: 6): AskedPair[] {
  const path = [
    [0, 3],
    [3, 1],
    [1, 5],
    [5, 4],
    [4, 2],
    [2, 3],
    [5, 0],
    [0, 4],
    [1, 2],
  ] as const;
  return path
    .slice(0, 1.5 * essayCount)
    .map(([first, second]) => ({ first, second, origin: "balanced", status: "scored" }));
}

describe("asking within limits", () => {
  it("returns no more than wanted, and nothing when nothing is wanted", () => {
    expect(nextPairs(midBatch(20, { wanted: 3 }))).toHaveLength(3);
    expect(nextPairs(midBatch(20, { wanted: 0 }))).toEqual([]);
    expect(nextPairs(midBatch(20, { wanted: -4 }))).toEqual([]);
  });

  it("returns no more than the budget allows", () => {
    const state = midBatch(20);
    expect(nextPairs({ ...state, budget: state.asked.length + 2 })).toHaveLength(2);
    expect(nextPairs({ ...state, budget: state.asked.length })).toEqual([]);
  });

  it.each([
    [{ balancedRounds: 1 }, "out_of_range", "balancedRounds"],
    [{ balancedRounds: 21 }, "out_of_range", "balancedRounds"],
    [{ balancedRounds: 2.5 }, "not_an_integer", "balancedRounds"],
    [{ randomShare: 1.1 }, "out_of_range", "randomShare"],
    [{ randomShare: Number.NaN }, "out_of_range", "randomShare"],
    [{ swapShare: 0.6 }, "out_of_range", "swapShare"],
    [{ budget: 18 }, "budget_too_small", "budget"],
  ] as const)("refuses %o", (change, code, field) => {
    expect(() => nextPairs(midBatch(20, change))).toThrow(PairingError);
    expect(() => nextPairs(midBatch(20, change))).toThrow(
      expect.objectContaining({ code, problem: expect.objectContaining({ field }) }),
    );
  });

  it("counts repeats against the limit of comparisons", () => {
    const request = { essayCount: 250, budget: 32_769, seed: 1 } as const;
    expect(() => nextPairs(midBatch(250, { ...request }))).toThrow("32768");
    expect(nextPairs(midBatch(250, { ...request, strategy: "balanced_rounds" })).length).toBeGreaterThan(0);
  });

  it("takes a posterior of the wrong size or without finite numbers for a bug", () => {
    const posterior = somePosterior(19, 1);
    expect(() => nextPairs(midBatch(20, { posterior }))).toThrow(RangeError);
    const abilities = new Array(20).fill(Number.NaN);
    expect(() => nextPairs(midBatch(20, { posterior: { ...somePosterior(20, 1), abilities } }))).toThrow(
      RangeError,
    );
    const variances = new Array(20).fill(-1);
    expect(() => nextPairs(midBatch(20, { posterior: { ...somePosterior(20, 1), variances } }))).toThrow(
      RangeError,
    );
  });
});
