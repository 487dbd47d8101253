/**
 * `npm run bench:memory`: the largest batch there is, in a runtime whose isolates may have half the heap of a Durable Object; the
 * other half is for what is outside V8's heap. Opens 2,000 essays of 100,000 bytes by reference, lets 20,000 comparisons be judged
 * and scored, and says what the dearest event cost in processor time. A heap above the limit kills the runtime and the run. What a
 * final ranking adds outside the heap is measured in a process of its own. Linux only: it reads /proc.
 */
import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { z } from "zod";
import { createApiClient, terminalEventIds, verdictOn } from "../../test/e2e/api-client.ts";
import { migrate, startCrashingWorker } from "../../test/e2e/crashing-worker.ts";
import { startFakeKafkaRest } from "../../test/fakes/kafka-rest.ts";
import { type LocalServer, startLocalServer } from "../../test/fakes/local-server.ts";
import { openRuntimeMeter, type RuntimeMeter } from "../runtime-usage.ts";

const { values } = parseArgs({
  options: {
    essays: { type: "string", default: "2000" },
    comparisons: { type: "string", default: "20000" },
    "essay-bytes": { type: "string", default: "100000" },
    /** megabytes of heap that every isolate may have */
    heap: { type: "string", default: "64" },
  },
});
const ESSAYS = Number(values.essays);
const COMPARISONS = Number(values.comparisons);
const ESSAY_BYTES = Number(values["essay-bytes"]);
const HEAP_MB = Number(values.heap);
/** The platform's limits: 128 MB an isolate, and 30 s of processor time an event unless configured otherwise. */
const ISOLATE_MB = 128;
const EVENT_CPU_MS = 30_000;
/** As many as one run of the queue's consumer takes. */
const CALLBACKS_PER_REQUEST = 100;
const POLL_MS = 200;
const MB = 2 ** 20;
const BOS_BATCH_ID = "bos-memory";

const content = await startContentService();
const bridge = await startFakeKafkaRest();
const folder = await mkdtemp(join(tmpdir(), "cj-edge-memory-"));
migrate(folder);
const worker = await startCrashingWorker(folder, {
  vars: {
    ENVIRONMENT: "development",
    DEFAULT_JUDGE: "external",
    KAFKA_BRIDGE_URL: bridge.url,
    CONTENT_SERVICE_URL: content.url,
  },
  v8Flags: `--max-heap-size=${HEAP_MB}`,
});
const api = createApiClient(worker.url);
try {
  process.exitCode = await measure(openRuntimeMeter(worker));
} finally {
  await worker.kill();
  await bridge.close();
  await content.close();
  await rm(folder, { recursive: true, force: true });
}

interface Cost {
  /** processor time of the whole process, in milliseconds */
  readonly cpuMs: number;
  readonly peakBytes: number;
}

async function measure(meter: RuntimeMeter): Promise<number> {
  // The first batch loads all code, so that it is not counted as the large batch's.
  await judgeBatch(await openBatch(4, "bos-warm-up"), meter);
  const idleBytes = meter.residentBytes();
  say(`idle: ${megabytes(idleBytes)} MB resident`);

  const opening = await costOf(meter, () => openBatch(ESSAYS, BOS_BATCH_ID));
  tell(`opening ${ESSAYS} essays by reference`, opening, idleBytes);
  const batchId = opening.result;
  const fetching = await costOf(meter, () => untilState(batchId, "WAITING_CALLBACKS"));
  tell(
    `fetching ${megabytes(ESSAYS * ESSAY_BYTES)} MB of texts, planning, first questions`,
    fetching,
    idleBytes,
  );
  const judging = await costOf(meter, () => judgeBatch(batchId, meter));
  tell(`${COMPARISONS} questions, callbacks and the scoring`, judging, idleBytes);
  const { callback, final } = judging.result;
  say(
    `dearest ${CALLBACKS_PER_REQUEST} callbacks, with what they came to: ${(callback / 1000).toFixed(2)} s of CPU`,
  );
  say(`last callbacks, with the final scoring: ${(final / 1000).toFixed(2)} s of CPU`);
  const reading = await costOf(meter, () => api.get(`/v1/batches/${batchId}/results`));
  tell("reading the results", reading, idleBytes);
  const published = await untilPublished();
  const batch = await api.readBatch(batchId);
  say(
    `${batch.state}: ${batch.completed_comparisons} of ${batch.total_comparisons} judged, ${published} terminal event id`,
  );

  const scoring = measureScoring();
  say(
    `a final ranking alone: ${scoring.cpuSeconds.toFixed(1)} s of CPU, ${scoring.megabytes.toFixed(0)} MB at most, matrices outside the heap included`,
  );
  const dearestMs = Math.max(opening.cpuMs, callback, final);
  const megabytesMax = HEAP_MB + scoring.megabytes;
  const fits = megabytesMax <= ISOLATE_MB && dearestMs < EVENT_CPU_MS && published === 1;
  say(
    `${HEAP_MB} MB of heap were enough, with a ranking's own at most ${megabytesMax.toFixed(0)} MB; the dearest event took ` +
      `${(dearestMs / 1000).toFixed(1)} s of CPU: ${fits ? "within" : "NOT within"} ${ISOLATE_MB} MB and ${EVENT_CPU_MS / 1000} s`,
  );
  return fits && batch.state === "COMPLETED" && batch.completed_comparisons === COMPARISONS ? 0 : 1;
}

