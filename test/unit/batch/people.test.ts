import { describe, expect, it } from "vitest";
import type { BatchConfig, JudgeShare } from "../../../src/batch/batch.ts";
import { rankByWins } from "../../fakes/rank-by-wins.ts";
import { type BatchUnderTest, DAY, HOUR, MINUTE, openBatch, PERMANENT } from "./harness.ts";

const PEOPLE: readonly JudgeShare[] = [{ judge: "human", model: null, share: 1 }];
const MACHINE_AND_COPIES: readonly JudgeShare[] = [
  { judge: "provider-service", model: null, share: 1 },
  { judge: "human", model: null, share: 0 },
];

/** Three essays, so three comparisons, all for people. */
function openForPeople() {
  return openBatch({ essays: 3, origin: { judges: PEOPLE } }, rankByWins);
}

describe("comparisons for people", () => {
  it("are in no queue, wait without a time, and are there for whoever comes", () => {
    const batch = openForPeople();
    batch.asksQueued();
    expect(batch.asks()).toEqual([]);
    expect(batch.state()).toBe("WAITING_CALLBACKS");
    expect(batch.comparison(0)).toMatchObject({ status: "planned", deadline: null, forPeople: true });
    expect(batch.lend("anna")).toMatchObject({ kind: "lent", number: 0, attempt: 0 });
  });

  it("are different for two people, and the same for one who asks again", () => {
    const batch = openForPeople();
    const first = batch.lend("anna");
    const second = batch.lend("bo");
    expect([first, second]).toMatchObject([{ number: 0 }, { number: 1 }]);
    expect(batch.lend("anna")).toEqual(first);
    expect(batch.latest().changes).toEqual([]);
  });

  it("come back after the lease, as the same attempt, however often nobody answers", () => {
    const batch = openForPeople();
    for (let time = 0; time < 20; time++) {
      expect(batch.lend("anna")).toMatchObject({ number: 0, attempt: 0 });
      batch.advance(16 * MINUTE);
      batch.wake();
      expect(batch.comparison(0)).toMatchObject({
        status: "planned",
        attempt: 0,
        person: null,
        deadline: null,
      });
    }
  });

  it("are handed out again at once when the lease is over, before any alarm has looked", () => {
    const batch = openForPeople();
    for (const person of ["anna", "bo", "cem"]) batch.lend(person);
    expect(batch.lend("dan")).toEqual({ kind: "nothing", at: batch.comparison(0).deadline });
    batch.advance(15 * MINUTE + 1);
    expect(batch.lend("dan")).toMatchObject({ kind: "lent", number: 0 });
    expect(batch.comparison(0).person).toBe("dan");
  });

  it("count a choice that comes after the lease, while nobody else has answered", () => {
    const batch = openForPeople();
    batch.lend("anna");
    batch.advance(2 * HOUR);
    batch.wake();
    expect(batch.choose(0, "anna", "essay_b")).toBe("applied");
    expect(batch.comparison(0)).toMatchObject({ status: "judged", winner: "essay_b", person: "anna" });
  });

  it("take the first of two answers, whoever has the lease", () => {
    const batch = openForPeople();
    batch.lend("anna");
    batch.advance(16 * MINUTE);
    batch.lend("bo");
    expect(batch.choose(0, "anna", "essay_a")).toBe("applied");
    expect(batch.choose(0, "bo", "essay_b")).toBe("duplicate");
    expect(batch.lend("bo")).toMatchObject({ kind: "lent", number: 1 });
  });

  it("record who answered, how sure they were and how long they took", () => {
    const batch = openForPeople();
    batch.lend("school/anna");
    batch.advance(90_000);
    batch.choose(0, "school/anna", "essay_a", 5);
    expect(batch.record(0)).toMatchObject({
      provider: "human",
      model: "school/anna",
      confidence: 5,
      responseTimeMs: 90_000,
    });
  });

  it("make a ranking when all are answered, and then there is nothing left to judge", () => {
    const batch = openForPeople();
    for (const number of [0, 1, 2]) {
      batch.lend("anna");
      batch.choose(number, "anna");
    }
    expect(batch.state()).toBe("COMPLETED");
    expect(batch.lend("anna")).toEqual({ kind: "nothing", at: null });
    expect(batch.choose(0, "bo")).toBe("duplicate");
  });

  it("are the only ones that a person can answer", () => {
    const batch = openBatch({ essays: 3 }, rankByWins);
    expect(batch.lend("anna")).toEqual({ kind: "nothing", at: null });
    expect(batch.choose(0, "anna")).toBe("not_for_people");
    expect(batch.choose(99, "anna")).toBe("not_for_people");
    expect(batch.latest().changes).toEqual([]);
  });
});

