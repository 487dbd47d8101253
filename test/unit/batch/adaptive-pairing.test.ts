import { describe, expect, it } from "vitest";
import type { Batch, BatchConfig, Comparison } from "../../../src/batch/batch.ts";
import { type Callback, recordVerdicts } from "../../../src/batch/commands/record-verdicts.ts";
import { type Ranker, rankEssays } from "../../../src/batch/ranking.ts";
import { nextPairs } from "../../../src/pairing/index.ts";
import { rankByWins } from "../../fakes/rank-by-wins.ts";
import { type BatchUnderTest, errorOf, numbersTo, openBatch, PERMANENT, verdictOf } from "./harness.ts";
import { simulateJudge } from "./simulated-judge.ts";

/** Thirty essays and 150 comparisons, the default budget: five rounds of fifteen, then adaptive ones. */
const ESSAYS = 30;
const ROUND = 15;
const OPENING = 75;
const adaptiveBatch = (config: Partial<BatchConfig> = {}, seed = 7, ranker: Ranker = rankByWins) =>
  openBatch(
    {
      essays: ESSAYS,
      origin: { seed },
      config: {
        pairing: "adaptive",
        maxComparisons: 150,
        completionThresholdPct: 100,
        swapShare: 0.1,
        ...config,
      },
    },
    ranker,
  );

const opening = ({ batch }: BatchUnderTest) => batch.life.pairing?.opening ?? 0;
const inFlight = ({ batch }: BatchUnderTest) => batch.tally.outstanding - batch.tally.unanswered;
const unordered = ({ first, second }: Comparison) => `${Math.min(first, second)}-${Math.max(first, second)}`;
const ofOrigin = ({ batch }: BatchUnderTest, origin: Comparison["origin"]) =>
  batch.comparisons.filter((comparison) => comparison.origin === origin);
const fitsOf = ({ changes }: BatchUnderTest) =>
  changes.flatMap((change) => (change.kind === "fit" ? [change.fit] : []));

function judged(config: Partial<BatchConfig> = {}, seed = 7, ranker: Ranker = rankByWins): BatchUnderTest {
  const batch = adaptiveBatch(config, seed, ranker);
  simulateJudge(ESSAYS, seed).judgeAll(batch);
  return batch;
}

