/**
 * `npm run bench:monitor`: scenario S8. Opens stuck batches in the local runtime, half of them recoverable, whose
 * timeouts come due at one moment, and says how long it takes until all have ended, D1 shows it, and each has
 * published its one terminal event.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { createApiClient, essaysNamed, terminalEventIds, verdictOn } from "../../test/e2e/api-client.ts";
import { migrate, startCrashingWorker } from "../../test/e2e/crashing-worker.ts";
import { startFakeKafkaRest } from "../../test/fakes/kafka-rest.ts";

const { values } = parseArgs({
  options: {
    batches: { type: "string", default: "1000" },
    /** seconds from the start until the timeouts come due: opening and judging must be over by then */
    due: { type: "string", default: "120" },
    bar: { type: "string", default: "30" },
  },
});
const BATCHES = Number(values.batches);
const BAR_SECONDS = Number(values.bar);
/** Four essays make six pairs: five verdicts (83 %) can be recovered, two (33 %) cannot. */
const ESSAYS = 4;
const CONCURRENCY = 16;
const POLL_MS = 100;
const PATIENCE_MS = 300_000;

const folder = await mkdtemp(join(tmpdir(), "cj-edge-monitor-"));
const bridge = await startFakeKafkaRest();
migrate(folder);
const worker = await startCrashingWorker(folder, {
  ENVIRONMENT: "development",
  DEFAULT_JUDGE: "external",
  KAFKA_BRIDGE_URL: bridge.url,
});
const api = createApiClient(worker.url);
try {
  process.exitCode = await measure();
} finally {
  await worker.kill();
  await bridge.close();
  await rm(folder, { recursive: true, force: true });
}

async function measure(): Promise<number> {
  const dueAt = Date.now() + Number(values.due) * 1_000;
  const numbers = Array.from({ length: BATCHES }, (_, number) => number);
  const queue = numbers.values();
  await Promise.all(
    Array.from({ length: CONCURRENCY }, async () => {
      for (const number of queue) await leaveStuck(number, dueAt);
    }),
  );
  const spareMs = dueAt - Date.now();
  console.log(`${BATCHES} stuck batches, half of them recoverable; due in ${(spareMs / 1_000).toFixed(1)} s`);
  if (spareMs < 0) throw new Error("opening took longer than --due allows: give it more seconds");
  const before = await countStates();
  if (before.ended > 0) throw new Error(`${before.ended} batches ended before they were due`);
  await sleep(dueAt - Date.now());
  const projected = await secondsUntil(dueAt, async () => (await countStates()).ended === BATCHES);
  const published = await secondsUntil(
    dueAt,
    async () => terminalEventIds(bridge.records()).size === BATCHES,
  );
  const { completed, failed } = await countStates();
  const repeated = [...terminalEventIds(bridge.records()).values()].filter((ids) => ids.size !== 1).length;
  console.log(
    `all ended and in D1 after ${projected.toFixed(1)} s: ${completed} recovered, ${failed} failed`,
  );
  console.log(
    `all terminal events with the bridge after ${published.toFixed(1)} s, ${repeated} batches with more than one id`,
  );
  const right = completed === Math.ceil(BATCHES / 2) && completed + failed === BATCHES && repeated === 0;
  console.log(`${right && projected < BAR_SECONDS ? "within" : "NOT within"} the bar of ${BAR_SECONDS} s`);
  return right && projected < BAR_SECONDS ? 0 : 1;
}

/** Opens a batch that times out at `dueAt` and answers some of its comparisons, then no more. */
async function leaveStuck(number: number, dueAt: number): Promise<void> {
  const batchId = await api.openBatch({
    bos_batch_id: `bos-${number}`,
    essays: essaysNamed(ESSAYS, `batch ${number}`),
    config: { batch_timeout_hours: (dueAt - Date.now()) / 3_600_000 },
  });
  const asked = await api.readComparisons(batchId);
  for (const { correlation_id } of asked.slice(0, number % 2 === 0 ? 5 : 2))
    await api.postCallback(verdictOn(correlation_id));
}

/** What D1 shows, by way of the metrics page. */
async function countStates(): Promise<{ completed: number; failed: number; ended: number }> {
  const text = await (await fetch(`${worker.url}/metrics`)).text();
  const count = (state: string) =>
    Number(new RegExp(`^cj_batch_state\\{state="${state}"\\} (\\d+)`, "m").exec(text)?.[1] ?? 0);
  const [completed, failed] = [count("COMPLETED"), count("FAILED")];
  return { completed, failed, ended: completed + failed };
}

async function secondsUntil(start: number, holds: () => Promise<boolean>): Promise<number> {
  while (Date.now() - start < PATIENCE_MS) {
    if (await holds()) return (Date.now() - start) / 1_000;
    await sleep(POLL_MS);
  }
  throw new Error(`not all batches ended within ${PATIENCE_MS / 1_000} s`);
}
