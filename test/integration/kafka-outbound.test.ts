/** How the events consumer comes to a bridge: with which credentials, and in whose place. */
import { createExecutionContext, createMessageBatch, getQueueResult } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, inject, it } from "vitest";
import { z } from "zod";
import { consume } from "../../src/bus/consumers.ts";
import { callBatch } from "../../src/objects/batch-client.ts";
import {
  backToThePresent,
  call,
  eventually,
  failBridge,
  judge,
  openBatch,
  readBatch,
  readComparisons,
  travelHours,
} from "./harness.ts";

afterEach(backToThePresent);

/** Ends a batch while the bridge refuses the real consumer, so that its events are still to be published. */
async function batchWithEvents(): Promise<string> {
  const batchId = await openBatch({ essays: 2 });
  const { bos_batch_id: key } = await readBatch(batchId);
  await failBridge({ kind: "status", status: 503, headers: { "retry-after": "600" }, key });
  await judge(await readComparisons(batchId));
  await eventually(async () => {
    const events = await eventsOf(batchId);
    return events.some(({ note }) => note !== null) ? true : undefined;
  });
  return batchId;
}

const eventList = z.object({
  events: z.array(z.object({ note: z.string().nullable(), status: z.string() })),
});

async function eventsOf(batchId: string) {
  const response = await call(`/v1/batches/${batchId}/events`);
  return eventList.parse(await response.json()).events;
}

async function deliver(batchId: string, environment: typeof env) {
  const message = {
    id: crypto.randomUUID(),
    timestamp: new Date(),
    attempts: 1,
    body: { batch_id: batchId },
  };
  const batch = createMessageBatch("cj-events", [message]);
  await consume(batch, environment);
  const { explicitAcks, retryMessages } = await getQueueResult(batch, createExecutionContext());
  return { acked: explicitAcks.length, retried: retryMessages.length };
}

const requestList = z.array(z.object({ path: z.string(), headers: z.record(z.string(), z.string()) }));

async function requestsWith(header: string, value: string) {
  const response = await fetch(`${inject("bridgeUrl")}/__fake/requests`);
  return requestList.parse(await response.json()).filter(({ headers }) => headers[header] === value);
}

describe("credentials for the bridge", () => {
  it.each<[string, object, Record<string, string>]>([
    ["basic", { KAFKA_BRIDGE_AUTHORIZATION: "Basic dXNlcjpwYXNz" }, { authorization: "Basic dXNlcjpwYXNz" }],
    ["bearer", { KAFKA_BRIDGE_AUTHORIZATION: "Bearer a-token" }, { authorization: "Bearer a-token" }],
    [
      "a Cloudflare Access service token",
      { KAFKA_BRIDGE_ACCESS_CLIENT_ID: "an-id.access", KAFKA_BRIDGE_ACCESS_CLIENT_SECRET: "the-secret" },
      { "cf-access-client-id": "an-id.access", "cf-access-client-secret": "the-secret" },
    ],
  ])("are sent with every request: %s", async (_name, settings, headers) => {
    const batchId = await batchWithEvents();
    expect(await deliver(batchId, { ...env, ...settings })).toEqual({ acked: 1, retried: 0 });
    for (const [name, value] of Object.entries(headers))
      expect((await requestsWith(name, value)).length).toBeGreaterThan(0);
  });
});

describe("a message whose events another consumer has leased", () => {
  it("comes again, for that consumer may have died, and publishes them when the lease is over", async () => {
    const batchId = await batchWithEvents();
    const lease = await callBatch(env, batchId, (object) => object.leaseEvents(60_000));
    expect(lease.events).toHaveLength(3);
    expect(await deliver(batchId, env)).toEqual({ acked: 0, retried: 1 });
    travelHours(0.1);
    expect(await deliver(batchId, env)).toEqual({ acked: 1, retried: 0 });
    expect((await eventsOf(batchId)).map(({ status }) => status)).toEqual([
      "published",
      "published",
      "published",
    ]);
  });
});
