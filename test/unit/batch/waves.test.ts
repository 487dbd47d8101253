import { describe, expect, it } from "vitest";
import type { Callback } from "../../../src/batch/commands/record-verdicts.ts";
import { errorOf, numbersTo, openBatch, PERMANENT, verdictOf } from "./harness.ts";

/** Ten essays, 45 pairs in nine rounds of five. */
const inWaves = (maxInFlight: number, config = {}) =>
  openBatch({ essays: 10, config: { maxInFlight, ...config } });

describe("waves", () => {
  it("are whole rounds, as many as bring the number in flight to the limit", () => {
    const batch = inWaves(12);
    expect(batch.batch.life).toMatchObject({ totalComparisons: 45, wave: 1 });
    expect(batch.batch.comparisons).toHaveLength(15);
    expect(batch.batch.comparisons.every(({ wave }) => wave === 1)).toBe(true);
  });

  it("are one when everything fits", () => {
    const batch = inWaves(500);
    expect(batch.batch.comparisons).toHaveLength(45);
    expect(batch.batch.life.wave).toBe(1);
  });

  it("overlap: the next one starts when fewer than the limit are outstanding, and waits for no straggler", () => {
    const batch = inWaves(15);
    batch.judge(0);
    expect(batch.batch.life.wave).toBe(2);
    expect(batch.batch.comparisons).toHaveLength(20);
    expect(batch.comparison(1).status).toBe("planned");
  });

  it("come once: twelve callbacks are followed by the same twelve questions, together, twice or one by one", () => {
    const wave = numbersTo(12).map((number) => verdictOf(number));
    const askedAfter = (deliveries: readonly (readonly Callback[])[]) => {
      const batch = openBatch({ essays: 12, config: { maxInFlight: 12 } });
      expect(batch.batch.comparisons).toHaveLength(12);
      for (const callbacks of deliveries) batch.deliver(...callbacks);
      expect(batch.asks()).toHaveLength(24);
      return batch.batch.comparisons;
    };
    const together = askedAfter([wave]);
    expect(together).toHaveLength(24);
    expect(askedAfter([wave, wave])).toEqual(together);
    expect(askedAfter([[...wave, ...wave]])).toEqual(together);
    expect(askedAfter(wave.map((callback) => [callback]))).toEqual(together);
  });

  it("come once when the last callbacks of a wave arrive one by one and twice each", () => {
    const batch = inWaves(5);
    expect(batch.batch.comparisons).toHaveLength(5);
    batch.judge(0);
    expect(batch.batch.life.wave).toBe(2);
    const issued = batch.batch.comparisons.length;
    for (const _ of numbersTo(12)) batch.judge(0);
    expect(batch.batch.life.wave).toBe(2);
    expect(batch.batch.comparisons).toHaveLength(issued);
  });

  it("ask every pair of the plan once, and spend the budget exactly", () => {
    const batch = inWaves(7);
    for (let number = 0; number < batch.batch.comparisons.length; number++) batch.judge(number);
    const pairs = batch.batch.comparisons.map(({ first, second }) =>
      [first, second].sort((left, right) => left - right).join("-"),
    );
    expect(pairs).toHaveLength(45);
    expect(new Set(pairs).size).toBe(45);
    expect(batch.state()).toBe("COMPLETED");
  });

  it("make the same comparisons as one single wave", () => {
    const shown = (maxInFlight: number) => {
      const batch = inWaves(maxInFlight);
      for (let number = 0; number < batch.batch.comparisons.length; number++) batch.judge(number);
      return batch.batch.comparisons.map(({ first, second }) => [first, second]);
    };
    expect(shown(6)).toEqual(shown(500));
  });

  it("stop when the budget is spent, however small it is", () => {
    const batch = openBatch({ essays: 10, config: { maxInFlight: 6, maxComparisons: 13 } });
    for (let number = 0; number < batch.batch.comparisons.length; number++) batch.judge(number);
    expect(batch.batch.comparisons).toHaveLength(13);
    expect(batch.state()).toBe("COMPLETED");
  });

  it("stop once the batch is scoring: nothing new is asked", () => {
    const batch = inWaves(10, { completionThresholdPct: 20 });
    batch.judgeAll(numbersTo(9));
    expect(batch.state()).toBe("SCORING");
    const issued = batch.batch.comparisons.length;
    batch.judgeAll(numbersTo(issued, 9));
    expect(batch.batch.comparisons).toHaveLength(issued);
    expect(batch.state()).toBe("COMPLETED");
  });

  it("that stopped early make the plan what was asked, in the batch and in what it publishes", () => {
    const batch = inWaves(10, { completionThresholdPct: 20 });
    batch.judgeAll(numbersTo(9));
    const issued = batch.batch.comparisons.length;
    expect(issued).toBeLessThan(45);
    batch.judgeAll(numbersTo(issued, 9));
    expect(batch.batch.life.totalComparisons).toBe(issued);
    expect(batch.events("completed").at(0)?.envelope.data).toMatchObject({
      system_metadata: { resource_usage: { total_comparisons: issued, completed_comparisons: issued } },
    });
  });

  it("never bring the batch back to pair generation", () => {
    const batch = inWaves(5);
    for (let number = 0; number < batch.batch.comparisons.length; number++) batch.judge(number);
    expect(batch.states().filter((state) => state === "GENERATING_PAIRS")).toHaveLength(1);
  });

  it("go on past failures", () => {
    const batch = inWaves(5, { minSuccessRateThreshold: 0 });
    batch.deliver(...numbersTo(5).map((number) => errorOf(number, PERMANENT)));
    expect(batch.batch.comparisons.length).toBeGreaterThanOrEqual(10);
  });

  it("go on past questions that nobody answers any more: those are in flight with nobody", () => {
    const batch = inWaves(5, { maxRetryAttempts: 0 });
    batch.dispatchAll();
    batch.sleepUntilAlarm();
    expect(batch.batch.comparisons.slice(0, 5).every(({ status }) => status === "unanswered")).toBe(true);
    expect(batch.batch.comparisons.length).toBeGreaterThanOrEqual(10);
  });

  it("travel to the judges in messages of at most ten questions", () => {
    const batch = inWaves(500);
    const sizes = batch.outbox.flatMap(({ effect }) => (effect.kind === "judge" ? [effect.asks.length] : []));
    expect(sizes).toEqual([10, 10, 10, 10, 5]);
  });
});
