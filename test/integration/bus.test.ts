import { createExecutionContext, createMessageBatch, getQueueResult } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { consume } from "../../src/bus/consumers.ts";
import { MAX_ATTEMPTS, type QueueName } from "../../src/bus/queues.ts";
import { callBatch } from "../../src/objects/batch-client.ts";
import { openOutbox } from "../../src/objects/outbox.ts";
import {
  backToThePresent,
  call,
  callbackFor,
  deadLettersOf,
  envelopeFor,
  essaysOf,
  eventually,
  failBridge,
  judge,
  listDeadLetters,
  objectOf,
  openBatch,
  postEvents,
  publishedFor,
  readBatch,
  readComparisons,
  requestEvent,
  runInDurableObject,
  travelHours,
  untilPublished,
  untilState,
} from "./harness.ts";

afterEach(backToThePresent);

/** Hands messages to the consumer of a queue, as the platform does, and tells what became of them. */
async function deliver(queue: string, bodies: readonly unknown[], { attempts = 1, environment = env } = {}) {
  const messages = bodies.map((body) => ({ id: crypto.randomUUID(), timestamp: new Date(), attempts, body }));
  const batch = createMessageBatch(
    queue,
    messages.map((message) => ({ ...message, body: null })),
  );
  const context = createExecutionContext();
  // The test's own messages clone their body, which some bodies do not survive that a queue delivers all the same.
  const delivered: MessageBatch = {
    queue,
    metadata: batch.metadata,
    messages: batch.messages.map((message, at) => ({
      ...messages[at],
      ack: () => message.ack(),
      retry: (options) => message.retry(options),
    })),
    ackAll: () => batch.ackAll(),
    retryAll: (options) => batch.retryAll(options),
  };
  await consume(delivered, environment);
  const { explicitAcks, retryMessages } = await getQueueResult(batch, context);
  return { acked: explicitAcks.length, retried: retryMessages.length };
}

const last = (queue: QueueName) => ({ attempts: MAX_ATTEMPTS[queue] });

async function deadLettersOfBatch(batchId: string) {
  return (await listDeadLetters()).filter((letter) => letter.batch_id === batchId);
}

describe("the offline judge", () => {
  it("takes a batch from a request event to its published ranking by itself", async () => {
    const essays = essaysOf(4).map(({ essay_id, text }) => ({ essay_id, text_content: text }));
    const event = requestEvent(essays, { metadata: { batch_config_overrides: { judge: "offline" } } });
    const [outcome] = await postEvents([event]);
    const { batch_id: batchId } = z.looseObject({ batch_id: z.string() }).parse(outcome);
    const batch = await untilState(batchId, "COMPLETED");
    expect(batch).toMatchObject({ completed_comparisons: 6, correlation_id: event.correlation_id });
    const published = await untilPublished(event.data.entity_id);
    expect(published.map(({ topic }) => topic)).toEqual([
      "huleedu.assessment.result.published.v1",
      "huleedu.cj_assessment.completed.v1",
      "huleedu.resource.consumption.v1",
    ]);
    expect(published[0].envelope.data).toMatchObject({ model_provider: "offline" });
  });
});

