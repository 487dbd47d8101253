/**
 * `npm run upgrade:state -- --checkout DIR --name NAME` makes a stored state for the upgrade test: it runs the Worker of a
 * checkout (with its dependencies installed), leaves batches in every state, kills it without warning, and packs what is on
 * disk. Make one for every release, and never change one that was made.
 */
import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { z } from "zod";
import { startFakeKafkaRest } from "../../fakes/kafka-rest.ts";
import {
  type ApiClient,
  createApiClient,
  essaysNamed,
  failureOf,
  terminalEventIds,
  verdictOn,
} from "../api-client.ts";
import { migrate, startCrashingWorker } from "../crashing-worker.ts";
import { packState } from "./state-archive.ts";
import { STATE_VARIABLES, type StoredState, storedRankings } from "./stored-state.ts";

const { values } = parseArgs({ options: { checkout: { type: "string" }, name: { type: "string" } } });
const { checkout, name } = z.object({ checkout: z.string(), name: z.string() }).parse(values);

/** Long enough for whatever is under way to reach the disk. */
const SETTLED_AFTER_MS = 4_000;
/** Nothing comes due by itself while the test looks. */
const PATIENT = {
  batch_timeout_hours: 168,
  straggler_grace_seconds: 86_400,
  judgement_timeout_minutes: 1_440,
};

const archive = resolve(import.meta.dirname, "states", `${name}.tar.gz`);
const folder = await mkdtemp(join(tmpdir(), "cj-edge-state-"));
const bridge = await startFakeKafkaRest();
migrate(folder, resolve(checkout));
const vars = { ...STATE_VARIABLES, KAFKA_BRIDGE_URL: bridge.url, CONTENT_SERVICE_URL: "http://127.0.0.1:9" };
const worker = await startCrashingWorker(folder, { vars, checkout: resolve(checkout) });
try {
  const api = createApiClient(worker.url);
  const madeAt = Date.now();
  const commit = execFileSync("git", ["rev-parse", "HEAD"], { cwd: checkout, encoding: "utf8" }).trim();
  const batches = await leaveBatches(api);
  await sleep(SETTLED_AFTER_MS);
  await worker.kill();
  packState(folder, archive);
  const state: StoredState = { commit, madeAt, ...batches };
  await writeFile(archive.replace(/\.tar\.gz$/, ".json"), `${JSON.stringify(state, null, 2)}\n`);
} finally {
  await worker.kill();
  await bridge.close();
  await rm(folder, { recursive: true, force: true });
}

async function leaveBatches(api: ApiClient): Promise<Omit<StoredState, "commit" | "madeAt">> {
  const completed = await leaveCompleted(api, "completed");
  // The bridge refuses this one's events until the Worker is killed.
  bridge.fail(
    ...Array.from({ length: 50 }, () => ({ kind: "status" as const, status: 503, key: "unpublished" })),
  );
  const unpublished = await leaveCompleted(api, "unpublished");
  const failed = await openNamed(api, "failed", 4);
  for (const { correlation_id } of await api.readComparisons(failed))
    await api.postCallback(failureOf(correlation_id, "LLM_INVALID_PROMPT"));
  const cancelled = await openNamed(api, "cancelled", 4);
  await api.post(`/v1/batches/${cancelled}/cancel`, {});
  const erased = await openNamed(api, "erased", 4);
  await fetch(`${api.url}/v1/batches/${erased}`, { method: "DELETE" });
  const initializing = await api.openBatch({
    bos_batch_id: "initializing",
    essays: [1, 2, 3].map((number) => ({ essay_id: `essay-${number}`, text_storage_id: `text-${number}` })),
    config: PATIENT,
  });
  await api.postCallback(verdictOn("00000000-0000-4000-8000-000000000000"));
  return {
    open: await leaveOpen(api),
    scoring: await leaveScoring(api),
    completed,
    unpublished,
    failed,
    cancelled,
    erased,
    initializing,
  };
}

function openNamed(api: ApiClient, name: string, essays: number, config: object = {}): Promise<string> {
  return api.openBatch({
    bos_batch_id: name,
    essays: essaysNamed(essays, name),
    prompt: "Describe a day at the coast.",
    config: { ...PATIENT, ...config },
  });
}

/** Two answered, one failed once and asked again, the others unanswered. */
async function leaveOpen(api: ApiClient): Promise<StoredState["open"]> {
  const batchId = await openNamed(api, "open", 5);
  const [first, second, third, ...rest] = await untilAsked(api, batchId, 10);
  await api.postCallback(verdictOn(first.correlation_id));
  await api.postCallback(verdictOn(second.correlation_id, "essay_b"));
  await api.postCallback(failureOf(third.correlation_id, "LLM_PROVIDER_TIMEOUT"));
  return {
    batchId,
    judged: [first.number, second.number],
    waiting: [third, ...rest].map(({ correlation_id }) => correlation_id),
  };
}

/** Eight of ten answered at a threshold of 80 %: provisionally ranked, two outstanding. */
async function leaveScoring(api: ApiClient): Promise<StoredState["scoring"]> {
  const batchId = await openNamed(api, "scoring", 5, { completion_threshold_pct: 80 });
  const asked = await untilAsked(api, batchId, 10);
  for (const { correlation_id } of asked.slice(0, 8)) await api.postCallback(verdictOn(correlation_id));
  return { batchId, waiting: asked.slice(8).map(({ correlation_id }) => correlation_id) };
}

async function leaveCompleted(api: ApiClient, name: string): Promise<StoredState["completed"]> {
  const batchId = await openNamed(api, name, 4);
  for (const { correlation_id } of await untilAsked(api, batchId, 6))
    await api.postCallback(verdictOn(correlation_id));
  const { rankings } = storedRankings.parse(await api.get(`/v1/batches/${batchId}/results`));
  const events = z
    .object({ events: z.array(z.looseObject({ name: z.string(), event_id: z.string() })) })
    .parse(await api.get(`/v1/batches/${batchId}/events`)).events;
  const terminal = events.find((event) => event.name === "completed");
  if (terminal === undefined) throw new Error(`${batchId} has no completed event`);
  while (name === "completed" && !terminalEventIds(bridge.records()).has(name)) await sleep(100);
  return { batchId, terminalEventId: terminal.event_id, rankings };
}

async function untilAsked(api: ApiClient, batchId: string, count: number) {
  for (;;) {
    const comparisons = await api.readComparisons(batchId);
    if (comparisons.length === count && comparisons.every(({ status }) => status === "dispatched"))
      return comparisons;
    await sleep(100);
  }
}
