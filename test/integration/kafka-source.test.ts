/** Topics read through a bridge's consumer API, by the real object with its alarm, its storage and its queues. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, describe, expect, inject, it } from "vitest";
import { z } from "zod";
import { sweep } from "../../src/bus/sweep.ts";
import {
  call,
  callbackFor,
  envelopeFor,
  essaysOf,
  eventually,
  openBatch,
  readBatch,
  readComparisons,
  requestEvent,
  untilState,
} from "./harness.ts";

const GROUP = "cj-edge";

/** Ends the object at once, in the middle of whatever it does; its storage and alarm stay. */
async function crash(): Promise<void> {
  const source = env.KAFKA_SOURCE.getByName(GROUP);
  await runInDurableObject(source, (_, ctx) => ctx.abort("crashed by the test")).catch(() => {});
}

async function atBridge(path: string, body?: unknown): Promise<Response> {
  const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  return fetch(`${inject("bridgeUrl")}/__fake/${path}`, init);
}

async function produce(topic: string, ...values: readonly (object | string)[]): Promise<void> {
  const texts = values.map((value) => (typeof value === "string" ? value : JSON.stringify(value)));
  await atBridge(
    "produced",
    texts.map((value, at) => ({ topic, key: String(at), value })),
  );
}

const groupView = z.object({ committed: z.record(z.string(), z.number()), members: z.array(z.string()) });

async function groupAtBridge(): Promise<z.infer<typeof groupView>> {
  return groupView.parse(await (await atBridge(`groups/${GROUP}`)).json());
}

async function committed(): Promise<number> {
  return Object.values((await groupAtBridge()).committed).reduce((sum, next) => sum + next, 0);
}

async function callbacksTo(batchId: string) {
  return (await readComparisons(batchId)).map(({ correlation_id }) =>
    envelopeFor(callbackFor(correlation_id)),
  );
}

const health = z.looseObject({
  status: z.string(),
  dependencies: z.object({
    kafka_source: z.object({ status: z.string(), message: z.string() }),
  }),
});

async function readHealth(): Promise<z.infer<typeof health>> {
  return health.parse(await (await call("/healthz")).json());
}

function untilWell(): Promise<true> {
  return eventually(async () => {
    const { status, message } = (await readHealth()).dependencies.kafka_source;
    return status === "healthy" && !message.includes("not yet") ? true : undefined;
  });
}

beforeAll(async () => {
  await sweep(env, Date.now());
});
afterEach(untilWell);

describe("a source", () => {
  it("is started by the sweep, opens batches and counts callbacks as /v1/events does, and commits them", async () => {
    const event = requestEvent(essaysOf(3).map(({ essay_id, text }) => ({ essay_id, text_content: text })));
    await produce("test.requests", event, event);
    const batchId = await eventually(async () => {
      const list = z.object({
        batches: z.array(z.looseObject({ batch_id: z.string(), bos_batch_id: z.string() })),
      });
      const { batches } = list.parse(await (await call("/v1/batches?limit=100")).json());
      return batches.find(({ bos_batch_id }) => bos_batch_id === event.data.entity_id)?.batch_id;
    });
    await untilState(batchId, "WAITING_CALLBACKS");
    const callbacks = await callbacksTo(batchId);
    await produce("test.callbacks", ...callbacks, ...callbacks.toReversed());
    await untilState(batchId, "COMPLETED");
    expect(await readBatch(batchId)).toMatchObject({ completed_comparisons: 3, failed_comparisons: 0 });
    await eventually(async () => ((await committed()) === 8 ? true : undefined));
  });

  it("takes up where it was when it dies, and leaves no instance behind that would hold partitions", async () => {
    const batchId = await openBatch({ essays: 3 });
    await crash();
    await produce("test.callbacks", ...(await callbacksTo(batchId)));
    await untilState(batchId, "COMPLETED");
    await untilWell();
    expect((await groupAtBridge()).members).toHaveLength(1);
  });

  it.each([
    ["a lost answer", [{ operation: "fetch", kind: "hang_up", done: true }]],
    ["a bridge that was restarted", [{ operation: "fetch", kind: "restart" }]],
    ["a commit that failed", [{ operation: "commit", kind: "status", status: 500 }]],
  ])("loses nothing to %s, and leaves no instance behind", async (_name, faults) => {
    const batchId = await openBatch({ essays: 4 });
    const callbacks = await callbacksTo(batchId);
    await atBridge("consumer-faults", faults);
    await produce("test.callbacks", ...callbacks.slice(0, 3));
    await crash();
    await produce("test.callbacks", ...callbacks.slice(3));
    await untilState(batchId, "COMPLETED");
    expect(await readBatch(batchId)).toMatchObject({ completed_comparisons: 6 });
    await untilWell();
    expect((await groupAtBridge()).members).toHaveLength(1);
  });

  it("keeps what nobody can use as dead letters that say where it lay, and reads on", async () => {
    const batchId = await openBatch({ essays: 2 });
    await produce("test.callbacks", "", "<xml/>", ...(await callbacksTo(batchId)));
    await untilState(batchId, "COMPLETED");
    const letters = await (await call("/v1/dead-letters?limit=100")).json();
    const place = expect.stringMatching(/^test\.callbacks, partition \d, offset \d+: /);
    expect(letters).toMatchObject({
      dead_letters: expect.arrayContaining([
        expect.objectContaining({ source: "kafka-source", reason: "unparseable", detail: place }),
        expect.objectContaining({ source: "kafka-source", reason: "contract_violation", detail: place }),
      ]),
    });
  });

  it("says in health and metrics when its bridge is away, and that it is back", async () => {
    await atBridge(
      "consumer-faults",
      Array.from({ length: 2 }, () => ({ operation: "fetch", kind: "status", status: 503 })),
    );
    const away = await eventually(async () => {
      const read = await readHealth();
      return read.dependencies.kafka_source.status === "unhealthy" ? read : undefined;
    });
    expect(away).toMatchObject({
      status: "healthy",
      dependencies: { kafka_source: { message: expect.stringContaining("reading: HTTP 503") } },
    });
    await untilWell();
    const metrics = await (await call("/metrics")).text();
    expect(metrics).toContain("\ncj_kafka_source_up 1\n");
    expect(metrics).toMatch(/\ncj_kafka_source_records_total [1-9]\d*\n/);
  });
});

describe("a source whose group is no longer configured", () => {
  it("stops, and keeps nothing", async () => {
    const stub = env.KAFKA_SOURCE.getByName("another-group");
    await stub.start("another-group");
    await eventually(async () =>
      runInDurableObject(stub, async (_, { storage }) =>
        (await storage.getAlarm()) === null && storage.kv.get("group") === undefined ? true : undefined,
      ),
    );
  });
});
