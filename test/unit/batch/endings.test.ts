import { describe, expect, it } from "vitest";
import { SCORING_ATTEMPTS_MAX } from "../../../src/batch/ending.ts";
import { type Ranker, rankEssays } from "../../../src/batch/ranking.ts";
import {
  DAY,
  inlineEssays,
  numbersTo,
  openBatch,
  PERMANENT,
  RETRYABLE,
  referencedEssays,
  SECOND,
  verdictOf,
} from "./harness.ts";

const NO_TEXT = { essayId: "lost", text: null, storageId: null };

describe("cancelling", () => {
  it("stops an open batch and publishes the failed event with reason cancelled", () => {
    const batch = openBatch();
    batch.judgeAll(numbersTo(3));
    batch.error(3, PERMANENT);
    expect(batch.cancel()).toBe("cancelled");
    expect(batch.state()).toBe("CANCELLED");
    expect(batch.batch.life.failure).toMatchObject({
      reason: "cancelled",
      details: { completed_comparisons: 3, failed_comparisons: 1 },
    });
    expect(batch.events().map(({ name }) => name)).toEqual(["failed"]);
  });

  it.each([
    ["INITIALIZING", () => openBatch({ essays: referencedEssays(3) })],
    ["GENERATING_PAIRS", () => openBatch()],
    ["WAITING_CALLBACKS", () => waiting()],
    ["SCORING", () => scoring()],
  ] as const)("works in state %s", (state, open) => {
    const batch = open();
    expect(batch.state()).toBe(state);
    expect(batch.cancel()).toBe("cancelled");
  });

  it("twice is cancelling once", () => {
    const batch = openBatch();
    batch.cancel();
    expect(batch.cancel()).toBe("already_cancelled");
    expect(batch.latest()).toEqual({ changes: [], effects: [] });
    expect(batch.events("failed")).toHaveLength(1);
  });

  it("comes too late for a batch that has ended", () => {
    const batch = openBatch({ essays: 2 });
    batch.judge(0);
    expect(batch.cancel()).toBe("already_ended");
    expect(batch.state()).toBe("COMPLETED");
  });

  function waiting() {
    const batch = openBatch();
    batch.asksQueued();
    return batch;
  }

  function scoring() {
    const batch = openBatch({ config: { completionThresholdPct: 50 } });
    batch.judgeAll(numbersTo(5));
    return batch;
  }
});

describe("too little to compare", () => {
  it("one usable essay completes at once, alone at 0", () => {
    const batch = openBatch({ essays: [...inlineEssays(1), NO_TEXT] });
    expect(batch.states()).toEqual(["INITIALIZING", "SCORING", "COMPLETED"]);
    expect(batch.batch.life).toMatchObject({ stopReason: "single_essay_batch", totalComparisons: 0 });
    expect(batch.ranking()?.essays).toEqual([
      {
        number: 0,
        essayId: "essay-0",
        rank: 1,
        score: 0,
        standardError: 0,
        comparisons: 0,
        wins: 0,
        isAnchor: false,
        rankLow: 1,
        rankHigh: 1,
        tiedWithNext: false,
        topProbability: 1,
        infit: null,
        outfit: null,
        infitP: null,
        outfitP: null,
        anchor: null,
        grade: null,
      },
    ]);
    expect(batch.events("completed")).toHaveLength(1);
    expect(batch.asks()).toEqual([]);
  });

  it("no usable essay fails at once", () => {
    const batch = openBatch({ essays: [NO_TEXT, { ...NO_TEXT, essayId: "lost too" }] });
    expect(batch.states()).toEqual(["INITIALIZING", "FAILED"]);
    expect(batch.batch.life.failure).toMatchObject({
      reason: "no_usable_essays",
      errorCode: "CONTENT_SERVICE_ERROR",
      details: { total_essays: 2 },
    });
  });

  it("no essay at all fails at once", () => {
    const batch = openBatch({ essays: [] });
    expect(batch.batch.life.failure?.reason).toBe("no_usable_essays");
  });

  it("two usable essays are compared once", () => {
    const batch = openBatch({ essays: 2 });
    expect(batch.batch.life.totalComparisons).toBe(1);
  });
});

