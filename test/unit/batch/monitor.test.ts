import { describe, expect, it } from "vitest";
import {
  type BatchUnderTest,
  HOUR,
  MINUTE,
  numbersTo,
  OPENED_AT,
  openBatch,
  PERMANENT,
  RETRYABLE,
  type RequestParts,
} from "./harness.ts";

/** A hundred comparisons, `judged` of them answered at the opening, and then silence. */
function stuckAt(judged: number, config: RequestParts["config"] = {}): BatchUnderTest {
  const batch = openBatch({
    essays: 15,
    config: { maxComparisons: 100, pairing: "balanced_rounds", judgementTimeoutMinutes: 10_000, ...config },
  });
  batch.asksQueued();
  batch.judgeAll(numbersTo(judged));
  return batch;
}

describe("a stuck batch", () => {
  it("is recovered with the verdicts it has when they are enough: 85 of 100 after 5 hours", () => {
    const batch = stuckAt(85);
    batch.advance(5 * HOUR);
    batch.wake();
    expect(batch.states().slice(-3)).toEqual(["WAITING_CALLBACKS", "SCORING", "COMPLETED"]);
    expect(batch.batch.life).toMatchObject({ forcedRecovery: true, stopReason: "forced_recovery" });
    expect(batch.events("completed")).toHaveLength(1);
    expect(batch.batch.tally).toMatchObject({ completed: 85, outstanding: 15 });
  });

  it("fails when they are not: 40 of 100", () => {
    const batch = stuckAt(40);
    batch.advance(5 * HOUR);
    batch.wake();
    expect(batch.state()).toBe("FAILED");
    expect(batch.batch.life.failure).toEqual({
      reason: "stuck_timeout_insufficient_progress",
      errorCode: "TIMEOUT",
      message: expect.stringContaining("40 of 100"),
      details: {
        progress_pct: 40,
        batch_state: "WAITING_CALLBACKS",
        total_comparisons: 100,
        completed_comparisons: 40,
        failed_comparisons: 0,
        recovery_threshold_pct: 80,
      },
    });
    expect(batch.events("failed")).toHaveLength(1);
  });

  it.each([
    { judged: 79, state: "FAILED" },
    { judged: 80, state: "COMPLETED" },
  ])("at $judged of 100 with a recovery threshold of 80 % ends $state", ({ judged, state }) => {
    const batch = stuckAt(judged);
    batch.advance(4 * HOUR);
    batch.wake();
    expect(batch.state()).toBe(state);
  });

  it("is one without a verdict for the batch timeout, not a millisecond less", () => {
    const batch = stuckAt(40);
    batch.advance(4 * HOUR - 1);
    batch.wake();
    expect(batch.state()).toBe("WAITING_CALLBACKS");
    expect(batch.nextWake()).toBe(OPENED_AT + 4 * HOUR);
    batch.advance(1);
    batch.wake();
    expect(batch.state()).toBe("FAILED");
  });

  it("is no longer one when a verdict arrives: the time counts from the newest verdict", () => {
    const batch = stuckAt(40);
    batch.advance(3 * HOUR);
    batch.judge(40);
    batch.advance(3 * HOUR);
    batch.wake();
    expect(batch.state()).toBe("WAITING_CALLBACKS");
    expect(batch.nextWake()).toBe(OPENED_AT + 7 * HOUR);
  });

  it("is not one because the clock went back between two verdicts", () => {
    const batch = stuckAt(0);
    batch.advance(3 * HOUR);
    batch.judge(0);
    batch.advance(-2 * HOUR);
    batch.judge(1);
    expect(batch.nextWake()).toBe(OPENED_AT + 7 * HOUR);
  });

  it("is ended although it is asking again: a re-issue is no activity", () => {
    const batch = openBatch({
      essays: 15,
      config: { maxComparisons: 100, pairing: "balanced_rounds", maxRetryAttempts: 15 },
    });
    while (batch.state() !== "FAILED") {
      batch.dispatchAll();
      batch.sleepUntilAlarm();
    }
    expect(batch.now()).toBe(OPENED_AT + 4 * HOUR);
    expect(batch.batch.life.failure?.reason).toBe("stuck_timeout_insufficient_progress");
  });

  it("is ended although errors keep coming: an error is no activity", () => {
    const batch = openBatch({ config: { maxRetryAttempts: 15, judgementTimeoutMinutes: 10_000 } });
    for (const hour of numbersTo(4)) {
      batch.advance(HOUR - MINUTE);
      batch.error(0, RETRYABLE, hour);
    }
    expect(batch.nextWake()).toBe(OPENED_AT + 4 * HOUR);
  });

  it("is not recovered by failures: they are not progress", () => {
    const batch = stuckAt(0, { minSuccessRateThreshold: 0 });
    for (const number of numbersTo(99)) batch.error(number, PERMANENT);
    batch.advance(4 * HOUR);
    batch.wake();
    expect(batch.batch.life.failure).toMatchObject({
      reason: "stuck_timeout_insufficient_progress",
      details: { progress_pct: 0, failed_comparisons: 99 },
    });
  });

  it("that still waits for texts fails, for nothing was compared", () => {
    const batch = openBatch({ essays: [{ essayId: "essay-0", text: null, storageId: "storage-0" }] });
    while (batch.state() === "INITIALIZING") batch.sleepUntilAlarm();
    expect(batch.now()).toBe(OPENED_AT + 4 * HOUR);
    expect(batch.batch.life.failure).toMatchObject({
      reason: "stuck_timeout_insufficient_progress",
      details: { batch_state: "INITIALIZING", total_comparisons: 0, progress_pct: 0 },
    });
  });

  it("is asked nothing more: the timeout comes before what is lost is asked again", () => {
    const batch = stuckAt(40);
    batch.dispatchAll();
    const asked = batch.asks().length;
    batch.advance(5 * HOUR);
    expect(batch.wake()).toEqual({ reissued: 0, exhausted: 0 });
    expect(batch.asks()).toHaveLength(asked);
  });

  it("that had reached its completion threshold is recovered, whatever the recovery threshold says", () => {
    const batch = stuckAt(60, { completionThresholdPct: 60, stragglerGraceSeconds: 86_400 });
    expect(batch.state()).toBe("SCORING");
    batch.sleepUntilAlarm();
    expect(batch.now()).toBe(OPENED_AT + 4 * HOUR);
    expect(batch.batch.life).toMatchObject({ state: "COMPLETED", stopReason: "forced_recovery" });
  });
});

