import { globSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type FakeKafkaRest, startFakeKafkaRest } from "../../fakes/kafka-rest.ts";
import { type ApiClient, createApiClient, terminalEventIds, verdictOn } from "../api-client.ts";
import { type CrashingWorker, migrate, startCrashingWorker } from "../crashing-worker.ts";
import { unpackState } from "./state-archive.ts";
import { STATE_VARIABLES, type StoredState, storedRankings, storedStateSchema } from "./stored-state.ts";

const STATES = join(import.meta.dirname, "states");
/**
 * How long the service was down. Queues of the local runtime die with it, and an event whose announcement was lost is announced
 * again after an hour.
 */
const DOWN_MS = 2 * 3_600_000;
const names = globSync("*.json", { cwd: STATES }).map((file) => basename(file, ".json"));
const problem = z.looseObject({ code: z.string() });

let state: StoredState;
let folder = "";
let bridge: FakeKafkaRest;
let worker: CrashingWorker;
let api: ApiClient;

async function openState(name: string): Promise<void> {
  state = storedStateSchema.parse(JSON.parse(readFileSync(join(STATES, `${name}.json`), "utf8")));
  folder = await mkdtemp(join(tmpdir(), "cj-edge-upgrade-"));
  unpackState(join(STATES, `${name}.tar.gz`), folder, state.madeAt, Date.now() - DOWN_MS);
  migrate(folder);
  bridge = await startFakeKafkaRest();
  worker = await startCrashingWorker(folder, { vars: { ...STATE_VARIABLES, KAFKA_BRIDGE_URL: bridge.url } });
  api = createApiClient(worker.url);
}

async function closeState(): Promise<void> {
  await worker.kill();
  await bridge.close();
  await rm(folder, { recursive: true, force: true });
}

async function codeOf(path: string): Promise<string> {
  const response = await fetch(`${worker.url}${path}`);
  return problem.parse(await response.json()).code;
}

function untilEnded(batchId: string, ending: string) {
  return expect
    .poll(async () => (await api.readBatch(batchId)).state, { timeout: 30_000, interval: 100 })
    .toBe(ending);
}

function untilPublished(bosBatchId: string) {
  return expect
    .poll(() => [...(terminalEventIds(bridge.records()).get(bosBatchId) ?? [])].length, {
      timeout: 60_000,
      interval: 100,
    })
    .toBe(1);
}

describe("there are stored states of earlier versions", () => {
  it("at least one", () => expect(names.length).toBeGreaterThanOrEqual(1));
});

describe.each(names)("what the version of %s had stored", (name) => {
  beforeAll(() => openState(name), 120_000);
  afterAll(closeState);

  it("is listed: every batch that was not erased, in its state", async () => {
    const list = z
      .object({ batches: z.array(z.looseObject({ batch_id: z.string(), state: z.string() })) })
      .parse(await api.get("/v1/batches?limit=100"));
    expect(new Map(list.batches.map((batch) => [batch.batch_id, batch.state]))).toEqual(
      new Map([
        [state.open.batchId, "WAITING_CALLBACKS"],
        [state.scoring.batchId, "SCORING"],
        [state.completed.batchId, "COMPLETED"],
        [state.unpublished.batchId, "COMPLETED"],
        [state.failed, "FAILED"],
        [state.cancelled, "CANCELLED"],
        [state.initializing, "INITIALIZING"],
      ]),
    );
  });

  it("can be read by its batches, comparisons, history and events", async () => {
    const ids = [
      ...[state.open, state.scoring, state.completed, state.unpublished].map(({ batchId }) => batchId),
      ...[state.failed, state.cancelled, state.initializing],
    ];
    for (const id of ids)
      for (const part of ["", "/comparisons", "/history", "/events"])
        await expect(api.get(`/v1/batches/${id}${part}`), `${id}${part}`).resolves.toBeDefined();
  });

  it("lets an open batch go on to its ranking, with the answers to the questions that were under way", async () => {
    const { batchId, judged, waiting } = state.open;
    const before = await api.readComparisons(batchId);
    expect(before.filter(({ status }) => status === "judged").map(({ number }) => number)).toEqual(judged);
    for (const comparisonId of waiting)
      expect(await api.postCallback(verdictOn(comparisonId))).toBe("applied");
    await untilEnded(batchId, "COMPLETED");
    expect(await api.readBatch(batchId)).toMatchObject({
      total_comparisons: judged.length + waiting.length,
      completed_comparisons: judged.length + waiting.length,
    });
    const { rankings } = storedRankings.parse(await api.get(`/v1/batches/${batchId}/results`));
    expect(rankings).toHaveLength(5);
    await untilPublished("open");
  });

  it("shows the provisional ranking of a batch that was being scored, and finishes it with the last answers", async () => {
    const { batchId, waiting } = state.scoring;
    expect(await api.get(`/v1/batches/${batchId}/results`)).toMatchObject({ provisional: true });
    for (const comparisonId of waiting)
      expect(await api.postCallback(verdictOn(comparisonId))).toBe("applied");
    await untilEnded(batchId, "COMPLETED");
    expect(await api.get(`/v1/batches/${batchId}/results`)).toMatchObject({ provisional: false });
    await untilPublished("scoring");
  });

  it("serves the results of a completed batch as they were", async () => {
    for (const { batchId, rankings } of [state.completed, state.unpublished]) {
      const results = storedRankings.parse(await api.get(`/v1/batches/${batchId}/results`));
      expect(results.rankings).toMatchObject(rankings);
      const csv = await fetch(`${worker.url}/v1/batches/${batchId}/results?format=csv`);
      expect((await csv.text()).trim().split("\n")).toHaveLength(rankings.length + 1);
    }
  });

  it("publishes events that had not reached the bridge, under the ids that they had, and no others again", async () => {
    await untilPublished("unpublished");
    const published = terminalEventIds(bridge.records());
    expect(published.get("unpublished")).toEqual(new Set([state.unpublished.terminalEventId]));
    expect(published.has("completed")).toBe(false);
  });

  it("keeps an ended batch ended and an erased one erased", async () => {
    expect(await api.readBatch(state.failed)).toMatchObject({ failure: { reason: "low_success_rate" } });
    expect(await api.readBatch(state.cancelled)).toMatchObject({ failure: { reason: "cancelled" } });
    expect(await codeOf(`/v1/batches/${state.erased}`)).toBe("batch_gone");
  });

  it("keeps dead letters", async () => {
    const { dead_letters: letters } = z
      .object({ dead_letters: z.array(z.looseObject({ reason: z.string() })) })
      .parse(await api.get("/v1/dead-letters"));
    expect(letters.map(({ reason }) => reason)).toEqual(["orphaned"]);
  });

  it("can be cancelled and erased", async () => {
    await api.post(`/v1/batches/${state.initializing}/cancel`, {});
    await untilPublished("initializing");
    await fetch(`${worker.url}/v1/batches/${state.completed.batchId}`, { method: "DELETE" });
    expect(await codeOf(`/v1/batches/${state.completed.batchId}`)).toBe("batch_gone");
  });
});
