import { describe, expect, it } from "vitest";
import { errorOf, numbersTo, openBatch, PERMANENT, RETRYABLE, verdictOf } from "./harness.ts";

describe("outcomes of a callback", () => {
  it("is applied once; the first verdict stands", () => {
    const batch = openBatch();
    expect(batch.judge(0, "essay_b")).toBe("applied");
    expect(batch.judge(0, "essay_b")).toBe("duplicate");
    expect(batch.judge(0, "essay_a")).toBe("duplicate");
    expect(batch.comparison(0).winner).toBe("essay_b");
    expect(batch.record(0)).toMatchObject({ winner: "essay_b" });
    expect(batch.batch.tally.completed).toBe(1);
  });

  it("is applied once within one delivery", () => {
    const batch = openBatch();
    expect(batch.deliver(verdictOf(0, "essay_b"), verdictOf(0, "essay_a"), verdictOf(1))).toEqual([
      "applied",
      "duplicate",
      "applied",
    ]);
    expect(batch.comparison(0).winner).toBe("essay_b");
  });

  it("is a duplicate and not late when its comparison was judged before the batch ended", () => {
    const batch = openBatch({ essays: 3 });
    batch.judgeAll(numbersTo(3));
    expect(batch.state()).toBe("COMPLETED");
    expect(batch.judge(0)).toBe("duplicate");
    expect(batch.error(0, PERMANENT)).toBe("duplicate");
    expect(batch.batch.tally.late).toBe(0);
  });

  it("is a duplicate when an error follows a verdict", () => {
    const batch = openBatch();
    batch.judge(0);
    expect(batch.error(0, "INVALID_API_KEY")).toBe("duplicate");
    expect(batch.state()).toBe("WAITING_CALLBACKS");
  });

  it("is a duplicate when an error comes from a superseded attempt, even a permanent one", () => {
    const batch = openBatch();
    batch.error(0, RETRYABLE);
    expect(batch.error(0, RETRYABLE, 0)).toBe("duplicate");
    expect(batch.error(0, PERMANENT, 0)).toBe("duplicate");
    expect(batch.comparison(0)).toMatchObject({ status: "planned", attempt: 1 });
    expect(batch.asks()).toHaveLength(11);
  });

  it("is a duplicate when the final failure is delivered again", () => {
    const batch = openBatch();
    batch.error(0, PERMANENT);
    expect(batch.error(0, PERMANENT)).toBe("duplicate");
    expect(batch.batch.tally.failed).toBe(1);
  });

  it("is applied when a winner follows a failure, and the failure is taken back", () => {
    const batch = openBatch();
    batch.error(0, PERMANENT);
    expect(batch.batch.tally).toMatchObject({ completed: 0, failed: 1 });
    expect(batch.judge(0)).toBe("applied");
    expect(batch.batch.tally).toMatchObject({ completed: 1, failed: 0 });
    expect(batch.comparison(0)).toMatchObject({ status: "judged", winner: "essay_a" });
  });

  it("is applied when a winner comes from an older attempt", () => {
    const batch = openBatch();
    batch.error(0, RETRYABLE);
    batch.dispatchAll();
    expect(batch.deliver(verdictOf(0, "essay_b", 0))).toEqual(["applied"]);
    expect(batch.comparison(0)).toMatchObject({ status: "judged", winner: "essay_b", deadline: null });
    expect(batch.deliver(verdictOf(0, "essay_a", 1))).toEqual(["duplicate"]);
  });

  it("is applied even before its submission was recorded", () => {
    const batch = openBatch();
    expect(batch.comparison(0).status).toBe("planned");
    expect(batch.judge(0)).toBe("applied");
    expect(batch.dispatch([{ number: 0, attempt: 0 }])).toBe(0);
    expect(batch.comparison(0).status).toBe("judged");
  });

  it("takes the batch out of pair generation when it comes before the outbox has reported", () => {
    const batch = openBatch();
    batch.judge(0);
    expect(batch.state()).toBe("WAITING_CALLBACKS");
    batch.asksQueued();
    expect(batch.latest().changes).toEqual([]);
  });

  it("is orphaned when the batch has no such comparison, and changes nothing", () => {
    const batch = openBatch();
    expect(batch.deliver(verdictOf(10), errorOf(10, PERMANENT), verdictOf(1_048_575))).toEqual([
      "orphaned",
      "orphaned",
      "orphaned",
    ]);
    expect(batch.latest().changes).toEqual([]);
  });

  it("is orphaned while the batch still waits for its texts", () => {
    const batch = openBatch({ essays: [{ essayId: "essay-0", text: null, storageId: "storage-0" }] });
    expect(batch.deliver(verdictOf(0))).toEqual(["orphaned"]);
    expect(batch.state()).toBe("INITIALIZING");
  });

  it("counts once what twelve concurrent deliveries bring, in whatever order", () => {
    const batch = openBatch({ essays: 6 });
    for (const start of numbersTo(12))
      batch.deliver(...numbersTo(15).map((number) => verdictOf((number + start) % 15)));
    expect(batch.batch.tally.completed).toBe(15);
    expect(batch.events("completed")).toHaveLength(1);
  });
});

describe("an answer to a batch that has ended", () => {
  const ended = () => {
    const batch = openBatch();
    batch.judgeAll(numbersTo(4));
    batch.cancel();
    return batch;
  };

  it("is late, kept once for audit, and changes nothing that was published", () => {
    const batch = ended();
    const life = batch.batch.life;
    const published = batch.outbox.length;
    expect(batch.judge(7, "essay_b")).toBe("late");
    expect(batch.comparison(7)).toMatchObject({ winner: null, lateAt: batch.now(), status: "planned" });
    expect(batch.lateRecord(7)).toMatchObject({ winner: "essay_b" });
    expect(batch.batch.tally).toMatchObject({ completed: 4, late: 1 });
    expect(batch.batch.life).toBe(life);
    expect(batch.outbox).toHaveLength(published);
  });

  it("is a duplicate the second time", () => {
    const batch = ended();
    batch.judge(7, "essay_b");
    expect(batch.judge(7, "essay_a")).toBe("duplicate");
    expect(batch.lateRecord(7)).toMatchObject({ winner: "essay_b" });
    expect(batch.batch.tally.late).toBe(1);
  });

  it("is late when it is an error, and asks nothing", () => {
    const batch = ended();
    expect(batch.error(7, RETRYABLE)).toBe("late");
    expect(batch.latest().effects).toEqual([]);
    expect(batch.comparison(7)).toMatchObject({ attempt: 0, lateAt: batch.now() });
  });

  it("is late when a winner follows a failure: the failure stays counted", () => {
    const batch = openBatch();
    batch.error(0, PERMANENT);
    batch.cancel();
    expect(batch.judge(0)).toBe("late");
    expect(batch.batch.tally).toMatchObject({ completed: 0, failed: 1, late: 1 });
    expect(batch.record(0)).toMatchObject({ errorCode: PERMANENT });
    expect(batch.lateRecord(0)).toMatchObject({ winner: "essay_a" });
  });

  it("is late from a superseded attempt as well: the batch's end is looked at first", () => {
    const batch = openBatch();
    batch.error(0, RETRYABLE);
    batch.cancel();
    expect(batch.error(0, RETRYABLE, 0)).toBe("late");
  });
});