describe("a batch that adapts", () => {
  it("first asks its balanced rounds, all at once and before any verdict", () => {
    const batch = adaptiveBatch();
    expect(batch.batch.life).toMatchObject({
      totalComparisons: 150,
      wave: 1,
      pairing: { strategy: "adaptive", essayCount: ESSAYS, opening: OPENING },
    });
    expect(ofOrigin(batch, "balanced")).toHaveLength(5 * ROUND);
    expect(batch.batch.comparisons).toHaveLength(OPENING);
  });

  it("is what auto makes of a budget below all pairs, and not of one that covers them", () => {
    const strategyOf = (maxComparisons: number) =>
      openBatch({ essays: 10, config: { maxComparisons } }).batch.life.pairing?.strategy;
    expect(strategyOf(44)).toBe("adaptive");
    expect(strategyOf(45)).toBe("all_pairs");
  });

  it("then keeps no more than one round in flight, whatever MAX_IN_FLIGHT allows, and never waits for a round to end", () => {
    const batch = adaptiveBatch({ maxInFlight: 500 });
    const judge = simulateJudge(ESSAYS, 1);
    let lowest = ROUND;
    while (judge.judgeOne(batch)) {
      if (batch.batch.comparisons.length <= opening(batch)) continue;
      expect(inFlight(batch)).toBeLessThanOrEqual(ROUND);
      if (batch.batch.comparisons.length < 150) lowest = Math.min(lowest, inFlight(batch));
    }
    expect(lowest).toBeGreaterThanOrEqual(8);
    expect(batch.batch.life.wave).toBeGreaterThan(5);
  });

  it("keeps fewer in flight when MAX_IN_FLIGHT says so", () => {
    const batch = adaptiveBatch({ maxInFlight: 4 });
    const judge = simulateJudge(ESSAYS, 1);
    while (judge.judgeOne(batch))
      if (batch.batch.comparisons.length > opening(batch)) expect(inFlight(batch)).toBeLessThanOrEqual(4);
    expect(batch.state()).toBe("COMPLETED");
  });

  it("fits once per round of new verdicts, not at every verdict, and stores what it chose by", () => {
    const batch = judged();
    const verdicts = fitsOf(batch).map((fit) => fit.verdicts);
    expect(verdicts.length).toBeGreaterThanOrEqual(3);
    for (const [index, count] of verdicts.slice(1).entries())
      expect(count - verdicts[index]).toBeGreaterThanOrEqual(ROUND);
    expect(fitsOf(batch).at(-1)).toEqual(batch.batch.fit);
  });

  it("loses no verdict when the verdicts so far cannot be fitted, and still comes to its end", () => {
    const batch = adaptiveBatch();
    const judge = simulateJudge(ESSAYS, 7);
    judge.judgeUntil(batch, () => fitsOf(batch).length > 0);
    const { fit } = batch.batch;
    // As another version might have stored it: fits that start from it fail.
    batch.batch.fit = fit && { ...fit, abilities: fit.abilities.slice(1) };
    judge.judgeAll(batch);
    expect(batch.batch.tally.completed).toBe(150);
    expect(batch.state()).toBe("COMPLETED");
  });

  it("chooses by the latest fit, and takes what came after it for in flight", () => {
    const batch = adaptiveBatch();
    const judge = simulateJudge(ESSAYS, 7);
    let scored = new Set<number>();
    let wavesAfterTheFit = 0;
    let askedBefore = batch.batch.comparisons.length;
    while (judge.judgeOne(batch)) {
      const { comparisons, fit, life, origin, config } = batch.batch;
      const judgedNow = comparisons.filter(({ winner }) => winner !== null).map(({ number }) => number);
      if (batch.latest().changes.some(({ kind }) => kind === "fit")) scored = new Set(judgedNow);
      const asked = comparisons.slice(0, askedBefore);
      const planned = comparisons.slice(askedBefore);
      askedBefore = comparisons.length;
      if (planned.length === 0 || fit === null) continue;
      wavesAfterTheFit += judgedNow.length > scored.size ? 1 : 0;
      const again = nextPairs({
        essayCount: ESSAYS,
        budget: life.totalComparisons,
        strategy: "adaptive",
        seed: origin.seed,
        balancedRounds: config.balancedRounds,
        randomShare: config.randomShare,
        swapShare: config.swapShare,
        repeatsInform: false,
        asked: asked.map(({ number, first, second, origin }) => ({
          first,
          second,
          origin,
          status: scored.has(number) ? "scored" : "pending",
        })),
        wanted: planned.length,
        posterior: { abilities: fit.abilities, variances: fit.variances },
      });
      expect(planned.map(({ first, second, origin }) => ({ first, second, origin }))).toEqual(again);
    }
    expect(wavesAfterTheFit).toBeGreaterThan(0);
  });

  it("fits nothing as long as pairs follow from the seed alone", () => {
    const batch = adaptiveBatch();
    batch.judgeAll(numbersTo(60));
    expect(fitsOf(batch)).toEqual([]);
    const planned = openBatch({ essays: 8 });
    planned.judgeAll(numbersTo(28));
    expect(planned.state()).toBe("COMPLETED");
    expect(fitsOf(planned)).toEqual([]);
  });

  it("writes one row for a verdict that starts no wave", () => {
    const batch = adaptiveBatch();
    const judge = simulateJudge(ESSAYS, 3);
    let quiet = 0;
    while (judge.judgeOne(batch) && batch.state() !== "COMPLETED") {
      const { changes } = batch.latest();
      if (changes.some(({ kind }) => kind === "issued" || kind === "transition")) continue;
      expect(changes.map(({ kind }) => kind)).toEqual(["comparison"]);
      quiet += 1;
    }
    expect(quiet).toBeGreaterThan(90);
  });

  it("compares neighbours: adaptive pairs are closer in true ability than random ones", () => {
    const distances = { adaptive: 0, random: 0 };
    for (const seed of numbersTo(6)) {
      const batch = adaptiveBatch({ maxComparisons: 250 }, seed);
      const judge = simulateJudge(ESSAYS, seed);
      judge.judgeAll(batch);
      const meanDistance = (origin: "adaptive" | "random") => {
        const pairs = ofOrigin(batch, origin);
        const lead = ({ first, second }: Comparison) =>
          Math.abs(judge.abilities[first] - judge.abilities[second]);
        return pairs.reduce((sum, pair) => sum + lead(pair), 0) / pairs.length;
      };
      distances.adaptive += meanDistance("adaptive");
      distances.random += meanDistance("random");
    }
    expect(distances.adaptive).toBeLessThan(0.7 * distances.random);
  });

  it("keeps the shares of random pairs and of swaps that it was given", () => {
    const batch = judged({ maxComparisons: 300, randomShare: 0.3, swapShare: 0.2 });
    const random = ofOrigin(batch, "random").length;
    const chosen = random + ofOrigin(batch, "adaptive").length;
    expect(random / chosen).toBeCloseTo(0.3, 1);
    // A pair that was asked again for its information shows it the other way round too, and counts.
    const repeats = batch.batch.comparisons.length - new Set(batch.batch.comparisons.map(unordered)).size;
    const afterTheRounds = batch.batch.comparisons.length - ofOrigin(batch, "balanced").length;
    expect(repeats / afterTheRounds).toBeGreaterThanOrEqual(0.19);
  });

  it("shows a repeated pair the other way round, and none a third time", () => {
    const batch = judged({ maxComparisons: 300, swapShare: 0.3 });
    const showings = Map.groupBy(batch.batch.comparisons, unordered);
    for (const [first, second, ...more] of showings.values()) {
      expect(more).toEqual([]);
      if (second !== undefined) expect([second.first, second.second]).toEqual([first?.second, first?.first]);
    }
  });

  it("shows each essay first and second about equally often: to within four", () => {
    const batch = judged({ maxComparisons: 300 });
    for (const essay of numbersTo(ESSAYS)) {
      const first = batch.batch.comparisons.filter((comparison) => comparison.first === essay).length;
      const second = batch.batch.comparisons.filter((comparison) => comparison.second === essay).length;
      expect(Math.abs(first - second)).toBeLessThanOrEqual(4);
    }
  });

  it("spends its budget exactly, and says so", () => {
    const batch = judged();
    expect(batch.batch.comparisons).toHaveLength(150);
    expect(batch.batch.life).toMatchObject({
      state: "COMPLETED",
      stopReason: "budget_spent",
      totalComparisons: 150,
    });
  });

  it("goes on from its stored facts exactly as it would have from memory", () => {
    const batch = adaptiveBatch();
    const judge = simulateJudge(ESSAYS, 5);
    judge.judgeUntil(batch, () => batch.batch.comparisons.length >= 120);
    const reloaded: Batch = JSON.parse(JSON.stringify(batch.batch));
    const waiting = batch.batch.comparisons.filter(({ status }) => status === "planned");
    const callbacks = waiting.map(({ number }): Callback => verdictOf(number));
    const decide = (from: Batch) => recordVerdicts(from, callbacks, batch.now(), rankEssays);
    const decided = decide(reloaded);
    expect(decided).toEqual(decide(batch.batch));
    expect(decided.changes.filter(({ kind }) => kind === "issued").length).toBeGreaterThan(0);
  });

  it("asks the same pairs under the same seed and verdicts, and others under another seed", () => {
    const pairsOf = (batch: BatchUnderTest) => batch.batch.comparisons.map(unordered);
    expect(pairsOf(judged({}, 8))).toEqual(pairsOf(judged({}, 8)));
    expect(pairsOf(judged({}, 9))).not.toEqual(pairsOf(judged({}, 8)));
  });

  it("starts the same next waves whether callbacks come together, twice or one by one", () => {
    const askedAfter = (portions: (callbacks: readonly Callback[]) => readonly (readonly Callback[])[]) => {
      const batch = adaptiveBatch();
      const callbacks = batch.batch.comparisons.map(({ number, first, second }) =>
        verdictOf(number, first < second ? "essay_a" : "essay_b"),
      );
      for (const portion of portions(callbacks)) batch.deliver(...portion);
      expect(batch.asks()).toHaveLength(batch.batch.comparisons.length);
      return batch.batch.comparisons;
    };
    const together = askedAfter((callbacks) => [callbacks]);
    expect(together.length).toBeGreaterThan(OPENING);
    expect(askedAfter((callbacks) => [callbacks, callbacks])).toEqual(together);
    expect(askedAfter((callbacks) => [[...callbacks, ...callbacks]])).toEqual(together);
    expect(askedAfter((callbacks) => callbacks.map((callback) => [callback]))).toEqual(together);
  });

  it("may ask a failed pair again, and gives it up at its second failure", () => {
    const batch = openBatch({
      essays: 6,
      config: {
        pairing: "adaptive",
        balancedRounds: 2,
        maxComparisons: 60,
        maxRetryAttempts: 0,
        minSuccessRateThreshold: 0,
        completionThresholdPct: 100,
      },
    });
    const poisoned = unordered(batch.comparison(0));
    for (let number = 0; number < batch.batch.comparisons.length; number++) {
      if (unordered(batch.comparison(number)) === poisoned) batch.error(number, PERMANENT);
      else batch.judge(number);
    }
    const asked = batch.batch.comparisons.filter((comparison) => unordered(comparison) === poisoned);
    expect(asked.map(({ status }) => status)).toEqual(["failed", "failed"]);
    expect(batch.state()).toBe("COMPLETED");
  });

  it("draws pairs at random as long as there is no fit to choose by", () => {
    const batch = adaptiveBatch({ minSuccessRateThreshold: 0, maxRetryAttempts: 0 });
    batch.deliver(...numbersTo(OPENING).map((number) => errorOf(number, PERMANENT)));
    const chosen = batch.batch.comparisons.slice(OPENING);
    expect(chosen.length).toBeGreaterThan(0);
    expect(new Set(chosen.map(({ origin }) => origin))).not.toContain("adaptive");
    expect(batch.batch.fit).toBeNull();
  });

  it("says in its ranking that pairs were chosen adaptively, and how the random ones fit", () => {
    const ranking = judged({}, 7, rankEssays).ranking();
    expect(ranking?.reliability?.pairs_chosen_adaptively).toBe(true);
    const fit = ranking?.model?.pairs ?? [];
    expect(fit.map(({ origin }) => origin)).toEqual(["balanced", "adaptive", "random", "swap"]);
    expect(fit.reduce((sum, { verdicts }) => sum + verdicts, 0)).toBe(150);
    const foretold = ranking?.model?.random_pairs_foretold;
    expect(foretold?.verdicts).toBe(fit.find(({ origin }) => origin === "random")?.verdicts);
    expect(foretold?.log_loss).toBeLessThan(1);
  });

  it("foretells random pairs better than a coin", () => {
    const foretold = numbersTo(6).map(
      (seed) => judged({}, seed, rankEssays).ranking()?.model?.random_pairs_foretold,
    );
    const sum = (of: (each: { verdicts: number; agreement: number }) => number) =>
      foretold.reduce((total, each) => total + (each ? of(each) : 0), 0);
    expect(sum(({ verdicts, agreement }) => verdicts * agreement)).toBeGreaterThan(
      0.55 * sum(({ verdicts }) => verdicts),
    );
  });

  it("does not say so when it never came to adapt", () => {
    const ranking = judged({ maxComparisons: 75 }, 7, rankEssays).ranking();
    expect(ranking?.reliability?.pairs_chosen_adaptively).toBe(false);
    expect(ranking?.model?.random_pairs_foretold).toBeNull();
  });

  it("measures by its swaps how consistent the judge is", () => {
    const batch = adaptiveBatch({ maxComparisons: 100 }, 7, rankEssays);
    for (let number = 0; number < batch.batch.comparisons.length; number++) batch.judge(number, "essay_a");
    // A judge that always prefers the essay shown first contradicts itself on every repeated pair.
    expect(batch.ranking()?.model?.judges.at(0)?.consistency).toBe(0);
  });
});