describe("a request that cannot be carried out", () => {
  it("is opened and fails at once, so that an upstream that can only listen hears of it", () => {
    const batch = openBatch({ essays: referencedEssays(3), refusal: "There is no judge called nobody." });
    expect(batch.states()).toEqual(["INITIALIZING", "FAILED"]);
    expect(batch.batch.life.failure).toMatchObject({
      reason: "invalid_request",
      message: "There is no judge called nobody.",
    });
    expect(batch.latest().effects.map(({ kind }) => kind)).toEqual(["event", "projection"]);
  });

  it("asks for no text and no judgement", () => {
    const batch = openBatch({ refusal: "The budget of 1 comparison is too small." });
    expect(batch.outbox.filter(({ effect }) => effect.kind === "text" || effect.kind === "judge")).toEqual(
      [],
    );
  });
});

describe("a scoring error", () => {
  const broken: Ranker = () => {
    throw new Error("the matrix is not positive definite");
  };
  /** Works for the first `times` rankings and then no more. */
  const breaksAfter = (times: number): Ranker => {
    let ranked = 0;
    return (input) => {
      ranked += 1;
      if (ranked > times) throw new Error("no more");
      return rankEssays(input);
    };
  };
  /** Three essays and their three verdicts, which is when the final scoring is tried. */
  const judgedOut = (ranker: Ranker) => {
    const batch = openBatch({ essays: 3 }, ranker);
    batch.judgeAll(numbersTo(3));
    return batch;
  };

  it("leaves the batch in SCORING with an alarm for the next try", () => {
    const batch = judgedOut(broken);
    expect(batch.state()).toBe("SCORING");
    expect(batch.batch.life.scoringRetry).toEqual({
      attempts: 1,
      at: batch.now() + 10 * SECOND,
      stop: "all_comparisons_settled",
    });
    expect(batch.nextWake()).toBe(batch.now() + 10 * SECOND);
    expect(batch.events()).toEqual([]);
  });

  it("is tried again and completes when the next try succeeds, with the first reason to stop", () => {
    const batch = judgedOut(broken);
    batch.useRanker(rankEssays);
    batch.sleepUntilAlarm();
    expect(batch.batch.life).toMatchObject({
      state: "COMPLETED",
      stopReason: "all_comparisons_settled",
      scoringRetry: null,
    });
  });

  it("is not tried before its time", () => {
    const batch = judgedOut(broken);
    batch.useRanker(rankEssays);
    batch.advance(10 * SECOND - 1);
    batch.wake();
    expect(batch.state()).toBe("SCORING");
  });

  it("ends in FAILED after five tries at growing intervals, with one event", () => {
    const batch = judgedOut(broken);
    const pauses: number[] = [];
    while (batch.state() === "SCORING") {
      const before = batch.now();
      batch.sleepUntilAlarm();
      pauses.push((batch.now() - before) / SECOND);
    }
    expect(pauses).toEqual([10, 40, 160, 640]);
    expect(batch.batch.life.failure).toMatchObject({
      reason: "scoring_failed",
      errorCode: "CJ_SCORE_CONVERGENCE_FAILED",
      details: { attempts: SCORING_ATTEMPTS_MAX, completed_comparisons: 3 },
    });
    expect(batch.batch.life.failure?.message).toContain("the matrix is not positive definite");
    expect(batch.events("failed")).toHaveLength(1);
  });

  it("says what was wrong although something other than an error was thrown", () => {
    const batch = judgedOut(() => {
      throw "out of memory";
    });
    while (batch.state() === "SCORING") batch.sleepUntilAlarm();
    expect(batch.batch.life.failure?.message).toContain("out of memory");
  });

  it("of a ranking that breaks the contract is one too: retried, then FAILED, never thrown", () => {
    const notANumber: Ranker = (input) => {
      const ranking = rankEssays(input);
      return { ...ranking, essays: ranking.essays.map((essay) => ({ ...essay, score: Number.NaN })) };
    };
    const batch = judgedOut(notANumber);
    while (batch.state() === "SCORING") batch.sleepUntilAlarm();
    expect(batch.batch.life.failure?.reason).toBe("scoring_failed");
  });

  it("does not hold up stragglers: they count, and the next try ranks them", () => {
    const batch = openBatch({ config: { completionThresholdPct: 50 } }, breaksAfter(1));
    batch.judgeAll(numbersTo(5));
    batch.sleepUntilAlarm();
    expect(batch.batch.life.scoringRetry).toMatchObject({ stop: "straggler_grace_elapsed" });
    expect(batch.judgeAll(numbersTo(10, 5))).toEqual(numbersTo(5).map(() => "applied"));
    expect(batch.state()).toBe("SCORING");
    batch.useRanker(rankEssays);
    batch.sleepUntilAlarm();
    expect(batch.state()).toBe("COMPLETED");
    expect(batch.batch.tally.completed).toBe(10);
    expect(batch.ranking()).toMatchObject({ provisional: false, model: { verdicts: 10 } });
  });

  it("in the provisional ranking is left out and not fatal", () => {
    const batch = openBatch({ config: { completionThresholdPct: 50 } }, broken);
    batch.judgeAll(numbersTo(5));
    expect(batch.state()).toBe("SCORING");
    expect(batch.ranking()).toBeUndefined();
    expect(batch.batch.life.scoringRetry).toBeNull();
    batch.useRanker(rankEssays);
    batch.sleepUntilAlarm();
    expect(batch.state()).toBe("COMPLETED");
  });

  it("keeps a recovery a recovery", () => {
    const batch = openBatch({ config: { judgementTimeoutMinutes: 1_440 } }, broken);
    batch.judgeAll(numbersTo(8));
    batch.sleepUntilAlarm();
    expect(batch.batch.life).toMatchObject({
      forcedRecovery: false,
      scoringRetry: { stop: "forced_recovery" },
    });
    batch.useRanker(rankEssays);
    batch.sleepUntilAlarm();
    expect(batch.batch.life).toMatchObject({ state: "COMPLETED", forcedRecovery: true });
  });

  it("can be cancelled out of", () => {
    const batch = judgedOut(broken);
    expect(batch.cancel()).toBe("cancelled");
    expect(batch.batch.life.scoringRetry).toBeNull();
  });
});