describe("the inbound queue", () => {
  it("takes results bare or enveloped, and a request", async () => {
    const batchId = await openBatch({ essays: 3 });
    const [a, b, c] = await readComparisons(batchId);
    const event = requestEvent(essaysOf(2).map(({ essay_id, text }) => ({ essay_id, text_content: text })));
    const bodies = [
      callbackFor(a.correlation_id),
      envelopeFor(callbackFor(b.correlation_id)),
      {
        ...envelopeFor(callbackFor(c.correlation_id)),
        event_type: "huleedu.llm_provider.comparison_result.v1",
      },
      event,
    ];
    expect(await deliver("cj-inbound", bodies)).toEqual({ acked: 4, retried: 0 });
    expect(await readBatch(batchId)).toMatchObject({ state: "COMPLETED", completed_comparisons: 3 });
    const list = await (await call("/v1/batches?limit=100")).text();
    await eventually(async () =>
      (await (await call("/v1/batches?limit=100")).text()) !== list || list.includes(event.data.entity_id)
        ? true
        : undefined,
    );
  });

  it("keeps what it cannot use as dead letters and acknowledges it", async () => {
    const mark = crypto.randomUUID();
    const bodies = [
      { ...envelopeFor({ x: 1 }, "nobody.handles.this.v1"), correlation_id: mark },
      { ...envelopeFor({}, "LLMComparisonResultV1"), schema_version: 2, correlation_id: mark },
      { ...envelopeFor({ winner: "Essay A" }), correlation_id: mark },
      "not even an object",
    ];
    expect(await deliver("cj-inbound", bodies)).toEqual({ acked: 4, retried: 0 });
    const reasons = (await deadLettersOf(mark)).map(({ reason }) => reason);
    expect(reasons.toSorted()).toEqual([
      "contract_violation",
      "unknown_event_type",
      "unsupported_schema_version",
    ]);
  });

  it("keeps a message that no recursion can write, whoever delivers it, and takes its neighbours", async () => {
    const batchId = await openBatch({ essays: 2 });
    const [only] = await readComparisons(batchId);
    const mark = crypto.randomUUID();
    const deep = { mark, deep: JSON.parse(`${"[".repeat(40_000)}${"]".repeat(40_000)}`) };
    expect(await deliver("cj-inbound", [deep, callbackFor(only.correlation_id)])).toEqual({
      acked: 2,
      retried: 0,
    });
    expect((await readBatch(batchId)).completed_comparisons).toBe(1);
    expect(await deliver("cj-inbound-dlq", [deep])).toEqual({ acked: 1, retried: 0 });
    const { results } = await env.DB.prepare("SELECT reason FROM dead_letters WHERE instr(payload, ?) = 1")
      .bind(`{"mark":"${mark}","deep":[[[`)
      .all();
    expect(results.map(({ reason }) => reason).toSorted()).toEqual(["consumer_died", "too_deeply_nested"]);
  });

  it("brings a callback back whose object cannot be reached, and buries it when its attempts run out", async () => {
    const batchId = await openBatch({ essays: 2 });
    const [only] = await readComparisons(batchId);
    const environment = { ...env, ASSESSMENT_BATCH: unreachable() };
    const callback = callbackFor(only.correlation_id);
    expect(await deliver("cj-inbound", [callback], { environment })).toEqual({ acked: 0, retried: 1 });
    expect(await deliver("cj-inbound", [callback], { environment, ...last("cj-inbound") })).toEqual({
      acked: 1,
      retried: 0,
    });
    expect(await deadLettersOf(only.correlation_id)).toMatchObject([
      { reason: "attempts_exhausted", source: "cj-inbound" },
    ]);
    expect((await readBatch(batchId)).completed_comparisons).toBe(0);
  });

  it("keeps a request that conflicts with the one that is there", async () => {
    const event = requestEvent(essaysOf(2).map(({ essay_id, text }) => ({ essay_id, text_content: text })));
    const conflicting = { ...event, data: { ...event.data, language: "sv" } };
    await deliver("cj-inbound", [event]);
    expect(await deliver("cj-inbound", [conflicting])).toEqual({ acked: 1, retried: 0 });
    expect(await deadLettersOf(event.correlation_id)).toMatchObject([{ reason: "idempotency_conflict" }]);
  });
});

describe("a request that cannot be carried out", () => {
  it.each([
    ["a judge that does not exist", { batch_config_overrides: { judge: "oracle" } }, /oracle/],
    ["a budget that cannot connect the essays", { max_comparisons: 2 }, /at least 3/],
  ])("opens a batch that fails at once, so that upstream hears of %s", async (_what, metadata, message) => {
    const event = requestEvent(
      essaysOf(4).map(({ essay_id, text }) => ({ essay_id, text_content: text })),
      { metadata },
    );
    await postEvents([event]);
    const [failed] = await untilPublished(event.data.entity_id);
    expect(failed.topic).toBe("huleedu.cj_assessment.failed.v1");
    expect(failed.envelope.data).toMatchObject({
      system_metadata: {
        error_info: { reason: "invalid_request", error_detail: { message: expect.stringMatching(message) } },
      },
    });
  });
});