describe("a batch with more budget than pairs", () => {
  it.each([2, 3, 4, 5, 7])(
    "of %i essays asks each pair both ways and ends with its last verdict",
    (essays) => {
      const batch = openBatch({ essays, config: { pairing: "adaptive", completionThresholdPct: 100 } });
      simulateJudge(essays, 1).judgeAll(batch);
      expect(batch.state()).toBe("COMPLETED");
      expect(batch.batch.comparisons).toHaveLength(essays * (essays - 1));
      expect(batch.batch.life.stopReason).toBe("all_comparisons_settled");
    },
  );

  it.each([
    [19, "budget_spent"],
    [20, "all_comparisons_settled"],
    [21, "all_comparisons_settled"],
  ])("says of five essays and a budget of %i that it ended by %s", (maxComparisons, stopReason) => {
    const batch = openBatch({
      essays: 5,
      config: { pairing: "adaptive", completionThresholdPct: 100, maxComparisons },
    });
    simulateJudge(5, 1).judgeAll(batch);
    expect(batch.batch.life).toMatchObject({ state: "COMPLETED", stopReason });
  });

  it("ends when no pair is left to ask, whatever its plan has promised", () => {
    const batch = openBatch({ essays: 5, config: { completionThresholdPct: 100, maxRetryAttempts: 0 } });
    batch.batch.life = { ...batch.batch.life, totalComparisons: 20 };
    const [poisoned, ...others] = batch.batch.comparisons;
    batch.error(poisoned.number, PERMANENT);
    batch.judgeAll(others.map(({ number }) => number));
    expect(batch.batch.comparisons).toHaveLength(11);
    batch.judge(10);
    expect(batch.batch.life).toMatchObject({
      state: "COMPLETED",
      stopReason: "no_pair_left",
      totalComparisons: 11,
    });
  });
});
