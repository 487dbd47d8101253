import { describe, expect, it } from "vitest";
import type { TextOutcome } from "../../../src/batch/commands/record-texts.ts";
import { HOUR, inlineEssays, MINUTE, numbersTo, OPENED_AT, openBatch, referencedEssays } from "./harness.ts";

const fetched = (of: TextOutcome["of"]): TextOutcome => ({ of, kind: "fetched", text: `fetched ${of}` });
const missing = (of: TextOutcome["of"]): TextOutcome => ({ of, kind: "missing", reason: "404" });
const WITH_PROMPT = { studentPromptStorageId: "storage-prompt" };

const textsAsked = (batch: ReturnType<typeof openBatch>) =>
  batch.outbox.flatMap(({ effect }) => (effect.kind === "text" ? [effect] : []));

describe("texts by reference", () => {
  it("are fetched before pairs are made", () => {
    const batch = openBatch({ essays: referencedEssays(3) });
    expect(batch.state()).toBe("INITIALIZING");
    expect(textsAsked(batch)).toEqual([{ kind: "text", essays: [0, 1, 2], studentPrompt: false }]);
    expect(batch.latest().effects.at(-1)).toEqual({ kind: "projection" });
    expect(batch.batch.comparisons).toEqual([]);
    expect(batch.batch.life.totalComparisons).toBe(0);
  });

  it("are asked for in messages of at most twenty, the student prompt with the first", () => {
    const batch = openBatch({ essays: referencedEssays(45), prompt: WITH_PROMPT });
    expect(textsAsked(batch).map(({ essays, studentPrompt }) => [essays.length, studentPrompt])).toEqual([
      [20, true],
      [20, false],
      [5, false],
    ]);
  });

  it("are asked for only where the text did not come with the request", () => {
    const essays = [...inlineEssays(2), { essayId: "by reference", text: null, storageId: "storage-2" }];
    const batch = openBatch({ essays });
    expect(textsAsked(batch)).toEqual([{ kind: "text", essays: [2], studentPrompt: false }]);
  });

  it("start the comparisons when the last of them has come", () => {
    const batch = openBatch({ essays: referencedEssays(3) });
    expect(batch.texts(fetched(0), fetched(2))).toBe(2);
    expect(batch.state()).toBe("INITIALIZING");
    expect(batch.texts(fetched(1))).toBe(1);
    expect(batch.state()).toBe("GENERATING_PAIRS");
    expect(batch.batch.comparisons).toHaveLength(3);
    expect(batch.text(1)).toBe("fetched 1");
  });

  it("that are redelivered change nothing", () => {
    const batch = openBatch({ essays: referencedEssays(3) });
    batch.texts(fetched(0));
    expect(batch.texts({ of: 0, kind: "fetched", text: "another text" }, missing(0))).toBe(0);
    expect(batch.text(0)).toBe("fetched 0");
    expect(batch.latest().changes).toEqual([]);
  });

  it("that come twice in one message count once, the first of them", () => {
    const batch = openBatch({ essays: referencedEssays(3) });
    expect(batch.texts(fetched(0), missing(0))).toBe(1);
    expect(batch.batch.essays.at(0)?.text).toBe("ready");
  });

  it("that are redelivered after the pairs exist make no second set of pairs", () => {
    const batch = openBatch({ essays: referencedEssays(3) });
    const all = numbersTo(3).map(fetched);
    batch.texts(...all);
    const rows = batch.outbox.length;
    expect(batch.texts(...all)).toBe(0);
    expect(batch.outbox).toHaveLength(rows);
    expect(batch.batch.comparisons).toHaveLength(3);
  });

  it("of essays that nobody asked about are passed over", () => {
    const batch = openBatch({ essays: referencedEssays(2) });
    expect(batch.texts(fetched(2), fetched(-1), fetched("student-prompt"))).toBe(0);
  });

  it("that are missing leave the essay out of the comparisons and not out of the batch", () => {
    const batch = openBatch({ essays: referencedEssays(4) });
    batch.texts(fetched(0), missing(1), fetched(2), fetched(3));
    expect(batch.batch.life.totalComparisons).toBe(3);
    const compared = new Set(batch.batch.comparisons.flatMap(({ first, second }) => [first, second]));
    expect([...compared].sort()).toEqual([0, 2, 3]);
    batch.judgeAll(numbersTo(3));
    expect(
      batch
        .ranking()
        ?.essays.map(({ number }) => number)
        .sort(),
    ).toEqual([0, 2, 3]);
  });

  it("that are missing say why", () => {
    const essays = [...referencedEssays(2), { essayId: "blank", text: null, storageId: null }];
    const batch = openBatch({ essays });
    batch.texts(missing(0), fetched(1));
    expect(batch.batch.essays.map(({ problem }) => problem)).toEqual(["404", null, "the text is blank"]);
  });

  it("that are missing but for one make a batch of one essay", () => {
    const batch = openBatch({ essays: referencedEssays(3) });
    batch.texts(missing(0), fetched(1), missing(2));
    expect(batch.batch.life).toMatchObject({ state: "COMPLETED", stopReason: "single_essay_batch" });
  });

  it("that are all missing fail the batch", () => {
    const batch = openBatch({ essays: referencedEssays(3) });
    batch.texts(...numbersTo(3).map(missing));
    expect(batch.batch.life.failure?.reason).toBe("no_usable_essays");
  });

  it("that come after the batch has ended are not stored", () => {
    const batch = openBatch({ essays: referencedEssays(3) });
    batch.cancel();
    expect(batch.texts(fetched(0))).toBe(0);
    expect(batch.text(0)).toBeNull();
  });
});