describe("the judgements queue", () => {
  it("asks again later when the judge has no time, and reports the attempt as failed in the end", async () => {
    const essays = ["a", "b"].map((id) => ({
      essay_id: id,
      text: `${id} [refuse 503] ${crypto.randomUUID()}`,
    }));
    const batchId = await openBatch({ essays, judge: "provider-service", config: { max_retry_attempts: 0 } });
    const message = { batch_id: batchId, asks: [{ number: 0, attempt: 0 }] };
    expect(await deliver("cj-judgements", [message])).toEqual({ acked: 0, retried: 1 });
    expect(await deliver("cj-judgements", [message], last("cj-judgements"))).toEqual({
      acked: 1,
      retried: 0,
    });
    expect(await readBatch(batchId)).toMatchObject({ state: "FAILED", failed_comparisons: 1 });
  });

  it("fails the batch at once when the judge refuses the credentials", async () => {
    const essays = ["a", "b", "c"].map((id) => ({ essay_id: id, text: `${id} [refuse 401]` }));
    const batchId = await openBatch({ essays, judge: "provider-service" });
    expect(await untilState(batchId, "FAILED")).toMatchObject({ failure: { reason: "judge_unusable" } });
  });

  it("asks nothing for a message that comes twice, or whose attempt is over", async () => {
    const batchId = await openBatch({ essays: 2 });
    await eventually(async () =>
      (await readComparisons(batchId))[0].status === "dispatched" ? true : undefined,
    );
    const message = {
      batch_id: batchId,
      asks: [
        { number: 0, attempt: 0 },
        { number: 0, attempt: 1 },
        { number: 9, attempt: 0 },
      ],
    };
    expect(await deliver("cj-judgements", [message])).toEqual({ acked: 1, retried: 0 });
    expect((await readComparisons(batchId))[0]).toMatchObject({ status: "dispatched", attempt: 0 });
  });

  it("brings a message back that fails, and takes no other with it", async () => {
    const batchId = await openBatch({ essays: 2 });
    const good = { batch_id: batchId, asks: [] };
    expect(await deliver("cj-judgements", [{ nonsense: true }, good])).toEqual({ acked: 1, retried: 1 });
  });
});

describe("the texts queue", () => {
  it("reports a text missing when its attempts run out", async () => {
    const event = requestEvent([
      { essay_id: "one", text_storage_id: "down-one" },
      { essay_id: "two", text_storage_id: "text-two" },
    ]);
    const [outcome] = await postEvents([event]);
    const { batch_id: batchId } = z.looseObject({ batch_id: z.string() }).parse(outcome);
    const message = { batch_id: batchId, essays: [0, 1], student_prompt: false };
    expect(await deliver("cj-texts", [message])).toEqual({ acked: 0, retried: 1 });
    expect(await deliver("cj-texts", [message], last("cj-texts"))).toEqual({ acked: 1, retried: 0 });
    expect(await readBatch(batchId)).toMatchObject({ state: "COMPLETED", stop_reason: "single_essay_batch" });
  });

  it("fetches the students' prompt too, and does without it when it is not there", async () => {
    const data = (storage_id: string) => ({
      student_prompt_ref: { references: { student_prompt_text: { storage_id, path: "" } } },
    });
    const essays = essaysOf(2).map(({ essay_id, text }) => ({ essay_id, text_content: text }));
    const events = ["text-the-assignment", "missing-the-assignment"].map((id) =>
      requestEvent(essays, { data: data(id) }),
    );
    const outcomes = z.array(z.looseObject({ batch_id: z.string() })).parse(await postEvents(events));
    for (const { batch_id: batchId } of outcomes) await untilState(batchId, "WAITING_CALLBACKS");
  });
});

