import { describe, expect, it } from "vitest";
import { HOUR, MINUTE, numbersTo, OPENED_AT, openBatch, PERMANENT, RETRYABLE, verdictOf } from "./harness.ts";

describe("deadlines", () => {
  it("start when the consumer records the submission, not when the question is planned", () => {
    const batch = openBatch();
    batch.advance(20 * MINUTE);
    expect(batch.dispatchAll()).toBe(10);
    expect(batch.comparison(0)).toMatchObject({
      status: "dispatched",
      deadline: OPENED_AT + 50 * MINUTE,
    });
    expect(batch.nextWake()).toBe(OPENED_AT + 50 * MINUTE);
  });

  it("are rounded up to whole seconds, never down", () => {
    const batch = openBatch({ config: { judgementTimeoutMinutes: 0.05 } });
    batch.advance(1);
    batch.dispatchAll();
    expect(batch.comparison(0).deadline).toBe(OPENED_AT + 4_000);
  });

  it("are not moved by a submission that is recorded twice", () => {
    const batch = openBatch();
    batch.dispatchAll();
    batch.advance(MINUTE);
    expect(batch.dispatch([{ number: 0, attempt: 0 }])).toBe(0);
    expect(batch.comparison(0).deadline).toBe(OPENED_AT + 30 * MINUTE);
    expect(batch.latest().changes).toEqual([]);
  });

  it("are not given to attempts that are answered, superseded, unknown or of an ended batch", () => {
    const batch = openBatch();
    batch.judge(0);
    batch.error(1, RETRYABLE);
    const asks = [
      { number: 0, attempt: 0 },
      { number: 1, attempt: 0 },
      { number: 99, attempt: 0 },
      { number: 2, attempt: 1 },
    ];
    expect(batch.dispatch(asks)).toBe(0);
    batch.cancel();
    expect(batch.dispatch([{ number: 3, attempt: 0 }])).toBe(0);
  });
});

describe("a question that no judge takes on", () => {
  it("is put into the queue again after two judgement timeouts, as the same attempt, for as long as it takes", () => {
    const batch = openBatch();
    for (const round of [1, 2, 3]) {
      batch.sleepUntilAlarm();
      expect(batch.now()).toBe(OPENED_AT + round * HOUR);
      expect(batch.comparison(0)).toMatchObject({ status: "planned", attempt: 0 });
      expect(batch.latest().effects).toContainEqual({
        kind: "judge",
        asks: numbersTo(10).map((number) => ({ number, attempt: 0 })),
        delaySeconds: 0,
      });
    }
    batch.dispatchAll();
    expect(batch.comparison(0)).toMatchObject({ status: "dispatched", attempt: 0 });
  });

  it("costs no attempt: with none left it is still put again", () => {
    const batch = openBatch({ config: { maxRetryAttempts: 0 } });
    batch.sleepUntilAlarm();
    expect(batch.comparison(0)).toMatchObject({ status: "planned", attempt: 0 });
    expect(batch.batch.tally).toMatchObject({ failed: 0, unanswered: 0, outstanding: 10 });
  });
});

describe("lost verdicts", () => {
  it("are asked again at their deadline and not before", () => {
    const batch = openBatch();
    batch.dispatchAll();
    batch.advance(30 * MINUTE - 1);
    expect(batch.wake()).toEqual({ reissued: 0, exhausted: 0 });
    batch.advance(1);
    expect(batch.wake()).toEqual({ reissued: 10, exhausted: 0 });
    expect(batch.comparison(0)).toMatchObject({ status: "planned", attempt: 1 });
    expect(batch.latest().effects).toContainEqual({
      kind: "judge",
      asks: numbersTo(10).map((number) => ({ number, attempt: 1 })),
      delaySeconds: 0,
    });
  });

  it("concern only those that are lost: one lost submission costs one question", () => {
    const batch = openBatch({ config: { completionThresholdPct: 100 } });
    batch.dispatchAll();
    batch.judgeAll(numbersTo(9));
    expect(batch.sleepUntilAlarm()).toEqual({ reissued: 1, exhausted: 0 });
    batch.judge(9);
    expect(batch.state()).toBe("COMPLETED");
    expect(batch.now() - OPENED_AT).toBe(30 * MINUTE);
  });

  it("stay unanswered when attempts run out: outstanding, not failed, asked no more", () => {
    const batch = openBatch({ config: { maxRetryAttempts: 1 } });
    batch.asksQueued();
    batch.dispatchAll();
    batch.sleepUntilAlarm();
    batch.dispatchAll();
    expect(batch.sleepUntilAlarm()).toEqual({ reissued: 0, exhausted: 10 });
    expect(batch.comparison(0)).toMatchObject({ status: "unanswered", attempt: 1, deadline: null });
    expect(batch.batch.tally).toMatchObject({ failed: 0, outstanding: 10 });
    expect(batch.state()).toBe("WAITING_CALLBACKS");
    expect(batch.asks()).toHaveLength(20);
  });

  it("do not make the batch fail by success rate, however many there are", () => {
    const batch = openBatch({ config: { maxRetryAttempts: 0 } });
    batch.dispatchAll();
    batch.sleepUntilAlarm();
    expect(batch.batch.comparisons.every(({ status }) => status === "unanswered")).toBe(true);
    expect(batch.batch.life.failure).toBeNull();
  });

  it("count when they still come", () => {
    const batch = openBatch({ config: { maxRetryAttempts: 0 } });
    batch.dispatchAll();
    batch.sleepUntilAlarm();
    expect(batch.judgeAll(numbersTo(10))).toEqual(numbersTo(10).map(() => "applied"));
    expect(batch.state()).toBe("COMPLETED");
    expect(batch.batch.tally).toMatchObject({ completed: 10, outstanding: 0 });
  });

  it("count from an earlier attempt as well", () => {
    const batch = openBatch();
    batch.dispatchAll();
    batch.sleepUntilAlarm();
    expect(batch.comparison(0).attempt).toBe(1);
    expect(batch.deliver(verdictOf(0, "essay_b", 0))).toEqual(["applied"]);
    expect(batch.comparison(0)).toMatchObject({ status: "judged", winner: "essay_b" });
  });

  it("are failed when what comes at last is an error", () => {
    const batch = openBatch({ config: { maxRetryAttempts: 0, minSuccessRateThreshold: 0 } });
    batch.dispatchAll();
    batch.sleepUntilAlarm();
    batch.error(0, RETRYABLE);
    expect(batch.comparison(0).status).toBe("failed");
    batch.error(1, PERMANENT);
    expect(batch.batch.tally).toMatchObject({ failed: 2, outstanding: 8 });
  });

  it("are given up only by the batch timeout, counted from the last verdict", () => {
    const batch = openBatch({ config: { maxRetryAttempts: 0, completionThresholdPct: 100 } });
    batch.dispatchAll();
    batch.advance(10 * MINUTE);
    batch.judgeAll(numbersTo(9));
    batch.sleepUntilAlarm();
    expect(batch.comparison(9).status).toBe("unanswered");
    expect(batch.nextWake()).toBe(OPENED_AT + 10 * MINUTE + 4 * HOUR);
  });
});
