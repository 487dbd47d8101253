import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { createApp } from "../../src/http/app.ts";
import {
  backToThePresent,
  better,
  type ComparisonJson,
  call,
  callbackFor,
  describeInAndOutOfMemory,
  envelopeFor,
  essaysOf,
  eventually,
  evict,
  failBridge,
  fireAlarm,
  judge,
  listDeadLetters,
  objectOf,
  openBatch,
  postCallback,
  postEvents,
  postJson,
  questionsWith,
  readBatch,
  readComparisons,
  requestEvent,
  runInDurableObject,
  statesOf,
  travelHours,
  untilPublished,
  untilState,
} from "./harness.ts";

afterEach(backToThePresent);

async function untilStatus(batchId: string, status: string): Promise<ComparisonJson[]> {
  return eventually(async () => {
    const comparisons = await readComparisons(batchId);
    return comparisons.length > 0 && comparisons.every((each) => each.status === status)
      ? comparisons
      : undefined;
  });
}

/** Answers every comparison that waits with an error, attempt after attempt, until none waits. */
async function failEvery(batchId: string, errorCode: string): Promise<number> {
  for (let posted = 0; ; posted++) {
    const waiting = (await readComparisons(batchId)).find(({ status }) =>
      ["planned", "dispatched"].includes(status),
    );
    if (waiting === undefined) return posted;
    await postCallback(callbackFor(waiting.correlation_id, { errorCode }));
  }
}