describe("a batch that waits for people", () => {
  it("is not ended by the batch timeout, but by its patience for people", () => {
    const batch = openForPeople();
    batch.advance(5 * HOUR);
    batch.wake();
    expect(batch.state()).toBe("GENERATING_PAIRS");
    batch.advance(7 * DAY);
    batch.wake();
    expect(batch.batch.life.failure?.reason).toBe("stuck_timeout_insufficient_progress");
  });

  it("is as impatient as any other where it was opened so", () => {
    const batch = openBatch(
      { essays: 3, origin: { judges: PEOPLE }, config: { humanWaitHours: 0 } },
      rankByWins,
    );
    batch.advance(4 * HOUR);
    batch.wake();
    expect(batch.state()).toBe("FAILED");
  });

  it("keeps its provisional ranking until people are done, then ends with the last of them", () => {
    const batch = openBatch(
      { essays: 5, origin: { judges: MACHINE_AND_COPIES }, config: { humanShare: 0.2 } },
      rankByWins,
    );
    const copies = batch.batch.comparisons.filter(({ copyOf }) => copyOf !== null);
    expect(copies).toHaveLength(2);
    batch.dispatchAll();
    batch.judgeAll(
      batch.batch.comparisons.filter(({ copyOf }) => copyOf === null).map(({ number }) => number),
    );
    expect(batch.state()).toBe("SCORING");
    expect(batch.ranking()?.provisional).toBe(true);
    batch.advance(2 * DAY);
    batch.wake();
    expect(batch.state()).toBe("SCORING");
    for (const { number } of copies) batch.choose(number, "anna");
    expect(batch.batch.life.stopReason).toBe("all_comparisons_settled");
  });

  it("ends at once when people are done and its own time has passed meanwhile", () => {
    const judges = [
      { judge: "provider-service", model: null, share: 0.5 },
      { judge: "human", model: null, share: 0.5 },
    ];
    const batch = openBatch({ essays: 5, origin: { judges } }, rankByWins);
    const people = batch.batch.comparisons.filter(({ forPeople }) => forPeople);
    expect(people).toHaveLength(5);
    batch.advance(DAY);
    for (const { number } of people) batch.choose(number, "anna");
    // What machines were to judge has been outstanding for longer than the batch timeout, which counts from now on.
    batch.advance(5 * HOUR);
    batch.wake();
    expect(batch.batch.life.failure?.reason).toBe("stuck_timeout_insufficient_progress");
  });
});

describe("the share of pairs that people judge as well", () => {
  const open = (humanShare: number, seed = 7) =>
    openBatch(
      {
        essays: 20,
        origin: { judges: MACHINE_AND_COPIES, seed },
        config: { humanShare, maxComparisons: 190 },
      },
      rankByWins,
    );
  const copiesOf = (batch: BatchUnderTest) => batch.batch.comparisons.filter(({ copyOf }) => copyOf !== null);

  it.each([0.05, 0.1, 0.3, 1])("is %d of the planned pairs, give or take less than one", (humanShare) => {
    const copies = copiesOf(open(humanShare)).length;
    expect(Math.abs(copies - 190 * humanShare)).toBeLessThan(1);
  });

  it("stands beside the plan: neither total, counters nor progress know of it", () => {
    const batch = open(0.3);
    expect(batch.batch.life.totalComparisons).toBe(190);
    const { outstanding, waitingForPeople, copiesOutstanding } = batch.batch.tally;
    expect({ outstanding, waitingForPeople, copiesOutstanding }).toEqual({
      outstanding: 190,
      waitingForPeople: 0,
      copiesOutstanding: 57,
    });
  });

  it("puts the very pair of its comparison, in an order of its own, before people", () => {
    const batch = open(1);
    const turned = copiesOf(batch).map(({ first, second, copyOf }) => {
      const original = batch.comparison(copyOf ?? -1);
      expect([first, second].toSorted()).toEqual([original.first, original.second].toSorted());
      expect(original.forPeople).toBe(false);
      return first !== original.first;
    });
    const share = turned.filter(Boolean).length / turned.length;
    expect(share).toBeGreaterThan(0.35);
    expect(share).toBeLessThan(0.65);
  });

  it("is drawn by the seed alone, and differently by another", () => {
    const drawn = (seed: number) => copiesOf(open(0.2, seed)).map(({ copyOf }) => copyOf);
    expect(drawn(7)).toEqual(drawn(7));
    expect(drawn(7)).not.toEqual(drawn(8));
  });

  describe("when every machine fails and the batch allows it", () => {
    const allFailed = (config: Partial<BatchConfig> = {}) => {
      const batch = openBatch({
        essays: 5,
        origin: { judges: MACHINE_AND_COPIES },
        config: { humanShare: 1, minSuccessRateThreshold: 0, maxRetryAttempts: 0, ...config },
      });
      for (const { number, copyOf } of batch.batch.comparisons.slice())
        if (copyOf === null) batch.error(number, PERMANENT);
      return batch;
    };

    it("is all that there is to rank by", () => {
      const batch = allFailed();
      expect(batch.state()).toBe("WAITING_CALLBACKS");
      for (const { number } of copiesOf(batch)) batch.choose(number, "anna", "essay_b");
      expect(batch.batch.life).toMatchObject({
        state: "COMPLETED",
        stopReason: "all_comparisons_settled",
        failure: null,
      });
      expect(batch.batch.tally).toMatchObject({ completed: 0, failed: 10, copiesCompleted: 10 });
      expect(batch.ranking()).toMatchObject({ humanShare: 1, model: { verdicts: 10 } });
      expect(batch.events("result").at(0)?.envelope.data).toMatchObject({
        assessment_metadata: { comparison_count: 10, human_share: 1 },
      });
    });

    it("is ranked although some of it never came, once the patience for people is over", () => {
      const batch = allFailed({ maxCostUsd: 0.001 });
      expect(batch.state()).toBe("SCORING");
      batch.choose(copiesOf(batch)[0].number, "anna");
      batch.advance(8 * DAY);
      batch.wake();
      expect(batch.batch.life).toMatchObject({ state: "COMPLETED", forcedRecovery: true });
    });

    it("fails when people said nothing either", () => {
      const batch = allFailed();
      batch.advance(8 * DAY);
      batch.wake();
      expect(batch.state()).toBe("FAILED");
    });
  });
});
