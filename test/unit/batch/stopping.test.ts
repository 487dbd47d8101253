import { describe, expect, it } from "vitest";
import type { BatchConfig } from "../../../src/batch/batch.ts";
import { rankByWins } from "../../fakes/rank-by-wins.ts";
import { type BatchUnderTest, HOUR, numbersTo, openBatch, PERMANENT } from "./harness.ts";
import { simulateJudge } from "./simulated-judge.ts";

const ESSAYS = 20;
const ROUND = 10;
const STRATEGIES = ["balanced_rounds", "adaptive", "all_pairs"] as const;

/** Twenty essays that may be compared 190 times, so that every strategy has as much to ask. */
const stoppable = (config: Partial<BatchConfig>, seed = 7) =>
  openBatch(
    {
      essays: ESSAYS,
      origin: { seed },
      config: { pairing: "adaptive", maxComparisons: 190, completionThresholdPct: 100, ...config },
    },
    rankByWins,
  );

function judged(config: Partial<BatchConfig>, seed = 7, deviation = 1.7): BatchUnderTest {
  const batch = stoppable(config, seed);
  simulateJudge(ESSAYS, seed, deviation).judgeAll(batch);
  return batch;
}

const fitsOf = ({ changes }: BatchUnderTest) =>
  changes.flatMap((change) => (change.kind === "fit" ? [change.fit] : []));

/** Verdicts per essay at the moment at which pairing stopped. */
function fewestVerdictsAtStop(batch: BatchUnderTest): number {
  const verdicts = fitsOf(batch).at(-1)?.verdicts ?? 0;
  const known = batch.changes.flatMap((change) =>
    change.kind === "comparison" && change.comparison.winner !== null ? [change.comparison] : [],
  );
  const seen = known.slice(0, verdicts);
  return Math.min(
    ...numbersTo(ESSAYS).map(
      (essay) => seen.filter(({ first, second }) => first === essay || second === essay).length,
    ),
  );
}

describe("a target for reliability", () => {
  it.each(STRATEGIES)("stops the asking under %s, before the budget is spent", (pairing) => {
    const batch = judged({ pairing, targetReliability: 0.7 });
    const { life, comparisons } = batch.batch;
    expect(life).toMatchObject({ state: "COMPLETED", stopReason: "target_reliability_reached" });
    expect(comparisons.length).toBeLessThan(170);
    expect(life.totalComparisons).toBe(comparisons.length);
    expect(batch.events("result").at(0)?.envelope.data).toMatchObject({
      assessment_metadata: { stop_reason: "target_reliability_reached" },
    });
  });

  it("has to hold at two fits with at least n/2 new verdicts between them", () => {
    for (const seed of numbersTo(10)) {
      const batch = judged({ targetReliability: 0.75 }, seed);
      if (batch.batch.life.stopReason !== "target_reliability_reached") continue;
      const [before, last] = fitsOf(batch).slice(-2);
      expect(last.verdicts - before.verdicts).toBeGreaterThanOrEqual(ROUND);
      for (const fit of [before, last]) expect(fit.reliability).toBeGreaterThanOrEqual(0.75);
    }
  });

  it("does not stop at the first fit that reaches it", () => {
    const first = judged({ targetReliability: 0.01, minComparisonsPerEssay: 1 });
    expect(fitsOf(first)).toHaveLength(2);
  });

  it("is never met while the spread of the essays cannot be estimated", () => {
    let stopped = 0;
    let indecisive = 0;
    for (const seed of numbersTo(20)) {
      const batch = judged({ targetReliability: 0.01, minComparisonsPerEssay: 1 }, seed, 0);
      const fits = fitsOf(batch);
      indecisive += fits.filter(({ decisive }) => !decisive).length;
      if (batch.batch.life.stopReason !== "target_reliability_reached") continue;
      stopped += 1;
      for (const fit of fits.slice(-2)) expect(fit.decisive).toBe(true);
    }
    // Coins: the rule says nothing unless both happen.
    expect(indecisive).toBeGreaterThan(0);
    expect(stopped).toBeGreaterThan(0);
  });

  it("waits until every essay has its share of verdicts", () => {
    for (const least of [3, 6, 9]) {
      const batch = judged({ targetReliability: 0.1, minComparisonsPerEssay: least }, 3);
      expect(batch.batch.life.stopReason).toBe("target_reliability_reached");
      expect(fewestVerdictsAtStop(batch)).toBeGreaterThanOrEqual(least);
    }
  });

  it("that is never met leaves the batch to its budget", () => {
    expect(judged({ targetReliability: 1, maxComparisons: 100 }).batch.life).toMatchObject({
      stopReason: "budget_spent",
      totalComparisons: 100,
    });
  });

  it("lets what is in flight count, for as long as the grace lasts", () => {
    const batch = stoppable({ targetReliability: 0.5 });
    const judge = simulateJudge(ESSAYS, 7);
    judge.judgeUntil(batch, () => batch.state() === "SCORING");
    const { outstanding, completed } = batch.batch.tally;
    expect(outstanding).toBeGreaterThan(1);
    expect(batch.batch.life).toMatchObject({
      pairingStop: "target_reliability_reached",
      totalComparisons: completed + outstanding,
    });
    expect(batch.ranking()).toMatchObject({ provisional: true });
    judge.judgeOne(batch);
    expect(batch.batch.comparisons).toHaveLength(completed + outstanding);
    batch.sleepUntilAlarm();
    expect(batch.batch.life).toMatchObject({ state: "COMPLETED", stopReason: "target_reliability_reached" });
    expect(batch.batch.tally).toMatchObject({ completed: completed + 1 });
  });

  it("still ends in recovery when the batch time runs out first", () => {
    const batch = stoppable({ targetReliability: 0.5, stragglerGraceSeconds: 86_400, batchTimeoutHours: 1 });
    const judge = simulateJudge(ESSAYS, 7);
    judge.judgeUntil(batch, () => batch.state() === "SCORING");
    batch.advance(2 * HOUR);
    batch.wake();
    expect(batch.batch.life).toMatchObject({ state: "COMPLETED", stopReason: "forced_recovery" });
  });

  it("does not stop a batch of which too much has failed: what was asked is then the whole plan", () => {
    const batch = stoppable({
      targetReliability: 0.01,
      minComparisonsPerEssay: 1,
      maxRetryAttempts: 0,
      minSuccessRateThreshold: 0.8,
    });
    const judge = simulateJudge(ESSAYS, 7);
    // 25 of the first 60 or so: below the required share of what was asked, within it of the whole plan.
    for (const number of numbersTo(25)) batch.error(number, PERMANENT);
    judge.judgeUntil(batch, () => batch.batch.comparisons.length >= 120);
    expect(batch.state()).toBe("WAITING_CALLBACKS");
    judge.judgeAll(batch);
    expect(batch.batch.life.stopReason).toBe("target_reliability_reached");
    const { totalComparisons } = batch.batch.life;
    expect((totalComparisons - 25) / totalComparisons).toBeGreaterThanOrEqual(0.8);
  });
});