function measureScoring(): { megabytes: number; cpuSeconds: number } {
  const program = join(import.meta.dirname, "scoring-peak.ts");
  const options = ["--expose-gc", "--max-old-space-size=48", "--max-semi-space-size=4"];
  const output = execFileSync(process.execPath, [...options, program, values.essays, values.comparisons]);
  return z.object({ megabytes: z.number(), cpuSeconds: z.number() }).parse(JSON.parse(output.toString()));
}

function openBatch(essays: number, bosBatchId: string): Promise<string> {
  return api.openBatch({
    bos_batch_id: bosBatchId,
    essays: Array.from({ length: essays }, (_, index) => ({
      essay_id: `essay-${index + 1}`,
      text_storage_id: `text-${index + 1}`,
    })),
    config: {
      max_comparisons: Math.min(COMPARISONS, (essays * (essays - 1)) / 2),
      // All of them, and not only until the ranking could be foretold.
      completion_threshold_pct: 100,
    },
  });
}

/**
 * Answers all questions as they are asked, by way of the queue.
 * @returns the dearest request with what its callbacks came to, and the last one, in milliseconds of processor time
 */
async function judgeBatch(
  batchId: string,
  meter: RuntimeMeter,
): Promise<{ callback: number; final: number }> {
  let callback = 0;
  let final = 0;
  let answered = 0;
  for (;;) {
    const waiting = await api.readComparisons(batchId, answered);
    if (waiting.length === 0 && (await api.readBatch(batchId)).state === "COMPLETED") break;
    if (waiting.length === 0) await sleep(POLL_MS);
    for (let at = 0; at < waiting.length; at += CALLBACKS_PER_REQUEST) {
      const chunk = waiting.slice(at, at + CALLBACKS_PER_REQUEST);
      const before = meter.cpuMs();
      await api.post(
        "/v1/events",
        chunk.map(({ correlation_id, essay_a_id, essay_b_id }) =>
          verdictOn(correlation_id, winnerOf(essay_a_id, essay_b_id)),
        ),
      );
      answered += chunk.length;
      await untilCounted(batchId, answered);
      callback = Math.max(callback, final);
      final = meter.cpuMs() - before;
    }
  }
  return { callback, final };
}

async function untilCounted(batchId: string, verdicts: number): Promise<void> {
  while ((await api.readBatch(batchId)).completed_comparisons < verdicts) await sleep(POLL_MS);
}

/** The essay with the lower number is better, and wins four times out of five. */
function winnerOf(first: string, second: string) {
  const numberOf = (id: string) => Number(id.split("-")[1]);
  const upset = (numberOf(first) * 31 + numberOf(second) * 17) % 5 === 0;
  return numberOf(first) < numberOf(second) !== upset ? "essay_a" : "essay_b";
}

async function untilState(batchId: string, ...states: string[]) {
  for (;;) {
    const batch = await api.readBatch(batchId);
    if (states.includes(batch.state)) return batch;
    if (batch.state === "FAILED") throw new Error(`the batch failed: ${JSON.stringify(batch)}`);
    await sleep(POLL_MS);
  }
}

async function untilPublished(): Promise<number> {
  for (;;) {
    const ids = terminalEventIds(bridge.records()).get(BOS_BATCH_ID);
    if (ids !== undefined) return ids.size;
    await sleep(POLL_MS);
  }
}

async function costOf<Result>(
  meter: RuntimeMeter,
  work: () => Promise<Result>,
): Promise<Cost & { result: Result }> {
  meter.resetPeak();
  const before = meter.cpuMs();
  const result = await work();
  return { result, cpuMs: meter.cpuMs() - before, peakBytes: meter.peakResidentBytes() };
}

function tell(what: string, { cpuMs, peakBytes }: Cost, idleBytes: number): void {
  say(
    `${what}: ${(cpuMs / 1000).toFixed(1)} s of CPU, at most ${megabytes(peakBytes - idleBytes)} MB above idle`,
  );
}

function megabytes(bytes: number): string {
  return (bytes / MB).toFixed(0);
}

function say(line: string): void {
  console.log(line);
}

/** A content service whose every text is as long as a text may be. */
function startContentService(): Promise<LocalServer> {
  return startLocalServer((request, response) => {
    const name = `The text of ${request.url ?? ""}. `;
    response.end(name.repeat(Math.ceil(ESSAY_BYTES / name.length)).slice(0, ESSAY_BYTES));
  });
}
