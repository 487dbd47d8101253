import { randomInt } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { startFakeKafkaRest } from "../fakes/kafka-rest.ts";
import { type CrashingWorker, migrate, startCrashingWorker } from "./crashing-worker.ts";

const ESSAYS = 40;
const ROUNDS = Number(process.env["CRASH_ROUNDS"] ?? 20);
const CONCURRENT_CALLBACKS = 3;
/** Left for after the last crash, so that every round has something to crash into. */
const LAST_ROUND = 20;
const BOS_BATCH_ID = "bos-crash-1";

const opened = z.looseObject({ batch_id: z.string() });
const comparison = z.looseObject({
  number: z.number(),
  correlation_id: z.string(),
  status: z.string(),
  winner: z.string().nullable(),
});
type ComparisonJson = z.infer<typeof comparison>;
const batchView = z.looseObject({ state: z.string(), completed_comparisons: z.number() });
const envelope = z.looseObject({ event_id: z.string() });

describe("the Worker, killed without warning again and again while callbacks come in", () => {
  it(`completes a batch of ${ESSAYS} essays after ${ROUNDS} kills, without losing a verdict that was acknowledged`, {
    timeout: 15 * 60_000,
  }, async () => {
    const folder = await mkdtemp(join(tmpdir(), "cj-edge-crash-"));
    const bridge = await startFakeKafkaRest();
    const start = () =>
      startCrashingWorker(folder, {
        vars: { ENVIRONMENT: "development", DEFAULT_JUDGE: "external", KAFKA_BRIDGE_URL: bridge.url },
      });
    migrate(folder);
    let worker = await start();
    try {
      const batchId = await openBatch(worker);
      const waiting = await readComparisons(worker, batchId);
      expect(waiting.length).toBeGreaterThan(ROUNDS + LAST_ROUND);
      const acknowledged = new Map<number, string>();
      for (let round = 0; round < ROUNDS; round++) {
        const end = new AbortController();
        const posting = postSome(worker, waiting, acknowledged, end.signal);
        await sleep(randomInt(50, 400));
        await worker.kill();
        end.abort();
        await posting;
        worker = await start();
      }
      expect(acknowledged.size, "the kills fell into the work").toBeGreaterThan(ROUNDS);
      expect(waiting.length, "work was left for after the last kill").toBeGreaterThan(0);
      await postSome(worker, waiting, acknowledged, null);
      const judged = await judgeUntilCompleted(worker, batchId, acknowledged);
      const missing = [...acknowledged].filter(
        ([number, winner]) => judged.find((each) => each.number === number)?.winner !== winner,
      );
      expect(missing, "every verdict that was acknowledged counts as it was given").toEqual([]);
      const terminal = await untilPublished(bridge);
      expect(new Set(terminal).size, "one terminal event id").toBe(1);
    } catch (error) {
      process.stderr.write((await readFile(join(folder, "worker.log"), "utf8")).slice(-4_000));
      throw error;
    } finally {
      await worker.kill();
      await bridge.close();
      await rm(folder, { recursive: true, force: true });
    }
  });
});

async function openBatch(worker: CrashingWorker): Promise<string> {
  const essays = Array.from({ length: ESSAYS }, (_, k) => ({
    essay_id: `essay-${k + 1}`,
    text: `The text of essay ${k + 1}.`,
  }));
  const response = await post(worker, "/v1/batches", { bos_batch_id: BOS_BATCH_ID, essays });
  expect(response.status).toBe(202);
  return opened.parse(await response.json()).batch_id;
}

function post({ url }: CrashingWorker, path: string, body: object): Promise<Response> {
  return fetch(`${url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

async function readComparisons({ url }: CrashingWorker, batchId: string): Promise<ComparisonJson[]> {
  const response = await fetch(`${url}/v1/batches/${batchId}/comparisons?limit=1000`);
  return z.object({ comparisons: z.array(comparison) }).parse(await response.json()).comparisons;
}

/**
 * Answers waiting comparisons until `signal` aborts, or until none is left. One whose answer was lost waits again: whether
 * it counted, nobody knows, and to say it twice is harmless.
 */
async function postSome(
  worker: CrashingWorker,
  waiting: ComparisonJson[],
  acknowledged: Map<number, string>,
  signal: AbortSignal | null,
): Promise<void> {
  const keep = signal === null ? 0 : LAST_ROUND;
  const poster = async () => {
    while (waiting.length > keep && signal?.aborted !== true) {
      const next = waiting.shift();
      if (next === undefined) return;
      const outcome = await postVerdict(worker, next).catch(() => null);
      if (outcome === null) {
        waiting.push(next);
        if (signal !== null) return;
      } else acknowledged.set(next.number, winnerOf(next));
      // Spreads the callbacks over the rounds.
      if (signal !== null) await sleep(60);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENT_CALLBACKS }, poster));
}

function winnerOf({ number }: ComparisonJson): string {
  return number % 3 === 0 ? "essay_b" : "essay_a";
}

/** @returns the outcome, or throws when there was none */
async function postVerdict(worker: CrashingWorker, asked: ComparisonJson): Promise<string> {
  const now = new Date().toISOString();
  const response = await post(worker, "/v1/callbacks", {
    request_id: crypto.randomUUID(),
    correlation_id: asked.correlation_id,
    winner: winnerOf(asked),
    justification: "It is clearer.",
    confidence: 4,
    error_detail: null,
    provider: "openai",
    model: "gpt-5.1",
    response_time_ms: 1_610,
    token_usage: { prompt_tokens: 1_446, completion_tokens: 54, total_tokens: 1_500 },
    cost_estimate: 0.0023,
    requested_at: now,
    completed_at: now,
  });
  if (!response.ok) throw new Error(`the callback was answered ${response.status}`);
  const { outcome } = z.looseObject({ outcome: z.string() }).parse(await response.json());
  // A queue of the local runtime lives in memory and dies with it; such a callback is sent again.
  if (outcome === "queued") throw new Error("the callback was only queued");
  return outcome;
}

/** Pairs are chosen by the verdicts, so that answers bring new questions: answers them too, wave after wave. */
async function judgeUntilCompleted(
  worker: CrashingWorker,
  batchId: string,
  acknowledged: Map<number, string>,
): Promise<ComparisonJson[]> {
  await expect
    .poll(
      async () => {
        const asked = await readComparisons(worker, batchId);
        const open = asked.filter(({ number, winner }) => winner === null && !acknowledged.has(number));
        await postSome(worker, open, acknowledged, null);
        const response = await fetch(`${worker.url}/v1/batches/${batchId}`);
        return batchView.parse(await response.json()).state;
      },
      { timeout: 120_000, interval: 250 },
    )
    .toBe("COMPLETED");
  return readComparisons(worker, batchId);
}

/** @returns the ids of the terminal events that the bridge holds, once there is one */
async function untilPublished(bridge: { readonly url: string }): Promise<string[]> {
  const read = async () => {
    const response = await fetch(`${bridge.url}/__fake/records`);
    return z
      .array(z.looseObject({ topic: z.string(), key: z.string(), value: z.string() }))
      .parse(await response.json())
      .filter(
        ({ topic, key }) => key === BOS_BATCH_ID && /cj_assessment\.(completed|failed)\.v1$/.test(topic),
      )
      .map(({ value }) => envelope.parse(JSON.parse(value)).event_id);
  };
  await expect.poll(async () => (await read()).length, { timeout: 60_000, interval: 250 }).toBeGreaterThan(0);
  return read();
}