describe("stability of scores", () => {
  it("stops nothing unless it is asked for", () => {
    const batch = judged({ pairing: "balanced_rounds" });
    expect(fitsOf(batch)).toEqual([]);
    expect(batch.batch.life.stopReason).toBe("all_comparisons_settled");
  });

  it("stops when no score has moved by more than the threshold between two fits n/2 verdicts apart", () => {
    const batch = judged({ scoreStability: 0.7 });
    expect(batch.batch.life.stopReason).toBe("score_stability_reached");
    const [before, last] = fitsOf(batch).slice(-2);
    expect(last.verdicts - before.verdicts).toBeGreaterThanOrEqual(ROUND);
    const moves = last.abilities.map((ability, essay) => Math.abs(ability - before.abilities[essay]));
    expect(Math.max(...moves)).toBeLessThanOrEqual(0.7);
  });

  it("is hardly ever reached at the original's threshold of .025", () => {
    const stops = numbersTo(5).map((seed) => judged({ scoreStability: 0.025 }, seed).batch.life.stopReason);
    expect(new Set(stops)).toEqual(new Set(["budget_spent"]));
  });

  it("means nothing while the spread of the essays cannot be estimated: scores that are all 0 do not move", () => {
    const coins = { scoreStability: 10, minComparisonsPerEssay: 1, minComparisonsForStabilityCheck: 1 };
    let passedOver = 0;
    for (const seed of numbersTo(20)) {
      const batch = judged(coins, seed, 0);
      const fits = fitsOf(batch);
      passedOver += fits.slice(1).filter((fit, at) => !(fit.decisive && fits[at].decisive)).length;
      if (batch.batch.life.stopReason !== "score_stability_reached") continue;
      for (const fit of fits.slice(-2)) expect(fit.decisive).toBe(true);
    }
    expect(passedOver).toBeGreaterThan(0);
  });

  it("is not looked at before MIN_COMPARISONS_FOR_STABILITY_CHECK verdicts", () => {
    const config = { scoreStability: 10, minComparisonsPerEssay: 1 };
    const soon = judged({ ...config, minComparisonsForStabilityCheck: 12 });
    const late = judged({ ...config, minComparisonsForStabilityCheck: 120 });
    expect(fitsOf(soon).at(-1)?.verdicts).toBeLessThan(60);
    expect(fitsOf(late).at(-1)?.verdicts).toBeGreaterThanOrEqual(120);
    for (const batch of [soon, late]) expect(batch.batch.life.stopReason).toBe("score_stability_reached");
  });
});

describe("a batch with a stopping rule", () => {
  it.each(STRATEGIES)("keeps at most a round in flight under %s once a rule may apply", (pairing) => {
    const batch = stoppable({ pairing, targetReliability: 0.9, minComparisonsPerEssay: 4 });
    const judge = simulateJudge(ESSAYS, 2);
    const free = batch.batch.comparisons.length;
    expect(free).toBe(4 * ROUND);
    while (judge.judgeOne(batch))
      if (batch.batch.comparisons.length > free)
        expect(batch.batch.tally.outstanding).toBeLessThanOrEqual(ROUND);
    expect(batch.state()).toBe("COMPLETED");
  });

  it("ends whichever of its rules, its threshold and its budget comes first", () => {
    const ends = numbersTo(12).map((seed) => {
      const batch = judged(
        {
          pairing: STRATEGIES[seed % 3],
          targetReliability: [0.5, 0.8, 1][seed % 3] ?? 1,
          scoreStability: seed % 2 === 0 ? 0.5 : null,
          completionThresholdPct: seed % 4 === 0 ? 60 : 100,
        },
        seed,
      );
      expect(batch.state()).toBe("COMPLETED");
      return batch.batch.life.stopReason;
    });
    expect(new Set(ends).size).toBeGreaterThanOrEqual(3);
  });
});
