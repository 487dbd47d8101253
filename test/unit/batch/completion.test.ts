import { describe, expect, it } from "vitest";
import { MINUTE, numbersTo, openBatch, PERMANENT, SECOND, verdictOf } from "./harness.ts";

/** Fifteen essays and a budget of 100: what S4 of the acceptance list is about. */
const hundred = (completionThresholdPct: number, config: { stragglerGraceSeconds?: number } = {}) =>
  openBatch({
    essays: 15,
    config: { maxComparisons: 100, pairing: "balanced_rounds", completionThresholdPct, ...config },
  });

describe("completion threshold", () => {
  it("moves the batch to SCORING at the verdict that reaches it, and shows a provisional ranking at once", () => {
    const batch = hundred(80);
    batch.judgeAll(numbersTo(79));
    expect(batch.state()).toBe("WAITING_CALLBACKS");
    expect(batch.ranking()).toBeUndefined();

    batch.judge(79);
    expect(batch.state()).toBe("SCORING");
    expect(batch.batch.life).toMatchObject({ partialScoringTriggered: true, scoringSince: batch.now() });
    expect(batch.ranking()).toMatchObject({ provisional: true });
    expect(batch.ranking()?.essays).toHaveLength(15);
    expect(batch.events()).toEqual([]);
  });

  it("counts verdicts only: failed comparisons do not bring it nearer", () => {
    const batch = openBatch({
      essays: 15,
      config: {
        maxComparisons: 100,
        pairing: "balanced_rounds",
        completionThresholdPct: 50,
        minSuccessRateThreshold: 0,
      },
    });
    for (const number of numbersTo(100, 51)) batch.error(number, PERMANENT);
    batch.judgeAll(numbersTo(49));
    expect(batch.state()).toBe("WAITING_CALLBACKS");
    batch.judge(49);
    expect(batch.state()).toBe("SCORING");
  });

  it.each([
    { pct: 95, essays: 5, reachedAt: 10 },
    { pct: 90, essays: 5, reachedAt: 9 },
    { pct: 33.4, essays: 5, reachedAt: 4 },
    { pct: 1, essays: 5, reachedAt: 1 },
  ])("is $pct % of ten: reached at verdict $reachedAt and not before", ({ pct, essays, reachedAt }) => {
    const batch = openBatch({ essays, config: { completionThresholdPct: pct } });
    batch.judgeAll(numbersTo(reachedAt - 1));
    expect(batch.state()).not.toBe("SCORING");
    batch.judge(reachedAt - 1);
    expect(batch.states()).toContain("SCORING");
  });

  it("ranks once: a straggler costs no ranking of its own until the batch is final", () => {
    const batch = hundred(80);
    batch.judgeAll(numbersTo(80));
    expect(batch.rankingsWritten()).toBe(1);
    batch.judgeAll(numbersTo(99, 80));
    expect(batch.rankingsWritten()).toBe(1);
    batch.judge(99);
    expect(batch.rankingsWritten()).toBe(2);
  });

  it("is written into the history with its reason", () => {
    const batch = hundred(80);
    batch.judgeAll(numbersTo(80));
    expect(batch.history.map(({ from, to, reason }) => [from, to, reason])).toEqual([
      [null, "INITIALIZING", "accepted"],
      ["INITIALIZING", "GENERATING_PAIRS", "texts_ready"],
      ["GENERATING_PAIRS", "WAITING_CALLBACKS", "verdict_received"],
      ["WAITING_CALLBACKS", "SCORING", "completion_threshold_reached"],
    ]);
  });
});