describe("texts whose message was lost", () => {
  it("are asked for again after an hour, those that have not come, and again after the next", () => {
    const batch = openBatch({ essays: referencedEssays(45), prompt: WITH_PROMPT });
    batch.texts(...numbersTo(22).map(fetched));
    batch.sleepUntilAlarm();
    expect(batch.now()).toBe(OPENED_AT + HOUR);
    const again = { kind: "text", essays: numbersTo(42, 22), studentPrompt: true };
    expect(textsAsked(batch).slice(3)).toEqual([
      again,
      { kind: "text", essays: [42, 43, 44], studentPrompt: false },
    ]);
    batch.sleepUntilAlarm();
    expect(batch.now()).toBe(OPENED_AT + 2 * HOUR);
    expect(textsAsked(batch)[5]).toEqual(again);
    batch.texts(...numbersTo(45, 22).map(fetched), fetched("student-prompt"));
    expect(batch.state()).toBe("GENERATING_PAIRS");
  });

  it("are not asked for again by an alarm that goes off sooner", () => {
    const batch = openBatch({ essays: referencedEssays(3) });
    batch.advance(59 * MINUTE);
    batch.wake();
    expect(textsAsked(batch)).toHaveLength(1);
    expect(batch.nextWake()).toBe(OPENED_AT + HOUR);
  });

  it("fail the batch at its timeout when they never come, however often they were asked for", () => {
    const batch = openBatch({ essays: referencedEssays(3) });
    while (batch.state() === "INITIALIZING") batch.sleepUntilAlarm();
    expect(batch.batch.life.failure?.reason).toBe("stuck_timeout_insufficient_progress");
    expect(batch.now()).toBe(OPENED_AT + 4 * HOUR);
    expect(textsAsked(batch)).toHaveLength(4);
  });

  it("are asked for no more once all have come", () => {
    const batch = openBatch({ essays: referencedEssays(3) });
    batch.texts(...numbersTo(3).map(fetched));
    batch.sleepUntilAlarm();
    expect(textsAsked(batch)).toHaveLength(1);
  });
});

describe("a student prompt by reference", () => {
  it("is waited for, although all essays came with the request", () => {
    const batch = openBatch({ prompt: WITH_PROMPT });
    expect(batch.state()).toBe("INITIALIZING");
    expect(textsAsked(batch)).toEqual([{ kind: "text", essays: [], studentPrompt: true }]);
    expect(batch.texts(fetched("student-prompt"))).toBe(1);
    expect(batch.latest().changes).toContainEqual({ kind: "student-prompt", text: "fetched student-prompt" });
    expect(batch.state()).toBe("GENERATING_PAIRS");
  });

  it("that is missing is tolerated: the judge sees the essays alone", () => {
    const batch = openBatch({ prompt: WITH_PROMPT });
    expect(batch.texts(missing("student-prompt"))).toBe(1);
    expect(batch.latest().changes).toContainEqual({ kind: "student-prompt", text: null });
    expect(batch.state()).toBe("GENERATING_PAIRS");
  });

  it("that is redelivered changes nothing", () => {
    const batch = openBatch({ essays: referencedEssays(2), prompt: WITH_PROMPT });
    batch.texts(missing("student-prompt"));
    expect(batch.texts(fetched("student-prompt"))).toBe(0);
    batch.texts(fetched(0), fetched(1));
    expect(batch.state()).toBe("GENERATING_PAIRS");
  });

  it("keeps the comparisons waiting although all essays have come", () => {
    const batch = openBatch({ essays: referencedEssays(2), prompt: WITH_PROMPT });
    batch.texts(fetched(0), fetched(1));
    expect(batch.state()).toBe("INITIALIZING");
    batch.texts(fetched("student-prompt"));
    expect(batch.state()).toBe("GENERATING_PAIRS");
  });

  it("does not start the comparisons while an essay is still missing", () => {
    const batch = openBatch({ essays: referencedEssays(2), prompt: WITH_PROMPT });
    batch.texts(fetched("student-prompt"), fetched(0));
    expect(batch.state()).toBe("INITIALIZING");
  });
});