describeInAndOutOfMemory(() => {
  describe("P1 one state", () => {
    it("has a history in which every step begins where the last one ended", async () => {
      const batchId = await openBatch({ essays: 3 });
      await judge(await readComparisons(batchId));
      const response = await call(`/v1/batches/${batchId}/history`);
      const step = z.looseObject({ from: z.string().nullable(), to: z.string() });
      const { history } = z.object({ history: z.array(step) }).parse(await response.json());
      expect(history[0]).toMatchObject({ from: null, to: "INITIALIZING" });
      for (const [k, { from }] of history.slice(1).entries()) expect(from).toBe(history[k].to);
      expect(history.at(-1)?.to).toBe((await readBatch(batchId)).state);
    });
  });

  describe("P2 a lost judgement", () => {
    it("is asked again at its deadline, and the batch completes", async () => {
      const mark = `lost ${crypto.randomUUID()}`;
      const essays = ["a", "b"].map((id) => ({ essay_id: id, text: `Essay ${id} [swallow 1] ${mark}` }));
      const batchId = await openBatch({ essays, judge: "provider-service" });
      await untilStatus(batchId, "dispatched");
      expect(await questionsWith(mark)).toEqual([]);

      travelHours(0.6);
      await fireAlarm(batchId);
      backToThePresent();
      const [question] = await eventually(async () => {
        const questions = await questionsWith(mark);
        return questions.length > 0 ? questions : undefined;
      });
      expect(await postCallback(callbackFor(question.correlation_id))).toBe("applied");
      expect(await readBatch(batchId)).toMatchObject({ state: "COMPLETED", completed_comparisons: 1 });
    });
  });

  describe("P3 failed comparisons", () => {
    it("are asked again up to the limit and then counted", async () => {
      const config = { max_retry_attempts: 2, min_success_rate_threshold: 0 };
      const batchId = await openBatch({ essays: 3, config });
      const [first] = await readComparisons(batchId);
      for (const attempt of [0, 1, 2]) {
        const now = (await readComparisons(batchId))[0];
        expect(now).toMatchObject({ attempt, status: expect.stringMatching(/planned|dispatched/) });
        expect(
          await postCallback(callbackFor(now.correlation_id, { errorCode: "LLM_PROVIDER_TIMEOUT" })),
        ).toBe("applied");
      }
      expect((await readComparisons(batchId))[0]).toMatchObject({ status: "failed", attempt: 2 });
      await judge((await readComparisons(batchId)).slice(1));
      expect(await readBatch(batchId)).toMatchObject({
        state: "COMPLETED",
        completed_comparisons: 2,
        failed_comparisons: 1,
      });
      expect(await postCallback(callbackFor(first.correlation_id, { errorCode: "TIMEOUT" }))).toBe(
        "duplicate",
      );
    });
  });

  describe("P4 a small batch", () => {
    it.each([4, 5, 8, 15])("of %i essays ends at once with its last verdict", async (count) => {
      const batchId = await openBatch({ essays: count });
      const comparisons = await readComparisons(batchId);
      expect(comparisons).toHaveLength((count * (count - 1)) / 2);
      await judge(comparisons.slice(0, -1));
      expect((await readBatch(batchId)).state).not.toBe("COMPLETED");
      await judge(comparisons.slice(-1));
      expect((await readBatch(batchId)).state).toBe("COMPLETED");
    });

    it("ends at once although one comparison failed for good", async () => {
      const batchId = await openBatch({ essays: 5, config: { max_retry_attempts: 0 } });
      const [first, ...rest] = await readComparisons(batchId);
      await postCallback(callbackFor(first.correlation_id, { errorCode: "LLM_CONTENT_TOO_LONG" }));
      await judge(rest);
      expect(await readBatch(batchId)).toMatchObject({
        state: "COMPLETED",
        completed_comparisons: 9,
        failed_comparisons: 1,
      });
    });
  });

  describe("P5 nothing but errors", () => {
    it("fails when the success rate has become unreachable, long before the budget is spent", async () => {
      const batchId = await openBatch({ essays: 10, config: { max_comparisons: 40, max_retry_attempts: 0 } });
      const posted = await failEvery(batchId, "LLM_PROVIDER_API_ERROR");
      // 9 of 40 is the first number of failures that leaves less than four fifths.
      expect(posted).toBe(9);
      expect(await readBatch(batchId)).toMatchObject({ state: "FAILED", failed_comparisons: 9 });
    });

    it("fails at once when no further comparison could escape the error", async () => {
      const batchId = await openBatch({ essays: 10 });
      expect(await failEvery(batchId, "INVALID_API_KEY")).toBe(1);
      expect(await readBatch(batchId)).toMatchObject({
        state: "FAILED",
        failure: { reason: "judge_unusable" },
      });
    });
  });

  describe("P7 the last callbacks of a wave", () => {
    it("start exactly one next wave when they arrive together", async () => {
      const batchId = await openBatch({
        essays: 100,
        config: { max_comparisons: 1000, pairing: "balanced_rounds" },
      });
      const comparisons = await readComparisons(batchId);
      expect(comparisons).toHaveLength(500);
      const callbacks = comparisons
        .slice(0, 12)
        .map((each) => callbackFor(each.correlation_id, { winner: better(each) }));
      await Promise.all(callbacks.map(postCallback));
      expect(await readBatch(batchId)).toMatchObject({
        wave: 2,
        completed_comparisons: 12,
        pending_comparisons: 538,
      });
      expect(await readComparisons(batchId)).toHaveLength(550);
    });
  });

  describe("P8 one callback delivered twice at once", () => {
    it("is counted once", async () => {
      const batchId = await openBatch({ essays: 3 });
      const [first] = await readComparisons(batchId);
      const callback = callbackFor(first.correlation_id);
      const outcomes = await Promise.all([1, 2, 3, 4].map(() => postCallback(callback)));
      expect(outcomes.toSorted()).toEqual(["applied", "duplicate", "duplicate", "duplicate"]);
      expect((await readBatch(batchId)).completed_comparisons).toBe(1);
    });
  });

  describe("P9 events", () => {
    it("keep their event id when an answer of the bridge is lost and they are published again", async () => {
      const batchId = await openBatch({ essays: 2 });
      const { bos_batch_id: bosBatchId } = await readBatch(batchId);
      await failBridge({ kind: "hang_up", written: true, key: bosBatchId });
      await judge(await readComparisons(batchId));
      const published = await untilPublished(bosBatchId);
      const results = published.filter(({ topic }) => topic === "huleedu.assessment.result.published.v1");
      expect(results.length).toBeGreaterThanOrEqual(2);
      expect(new Set(results.map(({ envelope }) => envelope.event_id)).size).toBe(1);
      // In order all the same: the rich result was there before the completion was announced.
      expect(published[0].topic).toBe("huleedu.assessment.result.published.v1");
    });
  });

  describe("P10 what cannot be used", () => {
    it("is kept with its reason while the good records around it are taken", async () => {
      const batchId = await openBatch({ essays: 2 });
      const [only] = await readComparisons(batchId);
      const mark = crypto.randomUUID();
      const lines = [
        `{"cut off ${mark}`,
        JSON.stringify(envelopeFor(callbackFor(only.correlation_id))),
        `{"event_type": "${mark}"}`,
      ];
      const response = await call("/v1/events", {
        method: "POST",
        headers: { "content-type": "application/x-ndjson" },
        body: lines.join("\n"),
      });
      expect(response.status).toBe(202);
      expect(await response.json()).toMatchObject({
        outcomes: [
          { outcome: "dead_lettered", reason: "unparseable" },
          { outcome: "queued" },
          { outcome: "dead_lettered", reason: "contract_violation" },
        ],
      });
      await untilState(batchId, "COMPLETED");
    });

    it("can be replayed, once, and then takes the way it would have taken", async () => {
      const batchId = await openBatch({ essays: 2 });
      const [only] = await readComparisons(batchId);
      const id = crypto.randomUUID();
      await env.DB.prepare(
        `INSERT INTO dead_letters (id, source, reason, detail, payload, payload_bytes, payload_sha256, created_at, expires_at)
         VALUES (?, 'cj-inbound', 'attempts_exhausted', 'x', ?, 1, 'x', ?, ?)`,
      )
        .bind(id, JSON.stringify(callbackFor(only.correlation_id)), Date.now(), Date.now() + 1e9)
        .run();
      expect((await listDeadLetters()).map((letter) => letter.id)).toContain(id);

      expect((await postJson(`/v1/dead-letters/${id}/replay`, {})).status).toBe(200);
      await untilState(batchId, "COMPLETED");
      expect((await postJson(`/v1/dead-letters/${id}/replay`, {})).status).toBe(409);
    });
  });

  describe("P11 an essay whose text cannot be fetched", () => {
    async function openByReference(...storageIds: string[]) {
      const essays = storageIds.map((text_storage_id, k) => ({
        essay_id: `essay-${k + 1}`,
        text_storage_id,
      }));
      const event = requestEvent(essays);
      const [outcome] = await postEvents([event]);
      const { batch_id: batchId } = z.looseObject({ batch_id: z.string() }).parse(outcome);
      return { batchId, bosBatchId: event.data.entity_id };
    }

    it("is listed as failed while the others are ranked", async () => {
      const { batchId, bosBatchId } = await openByReference(
        "text-one",
        "missing-two",
        "text-three",
        "flaky-1-four",
        "huge-five",
      );
      await untilState(batchId, "WAITING_CALLBACKS");
      expect(await statesOf(batchId)).toEqual(["INITIALIZING", "GENERATING_PAIRS", "WAITING_CALLBACKS"]);
      await judge(await readComparisons(batchId));
      const published = await untilPublished(bosBatchId);
      const completed = published.find(({ topic }) => topic === "huleedu.cj_assessment.completed.v1");
      expect(completed?.envelope.data).toMatchObject({
        processing_summary: {
          total_essays: 5,
          successful: 3,
          failed: 2,
          failed_essay_ids: ["essay-2", "essay-5"],
        },
      });
    });

    it("leaves a batch of one, which completes and says so", async () => {
      const { batchId, bosBatchId } = await openByReference("text-one", "blank-two", "binary-three");
      expect(await untilState(batchId, "COMPLETED")).toMatchObject({
        stop_reason: "single_essay_batch",
        total_comparisons: 0,
      });
      const published = await untilPublished(bosBatchId);
      const completed = published.find(({ topic }) => topic === "huleedu.cj_assessment.completed.v1");
      expect(completed?.envelope.data).toMatchObject({
        processing_summary: { successful_essay_ids: ["essay-1"], single_essay_batch: true },
      });
    });

    it("fails the batch when it is every essay", async () => {
      const { batchId } = await openByReference("missing-one", "missing-two");
      expect(await untilState(batchId, "FAILED")).toMatchObject({ failure: { reason: "no_usable_essays" } });
    });
  });

  describe("P12 a second request for the same batch", () => {
    it("opens an object of its own that shares nothing with the first", async () => {
      const essays = essaysOf(3).map(({ essay_id, text }) => ({ essay_id, text_content: text }));
      const first = requestEvent(essays);
      const second = { ...first, event_id: crypto.randomUUID(), correlation_id: crypto.randomUUID() };
      const outcomes = z
        .array(z.looseObject({ batch_id: z.string() }))
        .parse(await postEvents([first, second]));
      const [one, two] = outcomes.map(({ batch_id }) => batch_id);
      expect(one).not.toBe(two);
      await judge(await readComparisons(one));
      expect(await readBatch(one)).toMatchObject({ state: "COMPLETED", completed_comparisons: 3 });
      expect(await readBatch(two)).toMatchObject({ completed_comparisons: 0, total_comparisons: 3 });
      await judge(await readComparisons(two));
      expect(await readBatch(two)).toMatchObject({ state: "COMPLETED", completed_comparisons: 3 });
    });

    it("that is only a redelivery finds the batch that is there", async () => {
      const event = requestEvent(essaysOf(3).map(({ essay_id, text }) => ({ essay_id, text_content: text })));
      const again = { ...event, event_id: crypto.randomUUID(), event_timestamp: "2026-01-01T00:00:00Z" };
      expect(await postEvents([event, again])).toMatchObject([{ outcome: "opened" }, { outcome: "exists" }]);
      const different = { ...again, data: { ...event.data, language: "sv" } };
      expect(await postEvents([different])).toMatchObject([
        { outcome: "dead_lettered", reason: "idempotency_conflict" },
      ]);
    });
  });

  describe("P13 the monitor and the last callbacks", () => {
    it("cannot race: however they interleave, the batch ends once", async () => {
      const batchId = await openBatch({ essays: 5 });
      const comparisons = await readComparisons(batchId);
      await Promise.all([
        ...comparisons.map((each) => postCallback(callbackFor(each.correlation_id))),
        fireAlarm(batchId),
        fireAlarm(batchId),
      ]);
      expect(await readBatch(batchId)).toMatchObject({
        state: "COMPLETED",
        completed_comparisons: 10,
        wave: 1,
      });
      const states = await statesOf(batchId);
      expect(states.filter((state) => state === "COMPLETED")).toHaveLength(1);
    });
  });

  describe("P14 the failed event", () => {
    it("carries the request's correlation id, and every datetime is UTC with Z", async () => {
      const event = requestEvent(essaysOf(3).map(({ essay_id, text }) => ({ essay_id, text_content: text })));
      const [outcome] = await postEvents([event]);
      const { batch_id: batchId } = z.looseObject({ batch_id: z.string() }).parse(outcome);
      const [first] = await readComparisons(batchId);
      await postCallback(callbackFor(first.correlation_id, { errorCode: "AUTHENTICATION_ERROR" }));
      const [failed] = await untilPublished(event.data.entity_id);
      expect(failed.envelope.correlation_id).toBe(event.correlation_id);
      const text = JSON.stringify(failed.envelope);
      const datetimes = text.match(/\d{4}-\d\d-\d\dT[0-9:.]+[^",]*/g) ?? [];
      expect(datetimes.length).toBeGreaterThanOrEqual(5);
      for (const datetime of datetimes) expect(datetime).toMatch(/Z$/);
    });
  });

  describe("P15 failures", () => {
    it("are no progress: a stuck batch in which most comparisons failed is not recovered", async () => {
      const config = { max_retry_attempts: 0, min_success_rate_threshold: 0 };
      const batchId = await openBatch({ essays: 5, config });
      const comparisons = await readComparisons(batchId);
      for (const each of comparisons.slice(0, 8))
        await postCallback(callbackFor(each.correlation_id, { errorCode: "TIMEOUT" }));
      await judge(comparisons.slice(8, 9));
      travelHours(5);
      await fireAlarm(batchId);
      expect(await readBatch(batchId)).toMatchObject({
        state: "FAILED",
        forced_recovery: false,
        failure: { reason: "stuck_timeout_insufficient_progress" },
      });
    });
  });

  describe("P16 billing", () => {
    it("counts the comparisons that were judged", async () => {
      const batchId = await openBatch({ essays: 6, config: { max_retry_attempts: 0, max_comparisons: 10 } });
      const [first, ...rest] = await readComparisons(batchId);
      await postCallback(callbackFor(first.correlation_id, { errorCode: "TIMEOUT" }));
      await judge(rest);
      const published = await untilPublished((await readBatch(batchId)).bos_batch_id);
      const resource = published.find(({ topic }) => topic === "huleedu.resource.consumption.v1");
      expect(resource?.envelope.data).toMatchObject({ quantity: 9, resource_type: "cj_comparison" });
    });
  });

  describe("P17 the winner", () => {
    it.each(["Essay A", "essay_a", "ESSAY A", "Essay B", "essay_b", "essay b"])(
      "may be spelled %s and is stored one way",
      async (winner) => {
        const batchId = await openBatch({ essays: 2 });
        const [only] = await readComparisons(batchId);
        expect(await postCallback(callbackFor(only.correlation_id, { winner }))).toBe("applied");
        expect((await readComparisons(batchId))[0].winner).toBe(winner.toLowerCase().replace(" ", "_"));
      },
    );
  });

  describe("P18 an unknown error code", () => {
    it("is an answer like any other and is asked again", async () => {
      const batchId = await openBatch({ essays: 3 });
      const [first] = await readComparisons(batchId);
      expect(
        await postCallback(callbackFor(first.correlation_id, { errorCode: "SOMETHING_NOBODY_HEARD_OF" })),
      ).toBe("applied");
      expect((await readComparisons(batchId))[0]).toMatchObject({ attempt: 1 });
    });
  });

  describe("P19 the prompt", () => {
    it("carries no essay ids", async () => {
      const mark = crypto.randomUUID();
      const essays = [1, 2, 3].map((k) => ({
        essay_id: `ANCHOR_${k}_SECRET`,
        text: `Words of essay ${k}, ${mark}.`,
      }));
      const batchId = await openBatch({ essays, judge: "provider-service" });
      await untilStatus(batchId, "dispatched");
      const questions = await questionsWith(mark);
      expect(questions).toHaveLength(3);
      for (const { metadata, ...question } of questions) {
        expect(JSON.stringify(question)).not.toContain("ANCHOR");
        expect(question.user_prompt).not.toContain(batchId);
        expect(metadata).toMatchObject({ essay_a_id: expect.stringContaining("ANCHOR") });
      }
    });
  });
});

describe("P6 a scoring error", () => {
  async function openWithBrokenScoring(): Promise<string> {
    const batchId = await openBatch({ essays: 3 });
    await runInDurableObject(objectOf(batchId), (object) => {
      object.rank = () => {
        throw new Error("the fit exploded");
      };
    });
    await judge(await readComparisons(batchId));
    expect((await readBatch(batchId)).state).toBe("SCORING");
    return batchId;
  }

  it("is retried by the alarm and ends in FAILED, with an event", async () => {
    const batchId = await openWithBrokenScoring();
    for (let tries = 0; tries < 10 && (await readBatch(batchId)).state === "SCORING"; tries++) {
      travelHours(1);
      await fireAlarm(batchId);
    }
    const batch = await readBatch(batchId);
    expect(batch).toMatchObject({ state: "FAILED", failure: { reason: "scoring_failed" } });
    backToThePresent();
    expect((await untilPublished(batch.bos_batch_id)).map(({ topic }) => topic)).toEqual([
      "huleedu.cj_assessment.failed.v1",
    ]);
  });

  it("is forgotten when a retry succeeds", async () => {
    const batchId = await openWithBrokenScoring();
    await evict(batchId);
    travelHours(1);
    await fireAlarm(batchId);
    expect(await readBatch(batchId)).toMatchObject({ state: "COMPLETED", completed_comparisons: 3 });
  });
});

describe("P9 events and state", () => {
  it("stand or fall with the state: without its outbox row a verdict is not written either", async () => {
    const batchId = await openBatch({ essays: 2 });
    const [only] = await untilStatus(batchId, "dispatched");
    await runInDurableObject(objectOf(batchId), (_object, { storage }) => {
      storage.sql.exec("ALTER TABLE outbox RENAME TO outbox_gone");
    });
    await postJson("/v1/callbacks", callbackFor(only.correlation_id));
    await runInDurableObject(objectOf(batchId), (_object, { storage }) => {
      storage.sql.exec("ALTER TABLE outbox_gone RENAME TO outbox");
    });
    const unchanged = { state: "WAITING_CALLBACKS", completed_comparisons: 0 };
    expect(await readBatch(batchId)).toMatchObject(unchanged);
    await evict(batchId);
    expect(await readBatch(batchId)).toMatchObject(unchanged);
    // The callback was not lost: it waits in the queue and is applied when the object can take it.
    expect(await untilState(batchId, "COMPLETED")).toMatchObject({ completed_comparisons: 1 });
  });
});

describe("P20 errors", () => {
  it("come out as problem documents with the right status", async () => {
    const unknown = await call("/v1/batches/0000000000000");
    expect(unknown.status).toBe(404);
    expect(unknown.headers.get("content-type")).toContain("application/problem+json");
    expect(await unknown.json()).toMatchObject({ status: 404, code: "batch_not_found" });

    const nowhere = await call("/v1/nowhere");
    expect(nowhere.status).toBe(404);
    expect(await nowhere.json()).toMatchObject({ status: 404, code: "not_found" });

    const production = { ...env, ENVIRONMENT: "production", COMPARISON_ID_KEY: "a-secret-of-enough-length" };
    const anonymous = await createApp().request("/v1/batches", {}, production);
    expect(anonymous.status).toBe(401);
    expect(anonymous.headers.get("www-authenticate")).toContain("Bearer");
    expect(await anonymous.json()).toMatchObject({ status: 401 });
  });
});