describe("the events queue", () => {
  it("keeps events when no bridge is configured, lists them, and publishes them on request once there is one", async () => {
    const environment = { ...env, KAFKA_BRIDGE_URL: "", KAFKA_SOURCE_TOPICS: "" };
    const batchId = await openBatch({ essays: 2 });
    const { bos_batch_id: bosBatchId } = await readBatch(batchId);
    // The bridge is busy for the real consumer, so that the one without a bridge comes first.
    await failBridge(...Array.from({ length: 2 }, () => ({ kind: "status", status: 503, key: bosBatchId })));
    await judge(await readComparisons(batchId));
    await eventually(async () => {
      await deliver("cj-events", [{ batch_id: batchId }], { environment });
      const response = await call(`/v1/batches/${batchId}/events`);
      const { events } = z
        .object({ events: z.array(z.looseObject({ status: z.string() })) })
        .parse(await response.json());
      return events.length === 3 && events.every(({ status }) => status === "kept") ? true : undefined;
    });
    expect(await publishedFor(bosBatchId)).toEqual([]);

    const republish = async () => {
      const response = await call(`/v1/batches/${batchId}/events/republish`, { method: "POST" });
      return { status: response.status, body: await response.json() };
    };
    expect(await republish()).toEqual({ status: 202, body: { batch_id: batchId, requeued: 3 } });
    expect(await untilPublished(bosBatchId)).toHaveLength(3);
    await eventually(async () => {
      const again = await republish();
      expect(again.status).toBe(202);
      return z.looseObject({ requeued: z.literal(0) }).safeParse(again.body).success ? true : undefined;
    });
    expect(new Set((await publishedFor(bosBatchId)).map(({ envelope }) => envelope.event_id)).size).toBe(3);
  });

  it("buries an event that the bridge refuses, publishes those behind it, and can try again on request", async () => {
    const batchId = await openBatch({ essays: 2 });
    const { bos_batch_id: bosBatchId } = await readBatch(batchId);
    await failBridge({ kind: "record", indexes: [0], failure: "too_large", key: bosBatchId });
    await judge(await readComparisons(batchId));
    const published = await untilPublished(bosBatchId);
    expect(published.map(({ topic }) => topic)).toEqual([
      "huleedu.cj_assessment.completed.v1",
      "huleedu.resource.consumption.v1",
    ]);
    const [letter] = await deadLettersOfBatch(batchId);
    expect(letter).toMatchObject({ reason: "publish_refused", source: "cj-events" });

    expect((await call(`/v1/dead-letters/${letter.id}/replay`, { method: "POST" })).status).toBe(200);
    await eventually(async () => ((await publishedFor(bosBatchId)).length === 3 ? true : undefined));
  });
});

describe("an event that cannot be published for a day", () => {
  it("is given up, kept as a dead letter, and can be revived", async () => {
    const batchId = await openBatch({ essays: 2 });
    const { bos_batch_id: bosBatchId } = await readBatch(batchId);
    await failBridge(...Array.from({ length: 50 }, () => ({ kind: "status", status: 503, key: bosBatchId })));
    await judge(await readComparisons(batchId));
    const statuses = async () => {
      const response = await call(`/v1/batches/${batchId}/events`);
      const list = z.object({ events: z.array(z.looseObject({ status: z.string() })) });
      return list.parse(await response.json()).events.map(({ status }) => status);
    };
    await eventually(async () =>
      (await statuses()).every((status) => status === "queued") ? true : undefined,
    );
    travelHours(25);
    await deliver("cj-events", [{ batch_id: batchId }]);
    backToThePresent();
    expect(await statuses()).toEqual(["dead", "dead", "dead"]);
    const letters = await deadLettersOfBatch(batchId);
    expect(letters.map(({ reason }) => reason)).toEqual([
      "attempts_exhausted",
      "attempts_exhausted",
      "attempts_exhausted",
    ]);
  });
});

describe("two consumers of one batch's events", () => {
  it("do not overtake each other, and neither loses its message when the other dies", async () => {
    const batchId = await openBatch({ essays: 2 });
    const { bos_batch_id: bosBatchId } = await readBatch(batchId);
    await failBridge(...Array.from({ length: 20 }, () => ({ kind: "status", status: 503, key: bosBatchId })));
    await judge(await readComparisons(batchId));
    // A consumer that leases and is never heard of again; the real one may hold the lease for a moment.
    await eventually(async () => {
      const { events } = await callBatch(env, batchId, (object) => object.leaseEvents(60_000));
      return events.length === 3 ? true : undefined;
    });
    expect(await deliver("cj-events", [{ batch_id: batchId }])).toEqual({ acked: 0, retried: 1 });
  });
});

