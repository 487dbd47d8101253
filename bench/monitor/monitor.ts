/**
 * `npm run bench:monitor`: scenario S8. Opens stuck batches in the local runtime, half of them recoverable, whose
 * timeouts come due at one moment, and says how long it takes until all have ended, D1 shows it, and each has
 * published its one terminal event.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { createApiClient, essaysNamed, terminalEventIds, verdictOn } from "../../test/e2e/api-client.ts";
import { migrate, startCrashingWorker } from "../../test/e2e/crashing-worker.ts";
import { startFakeKafkaRest } from "../../test/fakes/kafka-rest.ts";
import { readRuntimeUsage } from "../runtime-usage.ts";

const { values } = parseArgs({
  options: {
    batches: { type: "string", default: "1000" },
    bar: { type: "string", default: "30" },
  },
});
const BATCHES = Number(values.batches);
const BAR_SECONDS = Number(values.bar);
/** Four essays make six pairs: five verdicts (83 %) can be recovered, two (33 %) cannot. */
const ESSAYS = 4;
const CONCURRENCY = 16;
/** Opened first, with a timeout of a day, to see how long the others will take. */
const TRIAL_BATCHES = 64;
/** Left between the last verdict and the timeouts, of which 36 seconds are the shortest there is. */
const SPARE_MS = 45_000;
const POLL_MS = 100;
const PATIENCE_MS = 300_000;

const folder = await mkdtemp(join(tmpdir(), "cj-edge-monitor-"));
const bridge = await startFakeKafkaRest();
migrate(folder);
const worker = await startCrashingWorker(folder, {
  vars: { ENVIRONMENT: "development", DEFAULT_JUDGE: "external", KAFKA_BRIDGE_URL: bridge.url },
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
  const msPerBatch = (await leaveStuck("trial", TRIAL_BATCHES, Date.now() + 24 * 3_600_000)) / TRIAL_BATCHES;
  const dueAt = Date.now() + SPARE_MS + 1.3 * msPerBatch * BATCHES;
  await leaveStuck("bos", BATCHES, dueAt);
  const spareMs = dueAt - Date.now();
  console.log(`${BATCHES} stuck batches, half of them recoverable; due in ${(spareMs / 1_000).toFixed(1)} s`);
  if (spareMs < 0) throw new Error("opening became slower than its trial foretold: run it again");
  const before = await countStates();
  if (before.ended > 0) throw new Error(`${before.ended} batches ended before they were due`);
  await sleep(dueAt - Date.now());
  const cpuBefore = readRuntimeUsage(worker).cpuSeconds;
  const cpuSeconds = () => readRuntimeUsage(worker).cpuSeconds - cpuBefore;
  const projected = await secondsUntil(dueAt, async () => (await countStates()).ended === BATCHES);
  const projectedCpu = cpuSeconds();
  const published = await secondsUntil(
    dueAt,
    async () => terminalEventIds(bridge.records()).size === BATCHES,
  );
  const publishedCpu = cpuSeconds();
  const { completed, failed } = await countStates();
  const repeated = [...terminalEventIds(bridge.records()).values()].filter((ids) => ids.size !== 1).length;
  console.log(
    `all ended and in D1 after ${projected.toFixed(1)} s (${projectedCpu} s of CPU): ${completed} recovered, ${failed} failed`,
  );
  console.log(
    `all terminal events with the bridge after ${published.toFixed(1)} s (${publishedCpu} s of CPU), ` +
      `${repeated} batches with more than one id; load average ${loadavg()[0].toFixed(1)}`,
  );
  const right = completed === Math.ceil(BATCHES / 2) && completed + failed === BATCHES && repeated === 0;
  console.log(`${right && projected < BAR_SECONDS ? "within" : "NOT within"} the bar of ${BAR_SECONDS} s`);
  return right && projected < BAR_SECONDS ? 0 : 1;
}

/**
 * Opens batches that time out at `dueAt` and answers some comparisons of each, then no more.
 * @returns how long it took, in milliseconds
 */
async function leaveStuck(name: string, count: number, dueAt: number): Promise<number> {
  const startedAt = Date.now();
  const numbers = Array.from({ length: count }, (_, number) => number).values();
  const openNext = async () => {
    for (const number of numbers) await leaveOneStuck(`${name}-${number}`, number % 2 === 0 ? 5 : 2, dueAt);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, openNext));
  return Date.now() - startedAt;
}

async function leaveOneStuck(bosBatchId: string, verdicts: number, dueAt: number): Promise<void> {
  const batchId = await api.openBatch({
    bos_batch_id: bosBatchId,
    essays: essaysNamed(ESSAYS, bosBatchId),
    config: { batch_timeout_hours: (dueAt - Date.now()) / 3_600_000 },
  });
  const asked = await api.readComparisons(batchId);
  for (const { correlation_id } of asked.slice(0, verdicts))
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
