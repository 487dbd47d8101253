/** With which credentials the events consumer comes to a bridge. */
import { createExecutionContext, createMessageBatch, getQueueResult } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, inject, it } from "vitest";
import { z } from "zod";
import { consume } from "../../src/bus/consumers.ts";
import { call, eventually, failBridge, judge, openBatch, readBatch, readComparisons } from "./harness.ts";

/** Ends a batch while the bridge refuses the real consumer, and then delivers its events in the given environment. */
async function deliverEvents(environment: typeof env): Promise<void> {
  const batchId = await openBatch({ essays: 2 });
  const { bos_batch_id: key } = await readBatch(batchId);
  await failBridge({ kind: "status", status: 503, key });
  await judge(await readComparisons(batchId));
  await eventually(async () => {
    const response = await call(`/v1/batches/${batchId}/events`);
    const { events } = z
      .object({ events: z.array(z.object({ note: z.string().nullable() })) })
      .parse(await response.json());
    return events.some(({ note }) => note !== null) ? true : undefined;
  });
  const message = {
    id: crypto.randomUUID(),
    timestamp: new Date(),
    attempts: 1,
    body: { batch_id: batchId },
  };
  const batch = createMessageBatch("cj-events", [message]);
  await consume(batch, environment);
  const { explicitAcks } = await getQueueResult(batch, createExecutionContext());
  expect(explicitAcks).toHaveLength(1);
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
    await deliverEvents({ ...env, ...settings });
    for (const [name, value] of Object.entries(headers))
      expect((await requestsWith(name, value)).length).toBeGreaterThan(0);
  });
});
