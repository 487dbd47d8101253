/**
 * The service under a steady load for a while: batches are opened one after the other, answered by way of `/v1/callbacks` and of
 * the inbound queue, some answers twice, and every one of them is looked at when it has ended.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import {
  type ApiClient,
  type ComparisonJson,
  createApiClient,
  essaysNamed,
  terminalEventIds,
  verdictOn,
} from "../../test/e2e/api-client.ts";
import { migrate, startCrashingWorker } from "../../test/e2e/crashing-worker.ts";
import { startFakeKafkaRest } from "../../test/fakes/kafka-rest.ts";
import { readRuntimeUsage } from "../runtime-usage.ts";
import type { MemorySample } from "./memory-trend.ts";

export interface SoakOptions {
  readonly batches: number;
  readonly essays: number;
  /** batches that are judged before, as fast as they can be */
  readonly warmUpBatches: number;
  /** seconds over which the callbacks are spread */
  readonly seconds: number;
  /** lets no garbage pile up, which memory needs to be judged, and which costs the callbacks time */
  readonly collectsOften: boolean;
  /** starts a Worker that leaks */
  readonly leak: boolean;
  /** leaves the runtime's state and log behind when something was wrong */
  readonly keepEvidence: boolean;
  tell(line: string): void;
}

export interface SoakReport {
  readonly callbacks: number;
  readonly elapsedSeconds: number;
  /** what was not as it must be; empty when every batch is right */
  readonly faults: readonly string[];
  /** of callbacks over HTTPS, in milliseconds, ascending */
  readonly latenciesMs: readonly number[];
  /** of the runtime, once a second while callbacks were sent */
  readonly memory: readonly MemorySample[];
  readonly cpuSeconds: number;
}

/**
 * Every collection collects all, and comes after a few megabytes: left to itself V8 lets garbage grow for minutes, and with it the
 * native objects that the garbage owns, which would hide a leak. No isolate gets more than half of what the platform gives it.
 */
const OFTEN = "--gc-global --max-semi-space-size=2 --max-heap-size=64";
/** Batches that are being judged at the same time. */
const CONCURRENT_BATCHES = 16;
/** In the warm-up more is under way at once than ever afterwards, because the runtime's allocator keeps what it once needed. */
const CONCURRENT_IN_WARM_UP = 4 * CONCURRENT_BATCHES;
/** Callbacks of one request to `/v1/events`, from where they go through the queue. */
const CALLBACKS_PER_EVENTS_REQUEST = 10;
/** Every so-manieth callback is sent twice. */
const TWICE_EVERY = 20;
const SAMPLE_MS = 1_000;
const POLL_MS = 250;
/** A batch whose questions have all been answered must ask more, or end, within this time. */
const ENDS_WITHIN_MS = 120_000;
const MB = 2 ** 20;

const results = z.looseObject({
  rankings: z.array(z.looseObject({ essay_id: z.string(), wins: z.number(), comparisons: z.number() })),
});

export async function runSoak(options: SoakOptions): Promise<SoakReport> {
  const folder = await mkdtemp(join(tmpdir(), "cj-edge-soak-"));
  const bridge = await startFakeKafkaRest();
  migrate(folder);
  const worker = await startCrashingWorker(folder, {
    vars: { ENVIRONMENT: "development", DEFAULT_JUDGE: "external", KAFKA_BRIDGE_URL: bridge.url },
    ...(options.leak ? { script: "bench/soak/leaking-worker.ts" } : {}),
    v8Flags: options.collectsOften ? OFTEN : "",
  });
  let keeps = false;
  try {
    const api = createApiClient(worker.url);
    const warmUp = startLoad(api, {
      ...options,
      batches: options.warmUpBatches,
      seconds: 0,
      concurrency: CONCURRENT_IN_WARM_UP,
      prefix: "warm-up",
    });
    await warmUp.finished;
    const load = startLoad(api, { ...options, concurrency: CONCURRENT_BATCHES, prefix: "bos" });
    const memory: MemorySample[] = [];
    const sampling = setInterval(() => {
      const megabytes = readRuntimeUsage(worker).residentBytes / MB;
      memory.push({ at: (performance.now() - load.startedAt) / 1_000, megabytes });
    }, SAMPLE_MS);
    const elapsedMs = await load.finished.finally(() => clearInterval(sampling));
    const opened = options.warmUpBatches + options.batches;
    const faults = [
      ...warmUp.faults,
      ...load.faults,
      ...(await terminalFaults(() => bridge.records(), opened)),
    ];
    const { cpuSeconds } = readRuntimeUsage(worker);
    keeps = options.keepEvidence && faults.length > 0;
    if (keeps) options.tell(`state and log of the runtime: ${folder}`);
    return {
      callbacks: load.pacer.taken(),
      elapsedSeconds: elapsedMs / 1_000,
      faults,
      latenciesMs: load.latenciesMs.toSorted((left, right) => left - right),
      memory,
      cpuSeconds,
    };
  } finally {
    await worker.kill();
    await bridge.close();
    if (!keeps) await rm(folder, { recursive: true, force: true });
  }
}

