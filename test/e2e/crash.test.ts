import { randomInt } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { type FakeKafkaRest, startFakeKafkaRest } from "../fakes/kafka-rest.ts";
import {
  type ApiClient,
  type ComparisonJson,
  createApiClient,
  essaysNamed,
  terminalEventIds,
  verdictOn,
  type WinnerName,
} from "./api-client.ts";
import { migrate, startCrashingWorker } from "./crashing-worker.ts";

const ESSAYS = 40;
const ROUNDS = Number(process.env["CRASH_ROUNDS"] ?? 20);
const CONCURRENT_CALLBACKS = 3;
/** Left for after the last crash, so that every round has something to crash into. */
const LAST_ROUND = 20;
const BOS_BATCH_ID = "bos-crash-1";

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
      const api = () => createApiClient(worker.url);
      const batchId = await api().openBatch({
        bos_batch_id: BOS_BATCH_ID,
        essays: essaysNamed(ESSAYS, "a crash"),
      });
      const waiting = await api().readComparisons(batchId);
      expect(waiting.length).toBeGreaterThan(ROUNDS + LAST_ROUND);
      const acknowledged = new Map<number, string>();
      for (let round = 0; round < ROUNDS; round++) {
        const end = new AbortController();
        const posting = postSome(api(), waiting, acknowledged, end.signal);
        await sleep(randomInt(50, 400));
        await worker.kill();
        end.abort();
        await posting;
        worker = await start();
      }
      expect(acknowledged.size, "the kills fell into the work").toBeGreaterThan(ROUNDS);
      expect(waiting.length, "work was left for after the last kill").toBeGreaterThan(0);
      await postSome(api(), waiting, acknowledged, null);
      const judged = await judgeUntilCompleted(api(), batchId, acknowledged);
      const missing = [...acknowledged].filter(
        ([number, winner]) => judged.find((each) => each.number === number)?.winner !== winner,
      );
      expect(missing, "every verdict that was acknowledged counts as it was given").toEqual([]);
      expect((await untilPublished(bridge)).size, "one terminal event id").toBe(1);
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

/**
 * Answers waiting comparisons until `signal` aborts, or until none is left. One whose answer was lost waits again: whether
 * it counted, nobody knows, and to say it twice is harmless.
 */
async function postSome(
  api: ApiClient,
  waiting: ComparisonJson[],
  acknowledged: Map<number, string>,
  signal: AbortSignal | null,
): Promise<void> {
  const keep = signal === null ? 0 : LAST_ROUND;
  const poster = async () => {
    while (waiting.length > keep && signal?.aborted !== true) {
      const next = waiting.shift();
      if (next === undefined) return;
      const outcome = await postVerdict(api, next).catch(() => null);
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

function winnerOf({ number }: ComparisonJson): WinnerName {
  return number % 3 === 0 ? "essay_b" : "essay_a";
}

/** @returns the outcome, or throws when there was none */
async function postVerdict(api: ApiClient, asked: ComparisonJson): Promise<string> {
  const outcome = await api.postCallback(verdictOn(asked.correlation_id, winnerOf(asked)));
  // A queue of the local runtime lives in memory and dies with it; such a callback is sent again.
  if (outcome === "queued") throw new Error("the callback was only queued");
  return outcome;
}

/** Pairs are chosen by the verdicts, so that answers bring new questions: answers them too, wave after wave. */
async function judgeUntilCompleted(
  api: ApiClient,
  batchId: string,
  acknowledged: Map<number, string>,
): Promise<ComparisonJson[]> {
  await expect
    .poll(
      async () => {
        const asked = await api.readComparisons(batchId);
        const open = asked.filter(({ number, winner }) => winner === null && !acknowledged.has(number));
        await postSome(api, open, acknowledged, null);
        return (await api.readBatch(batchId)).state;
      },
      { timeout: 120_000, interval: 250 },
    )
    .toBe("COMPLETED");
  return api.readComparisons(batchId);
}

/** @returns the ids of the terminal events that the bridge holds, once there is one */
async function untilPublished(bridge: FakeKafkaRest): Promise<ReadonlySet<string>> {
  const ids = () => terminalEventIds(bridge.records()).get(BOS_BATCH_ID) ?? new Set();
  await expect.poll(() => ids().size, { timeout: 60_000, interval: 250 }).toBeGreaterThan(0);
  return ids();
}
