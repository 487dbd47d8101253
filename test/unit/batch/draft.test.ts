import { describe, expect, it } from "vitest";
import { isOutstanding } from "../../../src/batch/batch.ts";
import { openDraft } from "../../../src/batch/draft.ts";
import { batchFrom, evolve } from "../../../src/batch/evolve.ts";
import { emptyTally } from "../../../src/batch/tally.ts";
import { numbersTo, openBatch, PERMANENT, RETRYABLE } from "./harness.ts";

describe("a draft", () => {
  it("shows what has been decided so far, while the batch stays as it is", () => {
    const { batch } = openBatch();
    const draft = openDraft(batch, batch.life.updatedAt);
    draft.setComparison({ ...batch.comparisons[0], status: "failed", settledAt: 1 }, null);
    expect(draft.comparison(0)?.status).toBe("failed");
    expect(draft.tally()).toMatchObject({ failed: 1, outstanding: 9 });
    expect(batch.comparisons[0].status).toBe("planned");
    expect(batch.tally).toMatchObject({ failed: 0, outstanding: 10 });
  });

  it("that decides nothing changes nothing, not even the time of the last change", () => {
    const { batch } = openBatch();
    const decision = openDraft(batch, batch.life.updatedAt + 1).decide("reply");
    expect(decision).toEqual({ changes: [], outbox: [], wakeAt: null, reply: "reply" });
  });

  it("notes the time of a change of the batch itself, and of no other", () => {
    const batch = openBatch();
    batch.advance(1_000);
    batch.asksQueued();
    expect(batch.batch.life.updatedAt).toBe(batch.now());
    batch.advance(1_000);
    batch.judge(0);
    expect(batch.batch.life.updatedAt).toBe(batch.now() - 1_000);
  });

  it("takes a step to the present state for a bug", () => {
    const { batch } = openBatch();
    const draft = openDraft(batch, 0);
    expect(() => draft.transition("GENERATING_PAIRS", "again")).toThrow("already GENERATING_PAIRS");
  });

  it("takes a step out of a terminal state for a bug", () => {
    const ended = openBatch({ essays: 2 });
    ended.judge(0);
    const draft = openDraft(ended.batch, 0);
    expect(() => draft.transition("SCORING", "once more")).toThrow("has ended: COMPLETED");
  });

  it("takes a comparison out of turn for a bug", () => {
    const { batch } = openBatch();
    const draft = openDraft(batch, 0);
    expect(() => draft.issue({ ...batch.comparisons[0], number: 11 })).toThrow("issued out of turn");
  });

  it("wakes at the earliest of the times asked for", () => {
    const draft = openDraft(openBatch().batch, 0);
    for (const at of [30, 10, 20]) draft.wakeBy(at);
    expect(draft.decide(null).wakeAt).toBe(10);
  });

  it("sends questions with different delays in different messages", () => {
    const draft = openDraft(openBatch().batch, 0);
    draft.ask({ number: 0, attempt: 1 }, 2);
    draft.ask({ number: 1, attempt: 2 }, 8);
    draft.ask({ number: 2, attempt: 1 }, 2);
    expect(draft.decide(null).outbox.map(({ effect }) => effect)).toEqual([
      {
        kind: "judge",
        asks: [
          { number: 0, attempt: 1 },
          { number: 2, attempt: 1 },
        ],
        delaySeconds: 2,
      },
      { kind: "judge", asks: [{ number: 1, attempt: 2 }], delaySeconds: 8 },
    ]);
  });
});

describe("a batch", () => {
  it("is what its committed changes say, and nothing else", () => {
    const lived = openBatch({ essays: 8, config: { maxInFlight: 5 } });
    lived.dispatchAll();
    lived.error(0, RETRYABLE);
    lived.error(1, PERMANENT);
    lived.judgeAll(numbersTo(6, 2));
    lived.sleepUntilAlarm();
    lived.cancel();
    lived.judge(7);
    const [opened, ...later] = lived.changes;
    if (opened.kind !== "opened") throw new Error("expected the opening first");
    const rebuilt = batchFrom(opened);
    expect(rebuilt.tally).toEqual(emptyTally());
    evolve(rebuilt, later);
    expect(rebuilt).toEqual(lived.batch);
  });

  it.each([
    ["planned", true],
    ["dispatched", true],
    ["unanswered", true],
    ["judged", false],
    ["failed", false],
  ] as const)("counts a comparison that is %s as outstanding: %s", (status, outstanding) => {
    const [comparison] = openBatch().batch.comparisons;
    expect(isOutstanding({ ...comparison, status })).toBe(outstanding);
  });
});