describe("an announcement whose answer was lost", () => {
  it("does not put a published event back in line", async () => {
    const batchId = await openBatch({ essays: 2 });
    await judge(await readComparisons(batchId));
    // The bridge has an event a moment before its batch has recorded that.
    await eventually(() =>
      runInDurableObject(objectOf(batchId), (_object, { storage }) => {
        const outbox = openOutbox(storage.sql);
        const settled = outbox.events().every(({ status }) => status === "published");
        return settled && outbox.events().length === 3 && outbox.nextAttemptAt() === null ? true : undefined;
      }),
    );
    await runInDurableObject(objectOf(batchId), (_object, { storage }) => {
      const outbox = openOutbox(storage.sql);
      const published = outbox.events().find(({ status }) => status === "published");
      if (published === undefined) throw new Error("nothing is published");
      const { seq, event } = published;
      outbox.failed(
        { seq, attempts: 0, effect: { kind: "event", event } },
        Date.now(),
        0,
        "the answer was lost",
      );
      expect(outbox.due(Date.now() + 1e9, 10)).toEqual([]);
      expect(outbox.nextAttemptAt()).toBeNull();
    });
  });
});

describe("a text that has no UTF-8 form", () => {
  it("makes its record a dead letter and holds up no other", async () => {
    const batchId = await openBatch({ essays: 2 });
    const [only] = await readComparisons(batchId);
    const poisoned = requestEvent([
      { essay_id: "one", text_content: "a lone surrogate \ud800" },
      { essay_id: "two", text_content: "fine" },
    ]);
    const named = requestEvent(
      essaysOf(2).map(({ text }, k) => ({ essay_id: `e\ud800${k}`, text_content: text })),
    );
    const records = [poisoned, envelopeFor(callbackFor(only.correlation_id)), named];
    expect(await postEvents(records)).toMatchObject([
      { outcome: "dead_lettered", reason: "contract_violation" },
      { outcome: "queued" },
      { outcome: "dead_lettered", reason: "contract_violation" },
    ]);
    await untilState(batchId, "COMPLETED");
  });
});

describe("verdicts beside a record that cannot be dealt with", () => {
  it("are applied all the same", async () => {
    const batchId = await openBatch({ essays: 2 });
    const [only] = await readComparisons(batchId);
    const environment = { ...env, DB: brokenDatabase() };
    const bodies = [{ nothing: "usable" }, callbackFor(only.correlation_id)];
    expect(await deliver("cj-inbound", bodies, { environment })).toEqual({ acked: 1, retried: 1 });
    expect(await readBatch(batchId)).toMatchObject({ state: "COMPLETED", completed_comparisons: 1 });
  });
});

describe("the same orphan, twice", () => {
  it("is one dead letter", async () => {
    const callback = callbackFor(crypto.randomUUID());
    await deliver("cj-inbound", [callback]);
    await deliver("cj-inbound", [callback]);
    expect(await deadLettersOf(callback.correlation_id)).toHaveLength(1);
  });
});