describe("retention", () => {
  const completed = () => {
    const batch = openBatch({ essays: 3 });
    batch.error(0, RETRYABLE);
    batch.judgeAll(numbersTo(3));
    return batch;
  };

  it("erases texts and justifications 30 days after the end, and not before", () => {
    const batch = completed();
    expect(batch.nextWake()).toBe(batch.now() + 30 * DAY);
    batch.advance(30 * DAY - 1);
    batch.wake();
    expect(batch.text(0)).toBe("text of essay 0");
    batch.advance(1);
    batch.wake();
    expect(batch.latest().changes).toContainEqual({ kind: "texts-erased" });
    expect(batch.text(0)).toBeNull();
    expect(batch.record(0)).toMatchObject({ winner: "essay_a", justification: null });
    expect(batch.batch.life.textsErasedAt).toBe(batch.now());
  });

  it("happens once, and then nothing in the batch has a time any more", () => {
    const batch = completed();
    batch.advance(31 * DAY);
    batch.wake();
    expect(batch.nextWake()).toBeNull();
    batch.wake();
    expect(batch.latest()).toEqual({ changes: [], effects: [] });
  });

  it.each(["FAILED", "CANCELLED"] as const)("applies to a batch that ended %s", (state) => {
    const batch = openBatch({ config: { retentionDays: 1 } });
    if (state === "CANCELLED") batch.cancel();
    else batch.error(0, "INVALID_API_KEY");
    expect(batch.state()).toBe(state);
    batch.advance(DAY);
    batch.wake();
    expect(batch.text(0)).toBeNull();
  });

  it("is final: an answer that comes afterwards is kept without its justification", () => {
    const batch = openBatch();
    batch.cancel();
    batch.advance(30 * DAY);
    batch.wake();
    expect(batch.deliver(verdictOf(0, "essay_b"))).toEqual(["late"]);
    expect(batch.lateRecord(0)).toMatchObject({ winner: "essay_b", justification: null });
    expect(batch.error(1, PERMANENT)).toBe("late");
    expect(batch.lateRecord(1)).toMatchObject({ errorCode: PERMANENT, errorMessage: null });
  });
});
