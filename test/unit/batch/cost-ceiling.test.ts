import { describe, expect, it } from "vitest";
import { PRICE_PROBE } from "../../../src/batch/cost-ceiling.ts";
import { rankByWins } from "../../fakes/rank-by-wins.ts";
import { type BatchUnderTest, errorOf, MINUTE, openBatch, RETRYABLE, verdictOf } from "./harness.ts";

/** What one verdict of the harness costs, in US dollars. */
const PRICE = 0.002;

/** Twenty essays, 190 pairs, and this much to spend. */
function open(maxCostUsd: number | null, config: object = {}): BatchUnderTest {
  return openBatch({ essays: 20, config: { maxCostUsd, maxComparisons: 190, ...config } }, rankByWins);
}

/** Answers what is asked, one after the other, until nothing is asked any more. */
function judgeWhatIsAsked(batch: BatchUnderTest): void {
  for (let number = 0; number < batch.batch.comparisons.length; number++) batch.judge(number);
}

describe("a batch with a cost ceiling", () => {
  it("asks a few comparisons first, because it cannot know their price", () => {
    expect(open(0.1).batch.comparisons).toHaveLength(PRICE_PROBE);
    expect(open(null).batch.comparisons).toHaveLength(190);
  });

  it.each([0.04, 0.1, 0.25])(
    "spends no more than %d dollars at a steady price, then ranks what it has",
    (ceiling) => {
      const batch = open(ceiling);
      judgeWhatIsAsked(batch);
      expect(batch.batch.tally.nanoUsd / 1e9).toBeLessThanOrEqual(ceiling);
      expect(batch.batch.life).toMatchObject({
        state: "COMPLETED",
        stopReason: "cost_ceiling_reached",
        totalComparisons: Math.round(ceiling / PRICE),
      });
    },
  );

  it("asks everything when that costs less", () => {
    const batch = open(1);
    judgeWhatIsAsked(batch);
    expect(batch.batch.life).toMatchObject({ stopReason: "all_comparisons_settled", totalComparisons: 190 });
  });

  it("asks everything when verdicts cost nothing", () => {
    const batch = open(0.001);
    for (let number = 0; number < batch.batch.comparisons.length; number++)
      batch.deliver({ ...verdictOf(number), costEstimate: 0 });
    expect(batch.batch.life).toMatchObject({ stopReason: "all_comparisons_settled", totalComparisons: 190 });
  });

  it("stops at once when answers cost more than foreseen, and still counts what is with a judge", () => {
    const batch = open(0.1);
    batch.dispatchAll();
    for (const number of [0, 1, 2]) batch.judge(number);
    const asked = batch.batch.comparisons.length;
    batch.deliver({ ...verdictOf(3), costEstimate: 0.2 });
    expect(batch.state()).toBe("SCORING");
    expect(batch.batch.life.totalComparisons).toBe(asked);
    expect(batch.judge(4)).toBe("applied");
    batch.advance(6 * MINUTE);
    batch.wake();
    expect(batch.batch.life).toMatchObject({ state: "COMPLETED", stopReason: "cost_ceiling_reached" });
    expect(batch.batch.tally.completed).toBe(5);
  });

  it("is final at once when its last question is lost, nothing more is affordable and there is no grace", () => {
    const batch = open(0.019, { stragglerGraceSeconds: 0, maxRetryAttempts: 0, judgementTimeoutMinutes: 1 });
    batch.dispatchAll();
    const [lost, ...answered] = batch.batch.comparisons.map(({ number }) => number);
    for (const number of answered) batch.judge(number);
    expect(batch.comparison(lost).status).toBe("dispatched");
    batch.sleepUntilAlarm();
    expect(batch.comparison(lost).status).toBe("unanswered");
    expect(batch.batch.life).toMatchObject({ state: "COMPLETED", stopReason: "cost_ceiling_reached" });
  });

  it("asks no failed comparison again once the ceiling is reached", () => {
    const batch = open(0.1);
    batch.dispatchAll();
    batch.deliver({ ...verdictOf(0), costEstimate: 0.2 });
    const before = batch.asks().length;
    batch.deliver(errorOf(1, RETRYABLE));
    expect(batch.comparison(1).status).toBe("failed");
    expect(batch.asks()).toHaveLength(before);
  });

  it("counts what errors cost", () => {
    const batch = open(0.1);
    batch.deliver({ ...errorOf(0, RETRYABLE), costEstimate: 0.05 });
    expect(batch.batch.tally.nanoUsd).toBe(50_000_000);
    batch.deliver({ ...verdictOf(0, "essay_a", 1), costEstimate: 0.01 });
    expect(batch.batch.tally.nanoUsd).toBe(60_000_000);
    expect(batch.comparison(0).usage).toMatchObject({ answers: 2, nanoUsd: 60_000_000 });
  });

  it("fails by the rules for any plan when too much of what was asked has failed", () => {
    const batch = open(0.02, { maxRetryAttempts: 0 });
    expect(batch.batch.comparisons).toHaveLength(10);
    for (const number of [0, 1, 2]) batch.error(number, RETRYABLE);
    expect(batch.state()).toBe("WAITING_CALLBACKS");
    for (const number of [3, 4, 5, 6, 7, 8, 9]) batch.judge(number);
    judgeWhatIsAsked(batch);
    expect(batch.batch.life.failure?.reason).toBe("low_success_rate");
  });
});