interface Load {
  readonly startedAt: number;
  readonly finished: Promise<number>;
  readonly faults: string[];
  readonly latenciesMs: number[];
  readonly pacer: Pacer;
}

interface LoadOptions extends Pick<SoakOptions, "batches" | "essays" | "seconds" | "tell"> {
  /** batches at the same time */
  readonly concurrency: number;
  /** of the batches' names */
  readonly prefix: string;
}

function startLoad(
  api: ApiClient,
  { batches, essays, seconds, concurrency, prefix, tell }: LoadOptions,
): Load {
  const startedAt = performance.now();
  const total = batches * comparisonsOf(essays);
  const pacer = startPacer(startedAt, total / seconds);
  const faults: string[] = [];
  const latenciesMs: number[] = [];
  const numbers = Array.from({ length: batches }, (_, number) => number).values();
  let ended = 0;
  const judgeNext = async () => {
    for (const number of numbers) {
      faults.push(...(await liveBatch({ api, pacer, latenciesMs }, `${prefix}-${number}`, essays)));
      ended += 1;
      if (ended % Math.ceil(batches / 10) === 0)
        tell(
          `${prefix}: ${ended} of ${batches} batches after ${((performance.now() - startedAt) / 1_000).toFixed(0)} s`,
        );
    }
  };
  const finished = Promise.all(Array.from({ length: concurrency }, judgeNext)).then(
    () => performance.now() - startedAt,
  );
  return { startedAt, finished, faults, latenciesMs, pacer };
}

/** The default budget, by which the rate is set: every pair, or 120 at least and five for each essay. */
function comparisonsOf(essays: number): number {
  return Math.min((essays * (essays - 1)) / 2, Math.max(120, 5 * essays));
}

interface Pacer {
  /** Resolves when the next callbacks may be sent. */
  take(callbacks: number): Promise<void>;
  taken(): number;
}

/** Bounds the rate: the callback of number k is not sent before its k-th part of the time has passed. */
function startPacer(startedAt: number, perSecond: number): Pacer {
  let taken = 0;
  return {
    async take(callbacks) {
      taken += callbacks;
      await sleep(Math.max(0, startedAt + ((taken - callbacks) / perSecond) * 1_000 - performance.now()));
    },
    taken: () => taken,
  };
}

interface LoadParts {
  readonly api: ApiClient;
  readonly pacer: Pacer;
  readonly latenciesMs: number[];
}

/** One batch from its opening to its ranking. @returns what was wrong with it */
async function liveBatch(parts: LoadParts, name: string, essays: number): Promise<string[]> {
  const { api } = parts;
  const batchId = await api.openBatch({ bos_batch_id: name, essays: essaysNamed(essays, name) });
  const { asked, faults } = await judgeAll(parts, batchId);
  const batch = await api.readBatch(batchId);
  const { state, completed_comparisons: completed } = batch;
  if (state !== "COMPLETED" || completed !== asked.length || completed !== batch.total_comparisons)
    return [`${name} is ${state} with ${completed} of ${asked.length} answers`, ...faults];
  return [...faults.map((fault) => `${name}: ${fault}`), ...(await rankingFaults(api, batchId, name, asked))];
}

