import {
  createExecutionContext,
  createMessageBatch,
  evictAllDurableObjects,
  getQueueResult,
} from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { consume } from "../../../src/bus/consumers.ts";
import { askLeave } from "../../../src/bus/judge-limits.ts";
import { callBatch } from "../../../src/objects/batch-client.ts";
import { requireSettings } from "../../../src/settings/settings.ts";
import { essayOfAbility } from "../../fakes/known-abilities.ts";
import { openBatch, readComparisons, untilState } from "../harness.ts";

const settings = requireSettings(env);

describe("leave to ask a judge", () => {
  it("is shared by all who ask it, and remembered by an object that was dropped from memory", async () => {
    const limited = { ...settings, JUDGE_LIMITS: { "workers-ai": { concurrency: 3 } } };
    const first = await askLeave(env, limited, "workers-ai", 2);
    await evictAllDurableObjects();
    const second = await askLeave(env, limited, "workers-ai", 5);
    expect([first.granted, second.granted]).toEqual([2, 1]);
    expect(await askLeave(env, limited, "workers-ai", 1)).toMatchObject({ granted: 0, retryAfterMs: 3_000 });
    await first.giveBack();
    await evictAllDurableObjects();
    expect((await askLeave(env, limited, "workers-ai", 5)).granted).toBe(2);
  });

  it("is by the minute where that is limited, and knows each judge for itself", async () => {
    const JUDGE_LIMITS = { anthropic: { requests_per_minute: 30 }, offline: { requests_per_minute: 10 } };
    const limited = { ...settings, JUDGE_LIMITS };
    expect((await askLeave(env, limited, "anthropic", 10)).granted).toBe(3);
    expect((await askLeave(env, limited, "offline", 10)).granted).toBe(1);
    const { granted, retryAfterMs } = await askLeave(env, limited, "anthropic", 10);
    expect(granted).toBe(0);
    expect(retryAfterMs).toBeGreaterThan(10_000);
  });

  it("is always given for a judge without a limit", async () => {
    expect(await askLeave(env, settings, "anthropic", 1_000)).toMatchObject({
      granted: 1_000,
      retryAfterMs: 0,
    });
  });
});

describe("questions that a judge may not be asked yet", () => {
  it("come back later and use up no attempt", { timeout: 60_000 }, async () => {
    const essays = [3, 2, 1, 0].map((ability) => ({
      essay_id: `essay-${ability}`,
      text: essayOfAbility(ability, crypto.randomUUID()),
    }));
    const batchId = await openBatch({ essays, judge: "openai-compatible", body: { model: "slow" } });
    // While the model thinks, the questions are with nobody as far as the batch knows: the same message comes once more.
    const asks = [0, 1, 2, 3, 4, 5].map((number) => ({ number, attempt: 0 }));
    const prompts = await callBatch(env, batchId, (batch) => batch.prompts(asks));
    expect(prompts?.asks).toHaveLength(6);
    const body = { batch_id: batchId, correlation_id: prompts?.correlationId, asks };
    const batch = createMessageBatch("cj-judgements", [
      { id: crypto.randomUUID(), timestamp: new Date(), attempts: 101, body },
    ]);
    const limits = { JUDGE_LIMITS: JSON.stringify({ "openai-compatible": { requests_per_minute: 20 } }) };
    await consume(batch, { ...env, ...limits });
    const result = await getQueueResult(batch, createExecutionContext());
    expect(result.explicitAcks).toHaveLength(1);
    await untilState(batchId, "COMPLETED");
    const comparisons = await readComparisons(batchId);
    expect(comparisons.map(({ status, attempt }) => [status, attempt])).toEqual(
      asks.map(() => ["judged", 0]),
    );
    expect(z.array(z.looseObject({ error: z.null() })).safeParse(comparisons).success).toBe(true);
  });
});
