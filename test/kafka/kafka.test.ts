import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { validateAsOriginal } from "../unit/contracts/original-models.ts";
import { BRIDGE_KINDS } from "./bridge-kinds.ts";
import { createTopics, type KafkaRecord, lagOf, type OutgoingRecord, produce } from "./kafka-client.ts";
import { assessmentRequest, callbackTo, POLLED_TOPICS, POLLING_GROUP, TOPICS } from "./messages.ts";
import {
  ALL_TOPICS,
  answer,
  eventually,
  openedBatch,
  readBatch,
  requestBatch,
  startWorld,
  sweep,
  untilCompleted,
  untilEvents,
  untilPublished,
  type World,
} from "./world.ts";

const envelope = z.looseObject({
  event_id: z.string(),
  event_type: z.string(),
  correlation_id: z.string(),
  data: z.looseObject({ entity_id: z.string() }),
});

function envelopeOf({ value }: KafkaRecord): z.infer<typeof envelope> {
  return envelope.parse(JSON.parse(value?.toString() ?? "null"));
}

/** A record may come twice, an event has one id. */
function eventIdsByTopic(records: readonly KafkaRecord[]): Record<string, number> {
  const byTopic = Map.groupBy(records, ({ topic }) => topic);
  return Object.fromEntries(
    [...byTopic].map(([topic, some]) => [topic, new Set(some.map((one) => envelopeOf(one).event_id)).size]),
  );
}

const EACH_ONCE = { [TOPICS.result]: 1, [TOPICS.completed]: 1, [TOPICS.resource]: 1 };