/** Answers questions as they are asked, half of them over each way, until the batch has ended. */
async function judgeAll(
  parts: LoadParts,
  batchId: string,
): Promise<{ readonly asked: readonly ComparisonJson[]; readonly faults: readonly string[] }> {
  const asked: ComparisonJson[] = [];
  const faults: string[] = [];
  let giveUpAt = performance.now() + ENDS_WITHIN_MS;
  while (performance.now() < giveUpAt) {
    // Comparisons are numbered in the order in which they are asked.
    const fresh = await parts.api.readComparisons(batchId, asked.length);
    if (fresh.length === 0) {
      const { state } = await parts.api.readBatch(batchId);
      if (["COMPLETED", "FAILED", "CANCELLED"].includes(state)) break;
      await sleep(POLL_MS);
      continue;
    }
    asked.push(...fresh);
    const viaQueue = fresh.filter(({ number }) => number % 2 === 0);
    const viaHttp = fresh.filter(({ number }) => number % 2 === 1);
    const [, wrong] = await Promise.all([sendThroughQueue(parts, viaQueue), sendOverHttp(parts, viaHttp)]);
    faults.push(...wrong);
    giveUpAt = performance.now() + ENDS_WITHIN_MS;
  }
  return { asked, faults };
}

async function sendThroughQueue({ api, pacer }: LoadParts, asked: readonly ComparisonJson[]): Promise<void> {
  for (let at = 0; at < asked.length; at += CALLBACKS_PER_EVENTS_REQUEST) {
    const chunk = asked.slice(at, at + CALLBACKS_PER_EVENTS_REQUEST);
    await pacer.take(chunk.length);
    await api.post("/v1/events", chunk.map(answerTo));
  }
}

/** @returns outcomes that no callback may have */
async function sendOverHttp(
  { api, pacer, latenciesMs }: LoadParts,
  asked: readonly ComparisonJson[],
): Promise<string[]> {
  const wrong: string[] = [];
  for (const comparison of asked) {
    await pacer.take(1);
    const before = performance.now();
    const outcome = await api.postCallback(answerTo(comparison));
    latenciesMs.push(performance.now() - before);
    if (outcome !== "applied") wrong.push(`comparison ${comparison.number} was ${outcome}`);
    if (comparison.number % TWICE_EVERY !== 1) continue;
    const again = await api.postCallback(answerTo(comparison));
    if (again !== "duplicate") wrong.push(`comparison ${comparison.number} was ${again} the second time`);
  }
  return wrong;
}

function answerTo(comparison: ComparisonJson) {
  return verdictOn(comparison.correlation_id, winnerOf(comparison));
}

/** The essay with the lower number wins, but for every seventh comparison, so that a ranking exists without a prior. */
function winnerOf({ number, essay_a_id: first, essay_b_id: second }: ComparisonJson) {
  const firstIsBetter = numberOf(first) < numberOf(second);
  return firstIsBetter !== (number % 7 === 0) ? "essay_a" : "essay_b";
}

function numberOf(essayId: string): number {
  return Number(essayId.split("-")[1]);
}

/** Whether the ranking counts every verdict that was given, and no other. */
async function rankingFaults(
  api: ApiClient,
  batchId: string,
  name: string,
  asked: readonly ComparisonJson[],
): Promise<string[]> {
  const { rankings } = results.parse(await api.get(`/v1/batches/${batchId}/results`));
  const given = new Map<string, { wins: number; comparisons: number }>();
  for (const comparison of asked) {
    const { essay_a_id: first, essay_b_id: second } = comparison;
    const winner = winnerOf(comparison) === "essay_a" ? first : second;
    for (const essay of [first, second]) {
      const counts = given.get(essay) ?? { wins: 0, comparisons: 0 };
      given.set(essay, {
        wins: counts.wins + (essay === winner ? 1 : 0),
        comparisons: counts.comparisons + 1,
      });
    }
  }
  const wrong = rankings.filter(({ essay_id, wins, comparisons }) => {
    const counts = given.get(essay_id);
    return counts?.wins !== wins || counts.comparisons !== comparisons;
  });
  return [
    ...(rankings.length === given.size ? [] : [`${name} ranks ${rankings.length} of ${given.size} essays`]),
    ...wrong.map(({ essay_id }) => `${name} counts other verdicts on ${essay_id} than were given`),
  ];
}

/** Whether each batch has exactly one terminal event with the bridge, once all have come. */
async function terminalFaults(records: () => readonly unknown[], batches: number): Promise<string[]> {
  const giveUpAt = performance.now() + ENDS_WITHIN_MS;
  while (terminalEventIds(records()).size < batches && performance.now() < giveUpAt) await sleep(POLL_MS);
  const ids = terminalEventIds(records());
  return [
    ...(ids.size === batches ? [] : [`${ids.size} of ${batches} batches have a terminal event`]),
    ...[...ids].flatMap(([name, of]) => (of.size === 1 ? [] : [`${name} has ${of.size} terminal event ids`])),
  ];
}

/** @param sorted ascending; @param share in [0, 1] */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