describe("dead letters", () => {
  it.each([
    ["7", 7],
    ["365", 30],
  ])("are kept no longer than texts, and at most 30 days: RETENTION_DAYS is %s", async (days, kept) => {
    const batchId = await openBatch({ essays: 2 });
    const [only] = await readComparisons(batchId);
    const environment = { ...env, RETENTION_DAYS: days };
    await deliver("cj-inbound", [{ ...callbackFor(only.correlation_id), winner: "neither" }], {
      environment,
    });
    const row = await env.DB.prepare(
      "SELECT (expires_at - created_at) / 86400000.0 AS days FROM dead_letters WHERE batch_id = ?",
    )
      .bind(batchId)
      .first();
    expect(row).toEqual({ days: kept });
  });

  it("keep what was sent, also of what names no batch, whichever letters come with them", async () => {
    const batchId = await openBatch({ essays: 2 });
    const [only] = await readComparisons(batchId);
    const mark = crypto.randomUUID();
    const garbage = { ...callbackFor(only.correlation_id, { justification: mark }), winner: "neither" };
    const nobodys = { ...envelopeFor({ mark }, "nobody.handles.this.v1"), correlation_id: mark };
    expect(await postEvents([garbage, nobodys])).toMatchObject([{ batch_id: batchId }, { batch_id: null }]);
    const { results } = await env.DB.prepare(
      "SELECT batch_id FROM dead_letters WHERE instr(payload, ?) > 0 ORDER BY batch_id",
    )
      .bind(mark)
      .all();
    expect(results).toEqual([{ batch_id: null }, { batch_id: batchId }]);
  });
});

describe("a callback that could not be delivered", () => {
  it("is a dead letter of its batch, and is erased with it", async () => {
    const batchId = await openBatch({ essays: 2 });
    const [only] = await readComparisons(batchId);
    const environment = { ...env, ASSESSMENT_BATCH: unreachable() };
    await deliver("cj-inbound", [callbackFor(only.correlation_id)], { environment, ...last("cj-inbound") });
    expect(await deadLettersOfBatch(batchId)).toMatchObject([{ reason: "attempts_exhausted" }]);
    await call(`/v1/batches/${batchId}`, { method: "DELETE" });
    expect(await deadLettersOfBatch(batchId)).toEqual([]);
  });
});

describe("storage ids that a URL understands as folders", () => {
  it("are not fetched", async () => {
    const event = requestEvent([
      { essay_id: "one", text_storage_id: ".." },
      { essay_id: "two", text_storage_id: "." },
    ]);
    const [outcome] = await postEvents([event]);
    const { batch_id: batchId } = z.looseObject({ batch_id: z.string() }).parse(outcome);
    expect(await untilState(batchId, "FAILED")).toMatchObject({ failure: { reason: "no_usable_essays" } });
  });
});

