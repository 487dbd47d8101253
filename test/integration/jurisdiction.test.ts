/**
 * `JURISDICTION`. The runtime on one's own machine has no jurisdictions, so the namespace here says where it was asked, and hands
 * out the real objects.
 */
import { createExecutionContext, createMessageBatch, getQueueResult } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { consume } from "../../src/bus/consumers.ts";
import { sweep } from "../../src/bus/sweep.ts";
import { backToThePresent, callbackFor, essaysOf, eventually, travelHours } from "./harness.ts";
import { startProduction } from "./http/production.ts";

const asked: string[] = [];

const namespace: typeof env.ASSESSMENT_BATCH = new Proxy(env.ASSESSMENT_BATCH, {
  get(real, name) {
    if (name !== "jurisdiction") throw new Error(`the namespace was asked for ${String(name)} directly`);
    return (jurisdiction: string) => {
      asked.push(jurisdiction);
      return real;
    };
  },
});

const variables = { JURISDICTION: "eu", ASSESSMENT_BATCH: namespace };
const { ask, deployed } = await startProduction({ school: ["batches", "callbacks"] }, variables);

beforeEach(() => void asked.splice(0));
afterEach(backToThePresent);

const openedSchema = z.object({ batch_id: z.string() });
const comparisonsSchema = z.object({ comparisons: z.array(z.looseObject({ correlation_id: z.string() })) });

async function open(): Promise<string> {
  const response = await ask("school", "/v1/batches", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ essays: essaysOf(3), judge: "external" }),
  });
  return openedSchema.parse(await response.json()).batch_id;
}

async function comparisonsOf(batchId: string) {
  const response = await ask("school", `/v1/batches/${batchId}/comparisons`);
  return comparisonsSchema.parse(await response.json()).comparisons;
}

describe("with JURISDICTION=eu every object is asked for there", () => {
  it("by the API, from opening to erasing", async () => {
    const batchId = await open();
    const [{ correlation_id }] = await comparisonsOf(batchId);
    const verdict = {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(callbackFor(correlation_id)),
    };
    expect(await (await ask("school", "/v1/callbacks", verdict)).json()).toEqual({ outcome: "applied" });
    for (const rest of ["", "/history", "/events"])
      expect((await ask("school", `/v1/batches/${batchId}${rest}`)).status).toBe(200);
    expect((await ask("school", `/v1/batches/${batchId}/cancel`, { method: "POST" })).status).toBe(200);
    expect((await ask("school", `/v1/batches/${batchId}`, { method: "DELETE" })).status).toBe(204);
    expect((await ask("school", `/v1/batches/${batchId}`)).status).toBe(410);
    expect(asked.length).toBeGreaterThanOrEqual(8);
    expect(new Set(asked)).toEqual(new Set(["eu"]));
  });

  it("by the consumers of the queues", async () => {
    const batchId = await open();
    const [{ correlation_id }] = await comparisonsOf(batchId);
    asked.splice(0);
    const bodies = {
      "cj-inbound": callbackFor(correlation_id),
      "cj-judgements": { batch_id: batchId, correlation_id, asks: [{ number: 0, attempt: 0 }] },
      "cj-texts": { batch_id: batchId, correlation_id, essays: [0], student_prompt: false },
      "cj-events": { batch_id: batchId, correlation_id },
    };
    for (const [queue, body] of Object.entries(bodies)) {
      const message = { id: queue, timestamp: new Date(), attempts: 1, body };
      const batch = createMessageBatch(queue, [message]);
      await consume(batch, deployed);
      const { retryMessages } = await getQueueResult(batch, createExecutionContext());
      expect(retryMessages, queue).toEqual([]);
      expect(asked.splice(0), queue).toContain("eu");
    }
  });

  it("by the sweep", async () => {
    const batchId = await open();
    await eventually(async () => {
      const { results } = await env.DB.prepare("SELECT next_wake_at FROM batches WHERE batch_id = ?")
        .bind(batchId)
        .all();
      return results.length > 0 ? results : undefined;
    });
    travelHours(1_000);
    asked.splice(0);
    expect((await sweep(deployed, Date.now())).nudged).toBeGreaterThan(0);
    expect(asked).toContain("eu");
  });
});