describe("straggler grace", () => {
  it("lets stragglers count, and finalises at once when the last of them has come", () => {
    const batch = hundred(80);
    batch.judgeAll(numbersTo(80));
    batch.advance(MINUTE);
    batch.judgeAll(numbersTo(99, 80));
    expect(batch.state()).toBe("SCORING");
    batch.judge(99);
    expect(batch.state()).toBe("COMPLETED");
    expect(batch.batch.tally).toMatchObject({ completed: 100, outstanding: 0 });
    expect(batch.batch.life).toMatchObject({ stopReason: "budget_spent", forcedRecovery: false });
    expect(batch.ranking()).toMatchObject({ provisional: false });
  });

  it("does not end a millisecond early", () => {
    const batch = hundred(80);
    batch.judgeAll(numbersTo(80));
    expect(batch.nextWake()).toBe(batch.now() + 300 * SECOND);
    batch.advance(300 * SECOND - 1);
    batch.wake();
    expect(batch.state()).toBe("SCORING");
    batch.advance(1);
    batch.wake();
    expect(batch.state()).toBe("COMPLETED");
    expect(batch.batch.life.stopReason).toBe("straggler_grace_elapsed");
  });

  it("leaves what is then unanswered in neither counter", () => {
    const batch = hundred(80);
    batch.judgeAll(numbersTo(80));
    batch.sleepUntilAlarm();
    expect(batch.batch.tally).toMatchObject({ completed: 80, failed: 0, outstanding: 20 });
  });

  it("is not prolonged by a straggler", () => {
    const batch = hundred(80);
    batch.judgeAll(numbersTo(80));
    const endsAt = batch.nextWake();
    batch.advance(4 * MINUTE);
    batch.judge(80);
    expect(batch.nextWake()).toBe(endsAt);
  });

  it("of 0 seconds ends with the alarm that is due at once", () => {
    const batch = hundred(80, { stragglerGraceSeconds: 0 });
    batch.judgeAll(numbersTo(80));
    expect(batch.nextWake()).toBe(batch.now());
    batch.wake();
    expect(batch.state()).toBe("COMPLETED");
  });

  it("publishes nothing until the batch is final", () => {
    const batch = hundred(80);
    batch.judgeAll(numbersTo(99));
    expect(batch.events()).toEqual([]);
    batch.judge(99);
    expect(batch.events().map(({ name }) => name)).toEqual(["result", "completed", "resource"]);
  });
});

describe("nothing outstanding and nothing left to ask", () => {
  it("finalises in the command of the last verdict, without an alarm", () => {
    const batch = openBatch({ essays: 4 });
    expect(batch.batch.life.totalComparisons).toBe(6);
    batch.judgeAll(numbersTo(6));
    expect(batch.states()).toEqual([
      "INITIALIZING",
      "GENERATING_PAIRS",
      "WAITING_CALLBACKS",
      "SCORING",
      "COMPLETED",
    ]);
  });

  it("finalises below the completion threshold when the rest has failed", () => {
    const batch = openBatch({ essays: 5 });
    batch.error(0, PERMANENT);
    batch.error(1, PERMANENT);
    batch.judgeAll(numbersTo(10, 2));
    expect(batch.state()).toBe("COMPLETED");
    expect(batch.batch.life).toMatchObject({
      stopReason: "all_comparisons_settled",
      partialScoringTriggered: false,
    });
    expect(batch.batch.tally).toMatchObject({ completed: 8, failed: 2 });
  });

  it("finalises when the last word is a failure", () => {
    const batch = openBatch({ essays: 5 });
    batch.judgeAll(numbersTo(9));
    batch.error(9, PERMANENT);
    expect(batch.state()).toBe("COMPLETED");
  });

  it("finalises before the outbox has reported the questions as queued", () => {
    const batch = openBatch({ essays: 2 });
    expect(batch.state()).toBe("GENERATING_PAIRS");
    batch.deliver(verdictOf(0));
    expect(batch.state()).toBe("COMPLETED");
  });

  it("without a single verdict is a failure, not a ranking", () => {
    const batch = openBatch({ essays: 2, config: { minSuccessRateThreshold: 0 } });
    batch.error(0, PERMANENT);
    expect(batch.state()).toBe("FAILED");
    expect(batch.batch.life.failure).toMatchObject({
      reason: "no_verdicts",
      details: { failed_comparisons: 1 },
    });
  });
});

describe("what a verdict costs", () => {
  it("changes one row and sends nothing when it causes no transition", () => {
    const batch = openBatch({ essays: 5 });
    batch.asksQueued();
    batch.judge(0);
    expect(batch.latest().changes.map(({ kind }) => kind)).toEqual(["comparison"]);
    expect(batch.latest().effects).toEqual([]);
  });

  it("sends one projection for all transitions of one command", () => {
    const batch = openBatch({ essays: 4 });
    batch.judgeAll(numbersTo(6));
    expect(batch.latest().effects.filter(({ kind }) => kind === "projection")).toHaveLength(1);
  });
});