describe.each(BRIDGE_KINDS)("cj-edge on Kafka, through $name", (kind) => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld(
      kind,
      ALL_TOPICS.filter((topic) => topic !== TOPICS.failed),
    );
  });
  afterAll(() => world?.stop());

  it("takes a request from its topic to a ranking on the others, as the original's consumers expect it", async () => {
    const batch = await requestBatch(world, { essays: 10 });
    expect(validateAsOriginal(TOPICS.requests, batch.request)).toEqual([]);
    expect(batch.asked).toHaveLength(45);
    await answer(world, batch.asked);
    const records = await untilPublished(world, batch);
    expect(eventIdsByTopic(records)).toEqual(EACH_ONCE);
    for (const record of records) {
      expect(record.key?.equals(Buffer.from(batch.bosBatchId, "utf8"))).toBe(true);
      const read = envelopeOf(record);
      expect(validateAsOriginal(record.topic, read)).toEqual([]);
      expect(read).toMatchObject({
        correlation_id: batch.request.correlation_id,
        data: { entity_id: batch.bosBatchId },
      });
    }
    const dataOn = (topic: string) =>
      records.filter((one) => one.topic === topic).map((one) => envelopeOf(one).data);
    expect(dataOn(TOPICS.completed)).toMatchObject([
      { rankings: Array.from({ length: 10 }, (_, k) => ({ essay_id: `essay-${k + 1}`, rank: k + 1 })) },
    ]);
    expect(dataOn(TOPICS.resource)).toMatchObject([{ quantity: 45, resource_type: "cj_comparison" }]);
    expect(dataOn(TOPICS.result)).toMatchObject([{ batch_id: batch.bosBatchId, model_used: "gpt-5.1" }]);
  });

  it("sends headers where the dialect has them, and none where it has not", async () => {
    const batch = await requestBatch(world, { essays: 2 });
    await answer(world, batch.asked);
    for (const record of await untilPublished(world, batch)) {
      const { event_id, event_type, correlation_id } = envelopeOf(record);
      const trace = correlation_id.replaceAll("-", "");
      const headers = { event_id, event_type, correlation_id, traceparent: expect.stringContaining(trace) };
      expect(record.headers).toEqual(kind.dialect === "strimzi" ? headers : {});
    }
  });

  it("counts every comparison once when requests and callbacks come twice and in any order", async () => {
    const request = assessmentRequest({ essays: 10 });
    const redelivered = { ...request, event_id: randomUUID() };
    await produce(
      world.broker.bootstrap,
      TOPICS.requests,
      [request, redelivered, request].map((value) => ({ key: request.data.entity_id, value })),
    );
    const batch = await openedBatch(world, request);
    const callbacks = batch.asked.map((asked) => ({ value: callbackTo(asked) }));
    await produce(world.broker.bootstrap, TOPICS.callbacks, callbacks.concat(callbacks).reverse());
    expect(eventIdsByTopic(await untilPublished(world, batch))).toEqual(EACH_ONCE);
    expect(await readBatch(world, batch.batchId)).toMatchObject({
      completed_comparisons: 45,
      failed_comparisons: 0,
    });
    const opened = world.sink.outcomes.filter(({ batch_id }) => batch_id === batch.batchId);
    expect(opened.map(({ outcome }) => outcome)).toEqual(["opened", "exists", "exists"]);
  });

  it("is not held up by records that nobody can use, and does not read keys", async () => {
    const batch = await requestBatch(world, { essays: 3 });
    const before = world.sink.outcomes.length;
    const [first, ...others] = batch.asked.map((asked) => ({
      key: Buffer.from([0xff, 0x00, 0xfe]),
      value: callbackTo(asked),
    }));
    const unusable = [
      { key: "gone", value: null },
      { value: Buffer.from("not JSON") },
      { value: { ...callbackTo(batch.asked[0]), schema_version: 2 } },
    ];
    await produce(world.broker.bootstrap, TOPICS.callbacks, [...unusable, first, ...unusable, ...others]);
    expect(eventIdsByTopic(await untilPublished(world, batch))).toEqual(EACH_ONCE);
    const outcomes = Map.groupBy(world.sink.outcomes.slice(before), ({ outcome }) => outcome);
    expect(outcomes.get("dead_lettered")).toHaveLength(6);
    expect(outcomes.get("queued")).toHaveLength(3);
  });

  it("publishes when the bridge is back that was killed in mid-batch", async () => {
    const batch = await requestBatch(world, { essays: 10 });
    await answer(world, batch.asked.slice(0, 20));
    await world.killBridge();
    await answer(world, batch.asked.slice(20));
    await untilCompleted(world, batch.batchId);
    await untilEvents(world, batch.batchId, (events) =>
      events.some(({ note }) => note?.includes("could not be reached")),
    );
    await world.startBridge();
    expect(eventIdsByTopic(await untilPublished(world, batch))).toEqual(EACH_ONCE);
  });

  it("loses nothing when the broker restarts under a batch and under its events", async () => {
    const [waiting, ending] = [
      await requestBatch(world, { essays: 10 }),
      await requestBatch(world, { essays: 3 }),
    ];
    await answer(world, waiting.asked.slice(0, 20));
    await world.broker.stop();
    // The judge answers over HTTP while there is no broker, so that events are due.
    for (const asked of ending.asked) {
      const { data } = callbackTo(asked);
      await fetch(`${world.worker.url}/v1/callbacks`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(data),
      });
    }
    await untilCompleted(world, ending.batchId);
    await untilEvents(world, ending.batchId, (events) => events.some(({ note }) => note !== null));
    await world.broker.start();
    await answer(world, waiting.asked.slice(20));
    for (const batch of [ending, waiting]) {
      expect(eventIdsByTopic(await untilPublished(world, batch))).toEqual(EACH_ONCE);
    }
    expect(await readBatch(world, waiting.batchId)).toMatchObject({ completed_comparisons: 45 });
  });

  it("keeps an event whose topic does not exist until somebody creates it", async () => {
    const batch = await requestBatch(world, { essays: 2 });
    await fetch(`${world.worker.url}/v1/batches/${batch.batchId}/cancel`, { method: "POST" });
    const [failed] = await untilEvents(world, batch.batchId, (events) =>
      events.some(({ note }) => note !== null),
    );
    expect(failed).toMatchObject({ topic: TOPICS.failed, status: "queued" });
    await createTopics(world.broker.bootstrap, [TOPICS.failed]);
    await untilEvents(world, batch.batchId, (events) => events.every(({ status }) => status === "published"));
  });

  it("counts 5,000 callbacks in one burst, a tenth of them twice, and ends the batch once", async () => {
    const batch = await requestBatch(world, { essays: 101, maxComparisons: 5_000 });
    expect(batch.asked).toHaveLength(5_000);
    const started = performance.now();
    await answer(world, [...batch.asked.slice(0, 500), ...batch.asked.toReversed()]);
    const completed = await untilCompleted(world, batch.batchId);
    const seconds = (performance.now() - started) / 1_000;
    expect(completed).toMatchObject({
      completed_comparisons: 5_000,
      failed_comparisons: 0,
      late_comparisons: 0,
    });
    const records = await untilPublished(world, batch);
    expect(eventIdsByTopic(records)).toEqual(EACH_ONCE);
    for (const record of records) expect(validateAsOriginal(record.topic, envelopeOf(record))).toEqual([]);
    process.stdout.write(`5,500 callbacks through ${kind.name}: ${seconds.toFixed(1)} s to COMPLETED\n`);
  });

  describe("without a connector", () => {
    const topics = Object.values(POLLED_TOPICS);
    const untilCommitted = () =>
      eventually("the offsets to be committed", async () =>
        (await lagOf(world.broker.bootstrap, POLLING_GROUP, topics)) === 0 ? true : undefined,
      );
    const publish = (topic: string, records: readonly OutgoingRecord[]) =>
      produce(world.broker.bootstrap, topic, records);

    it("reads the topics through the bridge, and loses nothing when that is killed in mid-batch", async () => {
      await sweep(world);
      const request = assessmentRequest({ essays: 10 });
      await publish(POLLED_TOPICS.requests, [{ value: request }, { value: request }]);
      const batch = await openedBatch(world, request);
      const callbacks = batch.asked.map((asked) => ({ value: callbackTo(asked) }));
      await publish(POLLED_TOPICS.callbacks, callbacks.slice(0, 20));
      await world.killBridge();
      await publish(
        POLLED_TOPICS.callbacks,
        [...callbacks.slice(20), ...callbacks.slice(0, 20)].toReversed(),
      );
      await world.startBridge();
      expect(eventIdsByTopic(await untilPublished(world, batch))).toEqual(EACH_ONCE);
      expect(await readBatch(world, batch.batchId)).toMatchObject({
        completed_comparisons: 45,
        failed_comparisons: 0,
      });
      await untilCommitted();
    });

    it("loses nothing of a backlog that is larger than an answer", async () => {
      const request = assessmentRequest({ essays: 31, maxComparisons: 450 });
      await publish(POLLED_TOPICS.requests, [{ value: request }]);
      const batch = await openedBatch(world, request);
      const padding = "x".repeat(20_000);
      const callbacks = batch.asked.map((asked) => {
        const callback = callbackTo(asked);
        return { value: { ...callback, data: { ...callback.data, request_metadata: { padding } } } };
      });
      await publish(POLLED_TOPICS.callbacks, callbacks);
      expect(eventIdsByTopic(await untilPublished(world, batch))).toEqual(EACH_ONCE);
      expect(await readBatch(world, batch.batchId)).toMatchObject({ completed_comparisons: 450 });
      await untilCommitted();
    });
  });
});