describe("dead-letter queues", () => {
  it("tell the batch about dead questions and texts, and record every message", async () => {
    const batchId = await openBatch({ essays: 2, config: { max_retry_attempts: 0 } });
    await deliver("cj-judgements-dlq", [{ batch_id: batchId, asks: [{ number: 0, attempt: 0 }] }]);
    expect(await readBatch(batchId)).toMatchObject({ state: "FAILED", failed_comparisons: 1 });

    const event = requestEvent([1, 2].map((k) => ({ essay_id: `${k}`, text_storage_id: `down-${k}` })));
    const [outcome] = await postEvents([event]);
    const { batch_id: waiting } = z.looseObject({ batch_id: z.string() }).parse(outcome);
    await deliver("cj-texts-dlq", [{ batch_id: waiting, essays: [0, 1], student_prompt: true }]);
    expect(await readBatch(waiting)).toMatchObject({
      state: "FAILED",
      failure: { reason: "no_usable_essays" },
    });

    const correlationId = crypto.randomUUID();
    await deliver("staging-cj-inbound-dlq", [callbackFor(correlationId)]);
    await deliver("cj-events-dlq", [{ batch_id: batchId }]);
    await deliver("cj-judgements-dlq", [{ nonsense: correlationId }]);
    await deliver("cj-texts-dlq", [{ nonsense: correlationId }]);
    expect(await deadLettersOf(correlationId)).toMatchObject([
      { reason: "consumer_died", source: "cj-inbound" },
    ]);
    const letters = await deadLettersOfBatch(batchId);
    expect(letters.map(({ source }) => source).toSorted()).toEqual(["cj-events", "cj-judgements"]);
  });

  it("keep nothing of what an erased batch was told", async () => {
    const batchId = await openBatch({ essays: 2 });
    const [only] = await readComparisons(batchId);
    const callback = callbackFor(only.correlation_id, { justification: "It is the clearer one." });
    await call(`/v1/batches/${batchId}`, { method: "DELETE" });
    await deliver("cj-inbound-dlq", [callback]);
    await deliver("cj-inbound", [{ ...callback, winner: "neither" }]);
    const { results } = await env.DB.prepare("SELECT * FROM dead_letters WHERE batch_id = ?")
      .bind(batchId)
      .all();
    expect(results.map(({ reason }) => reason).toSorted()).toEqual(["consumer_died", "contract_violation"]);
    expect(JSON.stringify(results)).not.toContain("clearer");
  });

  it("keep nothing of an erased batch's request either, nor of an answer to it that could not be used", async () => {
    const mark = crypto.randomUUID();
    const essays = ["a", "b"].map((essay_id) => ({ essay_id, text_content: `About ${mark}.` }));
    const event = requestEvent(essays);
    const [opened] = await postEvents([event]);
    const { batch_id: batchId } = z.looseObject({ batch_id: z.string() }).parse(opened);
    const [only] = await readComparisons(batchId);
    const garbage = { ...callbackFor(only.correlation_id, { justification: mark }), winner: "neither" };
    await call(`/v1/batches/${batchId}`, { method: "DELETE" });
    await deliver("cj-inbound-dlq", [event, JSON.stringify(event), garbage]);
    const { results } = await env.DB.prepare(
      "SELECT reason, correlation_id, payload FROM dead_letters WHERE batch_id = ? ORDER BY correlation_id = ? DESC",
    )
      .bind(batchId, event.correlation_id)
      .all();
    expect(results).toEqual(
      [event.correlation_id, only.correlation_id].map((correlation_id) => ({
        reason: "consumer_died",
        correlation_id,
        payload: null,
      })),
    );
  });

  it("let dead questions be put again", async () => {
    const batchId = await openBatch({ essays: 3 });
    await deliver("cj-judgements-dlq", [{ batch_id: batchId, asks: [{ number: 0, attempt: 0 }] }]);
    const [letter] = await deadLettersOfBatch(batchId);
    const response = await call(`/v1/dead-letters/${letter.id}/replay`, { method: "POST" });
    expect(response.status).toBe(200);
    expect((await readComparisons(batchId))[0]).toMatchObject({ attempt: 1 });
  });

  it.each(["cj-judgements", "cj-texts"] as const)("keep what no consumer of %s can read", async (queue) => {
    const newest = async () =>
      (await listDeadLetters()).find(({ source, batch_id }) => source === queue && batch_id === null);
    await deliver(`${queue}-dlq`, [`not JSON, for ${queue}`]);
    const letter = await newest();
    const response = await call(`/v1/dead-letters/${letter?.id}/replay`, { method: "POST" });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      outcome: "dead_lettered",
      detail: expect.stringContaining("is not JSON"),
    });
    expect(await newest()).toMatchObject({ id: letter?.id, replayed_at: null });
  });
});

describe("a misconfigured Worker", () => {
  it("brings every message back instead of losing it", async () => {
    const environment = { ...env, COMPLETION_THRESHOLD_PCT: "many" };
    expect(
      await deliver("cj-inbound", [callbackFor(crypto.randomUUID())], { environment: asEnv(environment) }),
    ).toEqual({ acked: 0, retried: 1 });
  });

  it("refuses a queue it does not know", async () => {
    await expect(deliver("cj-unheard-of", [{}])).rejects.toThrow("cj-unheard-of");
  });
});

function asEnv<E extends object>(environment: E): E {
  return environment;
}

/** A database that does not answer. */
function brokenDatabase(): typeof env.DB {
  return new Proxy(env.DB, {
    get: (target, name) => {
      if (name === "prepare" || name === "batch") {
        return () => {
          throw new Error("D1 is out of reach");
        };
      }
      return Reflect.get(target, name);
    },
  });
}

/** A namespace whose objects cannot be called. */
function unreachable(): typeof env.ASSESSMENT_BATCH {
  return new Proxy(env.ASSESSMENT_BATCH, {
    get: (target, name) => {
      if (name === "getByName") {
        return () => {
          throw new Error("the object is out of reach");
        };
      }
      return Reflect.get(target, name);
    },
  });
}
