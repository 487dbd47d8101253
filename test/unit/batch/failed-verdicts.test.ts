import { describe, expect, it } from "vitest";
import { retryDelaySeconds } from "../../../src/batch/commands/record-verdicts.ts";
import { errorOf, HOUR, numbersTo, openBatch, PERMANENT, RETRYABLE, verdictOf } from "./harness.ts";

describe("failed verdicts", () => {
  it.each([RETRYABLE, "RATE_LIMIT", "QUOTA_EXCEEDED", "a code that nobody has heard of"])(
    "with the retryable code %s go back to the judges as a new attempt",
    (code) => {
      const batch = openBatch();
      batch.dispatchAll();
      expect(batch.error(3, code)).toBe("applied");
      expect(batch.comparison(3)).toMatchObject({ status: "planned", attempt: 1 });
      expect(batch.latest().effects).toContainEqual({
        kind: "judge",
        asks: [{ number: 3, attempt: 1 }],
        delaySeconds: 2,
      });
      expect(batch.batch.tally).toMatchObject({ failed: 0, outstanding: 10 });
    },
  );

  it.each([PERMANENT, "LLM_CONTENT_TOO_LONG", "invalid_request", "RESOURCE_NOT_FOUND"])(
    "with the permanent code %s count as failed at once",
    (code) => {
      const batch = openBatch();
      expect(batch.error(3, code)).toBe("applied");
      expect(batch.comparison(3)).toMatchObject({ status: "failed", attempt: 0, settledAt: batch.now() });
      expect(batch.batch.tally.failed).toBe(1);
      expect(batch.asks()).toHaveLength(10);
    },
  );

  it("count as failed when attempts have run out: the first and maxRetryAttempts more", () => {
    const batch = openBatch({ config: { maxRetryAttempts: 2 } });
    batch.error(0, RETRYABLE);
    batch.error(0, RETRYABLE);
    expect(batch.comparison(0)).toMatchObject({ status: "planned", attempt: 2 });
    batch.error(0, RETRYABLE);
    expect(batch.comparison(0)).toMatchObject({ status: "failed", attempt: 2 });
  });

  it("count as failed at the first error when no retries are allowed", () => {
    const batch = openBatch({ config: { maxRetryAttempts: 0 } });
    batch.error(0, RETRYABLE);
    expect(batch.comparison(0).status).toBe("failed");
  });

  it("are asked again up to attempt 15, the largest that a comparison id can carry", () => {
    const batch = openBatch({ config: { maxRetryAttempts: 15 } });
    for (const attempt of numbersTo(15)) expect(batch.error(0, RETRYABLE, attempt)).toBe("applied");
    expect(batch.comparison(0)).toMatchObject({ status: "planned", attempt: 15 });
    batch.error(0, RETRYABLE, 15);
    expect(batch.comparison(0).status).toBe("failed");
  });

  it("are asked again after a growing pause, at most five minutes", () => {
    expect(numbersTo(8, 1).map(retryDelaySeconds)).toEqual([2, 8, 32, 128, 300, 300, 300]);
  });

  it("of one delivery are asked again in messages of at most ten", () => {
    const batch = openBatch({ essays: 8 });
    batch.deliver(...numbersTo(25).map((number) => errorOf(number, RETRYABLE)));
    const sizes = batch
      .latest()
      .effects.flatMap((effect) => (effect.kind === "judge" ? [effect.asks.length] : []));
    expect(sizes).toEqual([10, 10, 5]);
  });

  it("end well when the new attempt succeeds", () => {
    const batch = openBatch();
    batch.error(0, RETRYABLE);
    batch.judge(0);
    batch.judgeAll(numbersTo(10, 1));
    expect(batch.state()).toBe("COMPLETED");
    expect(batch.batch.tally).toMatchObject({ completed: 10, failed: 0 });
  });

  it("keep the batch open: a comparison that is asked again is outstanding", () => {
    const batch = openBatch({ config: { completionThresholdPct: 100 } });
    batch.judgeAll(numbersTo(9));
    batch.error(9, RETRYABLE);
    expect(batch.state()).toBe("WAITING_CALLBACKS");
    batch.judge(9);
    expect(batch.state()).toBe("COMPLETED");
  });

  it("are asked again while stragglers are awaited", () => {
    const batch = openBatch({ config: { completionThresholdPct: 50 } });
    batch.judgeAll(numbersTo(5));
    batch.error(5, RETRYABLE);
    expect(batch.state()).toBe("SCORING");
    expect(batch.comparison(5)).toMatchObject({ status: "planned", attempt: 1 });
  });

  it("are kept with their code and message, attempt by attempt", () => {
    const batch = openBatch();
    batch.error(0, RETRYABLE);
    expect(batch.record(0)).toMatchObject({
      winner: null,
      errorCode: RETRYABLE,
      errorMessage: `${RETRYABLE} happened`,
      attempt: 0,
    });
    batch.deliver(verdictOf(0, "essay_b", 1));
    expect(batch.record(0)).toMatchObject({
      winner: "essay_b",
      confidence: 4,
      errorCode: null,
      attempt: 1,
      promptTokens: 900,
      costEstimate: 0.002,
      costBasis: "published",
      promptVersion: "2",
      promptSha256: "0".repeat(64),
    });
  });

  it("are not asked again by a command that ends the batch", () => {
    const batch = openBatch();
    batch.deliver(errorOf(0, RETRYABLE), errorOf(1, "INVALID_API_KEY"));
    expect(batch.latest().effects.map(({ kind }) => kind)).toEqual(["event", "projection"]);
  });

  it("give the new attempt a deadline of its own", () => {
    const batch = openBatch();
    batch.dispatchAll();
    batch.advance(HOUR / 3);
    batch.error(0, RETRYABLE);
    batch.dispatchAll();
    expect(batch.comparison(0).deadline).toBe(batch.now() + HOUR / 2);
    expect(batch.comparison(1).deadline).toBe(batch.now() + HOUR / 2 - HOUR / 3);
  });
});