describe("the longest life of a batch", () => {
  it("ends it 72 hours after opening although verdicts keep coming", () => {
    const batch = openBatch({
      essays: 15,
      config: { maxComparisons: 100, pairing: "balanced_rounds", judgementTimeoutMinutes: 10_000 },
    });
    for (const number of numbersTo(24)) {
      batch.judge(number);
      batch.advance(3 * HOUR);
    }
    expect(batch.nextWake()).toBe(OPENED_AT + 72 * HOUR);
    batch.wake();
    expect(batch.batch.life.failure?.reason).toBe("stuck_timeout_insufficient_progress");
  });

  it("recovers it at that moment when its verdicts are enough", () => {
    const batch = openBatch({ config: { maxBatchHours: 1 } });
    batch.judgeAll(numbersTo(8));
    batch.sleepUntilAlarm();
    expect(batch.now()).toBe(OPENED_AT + HOUR);
    expect(batch.batch.life.stopReason).toBe("forced_recovery");
  });
});

describe("the order in which a wake looks at things", () => {
  it("sees the batch timeout before the straggler grace", () => {
    const batch = stuckAt(96);
    batch.advance(5 * HOUR);
    batch.wake();
    expect(batch.batch.life.stopReason).toBe("forced_recovery");
  });

  it("sees the straggler grace before lost verdicts", () => {
    const batch = openBatch({ config: { completionThresholdPct: 50 } });
    batch.dispatchAll();
    batch.judgeAll(numbersTo(5));
    batch.advance(HOUR);
    expect(batch.wake()).toEqual({ reissued: 0, exhausted: 0 });
    expect(batch.batch.life.stopReason).toBe("straggler_grace_elapsed");
  });

  it("asks again for what is lost while the grace still runs", () => {
    const batch = openBatch({ config: { completionThresholdPct: 50, stragglerGraceSeconds: 7_200 } });
    batch.dispatchAll();
    batch.judgeAll(numbersTo(5));
    expect(batch.sleepUntilAlarm()).toEqual({ reissued: 5, exhausted: 0 });
    expect(batch.state()).toBe("SCORING");
  });

  it("changes nothing when nothing is due", () => {
    const batch = openBatch();
    batch.asksQueued();
    batch.wake();
    expect(batch.latest()).toEqual({ changes: [], effects: [] });
  });
});
