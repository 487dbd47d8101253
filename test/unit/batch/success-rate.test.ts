import { describe, expect, it } from "vitest";
import { errorOf, numbersTo, openBatch, PERMANENT, verdictOf } from "./harness.ts";

const twenty = (minSuccessRateThreshold: number) =>
  openBatch({ essays: 10, config: { maxComparisons: 20, maxRetryAttempts: 0, minSuccessRateThreshold } });

describe("certain failure", () => {
  it("of 20 comparisons at a threshold of .8 comes at the fifth failure, not at the fourth", () => {
    const batch = twenty(0.8);
    for (const number of numbersTo(4)) batch.error(number, PERMANENT);
    expect(batch.state()).toBe("WAITING_CALLBACKS");
    batch.error(4, PERMANENT);
    expect(batch.state()).toBe("FAILED");
    expect(batch.batch.life.failure).toMatchObject({
      reason: "low_success_rate",
      errorCode: "CJ_INSUFFICIENT_COMPARISONS",
      details: {
        total_comparisons: 20,
        completed_comparisons: 0,
        failed_comparisons: 5,
        best_possible_success_rate: 0.75,
        success_rate_threshold: 0.8,
      },
    });
  });

  it("does not come early on a bad start: four failures first, and sixteen verdicts complete the batch", () => {
    const batch = twenty(0.8);
    for (const number of numbersTo(4)) batch.error(number, PERMANENT);
    batch.judgeAll(numbersTo(20, 4));
    expect(batch.state()).toBe("COMPLETED");
    expect(batch.batch.tally).toMatchObject({ completed: 16, failed: 4 });
  });

  it("ends the batch at the failure itself: the rest of the same delivery is late", () => {
    const batch = twenty(0.8);
    batch.judgeAll(numbersTo(5));
    const failures = numbersTo(10, 5).map((number) => errorOf(number, PERMANENT));
    expect(batch.deliver(...failures, verdictOf(10), errorOf(11, PERMANENT))).toEqual([
      "applied",
      "applied",
      "applied",
      "applied",
      "applied",
      "late",
      "late",
    ]);
    expect(batch.state()).toBe("FAILED");
    expect(batch.batch.tally).toMatchObject({ completed: 5, failed: 5, outstanding: 10, late: 2 });
    expect(batch.events("failed")).toHaveLength(1);
  });

  it.each([
    { threshold: 1, failsAt: 1 },
    { threshold: 0.95, failsAt: 2 },
    { threshold: 0.7, failsAt: 7 },
    { threshold: 0.55, failsAt: 10 },
    { threshold: 0.05, failsAt: 20 },
  ])("of 20 comparisons at a threshold of $threshold comes at failure $failsAt", ({ threshold, failsAt }) => {
    const batch = twenty(threshold);
    for (const number of numbersTo(failsAt - 1)) batch.error(number, PERMANENT);
    expect(batch.batch.life.failure).toBeNull();
    batch.error(failsAt - 1, PERMANENT);
    expect(batch.batch.life.failure?.reason).toBe("low_success_rate");
  });

  it("never comes at a threshold of 0", () => {
    const batch = twenty(0);
    for (const number of numbersTo(19)) batch.error(number, PERMANENT);
    batch.judge(19);
    expect(batch.state()).toBe("COMPLETED");
  });

  it("counts against all comparisons planned, not against those answered so far or asked so far", () => {
    const batch = openBatch({
      essays: 10,
      config: { maxComparisons: 20, maxRetryAttempts: 0, maxInFlight: 5 },
    });
    expect(batch.batch.comparisons.length).toBeLessThan(20);
    for (const number of numbersTo(4)) batch.error(number, PERMANENT);
    expect(batch.state()).toBe("WAITING_CALLBACKS");
    batch.error(4, PERMANENT);
    expect(batch.state()).toBe("FAILED");
  });

  it("still comes while stragglers are awaited", () => {
    const batch = openBatch({
      essays: 10,
      config: { maxComparisons: 20, maxRetryAttempts: 0, completionThresholdPct: 50 },
    });
    batch.judgeAll(numbersTo(10));
    expect(batch.state()).toBe("SCORING");
    for (const number of numbersTo(15, 10)) batch.error(number, PERMANENT);
    expect(batch.state()).toBe("FAILED");
  });

  it("spends nothing more: what was not yet asked is never asked", () => {
    const batch = openBatch({
      essays: 10,
      config: { maxComparisons: 40, maxRetryAttempts: 0, maxInFlight: 5, minSuccessRateThreshold: 1 },
    });
    const asked = batch.asks().length;
    batch.error(0, PERMANENT);
    expect(batch.state()).toBe("FAILED");
    expect(batch.asks()).toHaveLength(asked);
  });
});

describe("a judge that cannot be used", () => {
  it.each([
    "AUTHENTICATION_ERROR",
    "INVALID_API_KEY",
    "CONFIGURATION_ERROR",
    "MODEL_NOT_FOUND",
    "LLM_INVALID_CALLBACK_TOPIC",
  ])("fails the batch at once when it answers %s", (code) => {
    const batch = openBatch({ essays: 10 });
    batch.judgeAll(numbersTo(20));
    expect(batch.error(20, code)).toBe("applied");
    expect(batch.state()).toBe("FAILED");
    expect(batch.batch.life.failure).toMatchObject({
      reason: "judge_unusable",
      details: { provider: "openai", model: "gpt-5.1" },
    });
    expect(batch.batch.life.failure?.message).toContain(code);
    expect(batch.batch.tally).toMatchObject({ completed: 20, failed: 1 });
  });

  it("is believed only from the current attempt", () => {
    const batch = openBatch({ essays: 10 });
    batch.error(0, "TIMEOUT");
    expect(batch.error(0, "AUTHENTICATION_ERROR", 0)).toBe("duplicate");
    expect(batch.state()).toBe("WAITING_CALLBACKS");
  });

  it("makes the rest of the same delivery late", () => {
    const batch = openBatch({ essays: 10 });
    expect(batch.deliver(errorOf(0, "INVALID_API_KEY"), errorOf(1, "INVALID_API_KEY"), verdictOf(2))).toEqual(
      ["applied", "late", "late"],
    );
    expect(batch.events("failed")).toHaveLength(1);
  });
});
