/** Drives the service as its users do: over HTTP, with the real objects, D1 and queues behind it. */
import {
  evictAllDurableObjects,
  evictDurableObject,
  runDurableObjectAlarm,
  runInDurableObject,
} from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { afterEach, beforeEach, describe, inject, vi } from "vitest";
import { z } from "zod";

const HOUR_MS = 3_600_000;

let evicting = false;

/**
 * Describes what holds whether objects stay in memory or are dropped from it before every call; their storage and alarms stay.
 */
export function describeInAndOutOfMemory(rules: () => void): void {
  describe.each([
    { memory: "kept in memory", evicts: false },
    { memory: "dropped from memory before every call", evicts: true },
  ])("with objects $memory", ({ evicts }) => {
    beforeEach(() => {
      evicting = evicts;
    });
    afterEach(() => {
      evicting = false;
    });
    rules();
  });
}

export async function call(path: string, init: RequestInit = {}): Promise<Response> {
  if (evicting) await evictAllDurableObjects();
  return exports.default.fetch(`http://cj-edge.test${path}`, init);
}

export function postJson(
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Response> {
  const init = {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  };
  return call(path, init);
}

export function essaysOf(count: number): { essay_id: string; text: string }[] {
  return Array.from({ length: count }, (_, k) => ({
    essay_id: `essay-${k + 1}`,
    text: `The text of essay ${k + 1}.`,
  }));
}

const opened = z.looseObject({ batch_id: z.string(), state: z.string() });

export interface OpenOptions {
  readonly essays?: number | readonly object[];
  readonly config?: object;
  /** null: the body names the judges */
  readonly judge?: string | null;
  readonly headers?: Record<string, string>;
  readonly body?: object;
}

/** Opens a batch of which every comparison waits for a callback. */
export async function openBatch({
  essays = 4,
  config,
  judge,
  headers,
  body,
}: OpenOptions = {}): Promise<string> {
  const response = await postJson(
    "/v1/batches",
    {
      essays: typeof essays === "number" ? essaysOf(essays) : essays,
      judge: judge === undefined ? "external" : judge,
      config,
      ...body,
    },
    headers,
  );
  if (response.status !== 202)
    throw new Error(`opening answered ${response.status}: ${await response.text()}`);
  return opened.parse(await response.json()).batch_id;
}

export const batchView = z.looseObject({
  batch_id: z.string(),
  state: z.string(),
  bos_batch_id: z.string(),
  correlation_id: z.string(),
  total_comparisons: z.number(),
  completed_comparisons: z.number(),
  failed_comparisons: z.number(),
  pending_comparisons: z.number(),
  abandoned_comparisons: z.number(),
  late_comparisons: z.number(),
  progress_pct: z.number(),
  partial_scoring_triggered: z.boolean(),
  forced_recovery: z.boolean(),
  stop_reason: z.string().nullable(),
  failure: z.looseObject({ reason: z.string() }).nullable(),
  wave: z.number(),
});
export type BatchView = z.infer<typeof batchView>;

export async function readBatch(batchId: string): Promise<BatchView> {
  const response = await call(`/v1/batches/${batchId}`);
  if (response.status !== 200)
    throw new Error(`reading answered ${response.status}: ${await response.text()}`);
  return batchView.parse(await response.json());
}

const comparison = z.looseObject({
  number: z.number(),
  correlation_id: z.string(),
  essay_a_id: z.string(),
  essay_b_id: z.string(),
  status: z.string(),
  winner: z.string().nullable(),
  attempt: z.number(),
});
export type ComparisonJson = z.infer<typeof comparison>;

export async function readComparisons(batchId: string): Promise<ComparisonJson[]> {
  const pages = z.object({ comparisons: z.array(comparison) });
  const all: ComparisonJson[] = [];
  for (;;) {
    const response = await call(`/v1/batches/${batchId}/comparisons?from=${all.length}&limit=1000`);
    const page = pages.parse(await response.json()).comparisons;
    all.push(...page);
    if (page.length < 1000) return all;
  }
}

const takenQuestion = z.looseObject({
  user_prompt: z.string(),
  correlation_id: z.string(),
  metadata: z.looseObject({ essay_a_id: z.string(), essay_b_id: z.string() }),
});

/** The questions that the fake provider service has taken whose prompt contains `text`. */
export async function questionsWith(text: string): Promise<z.infer<typeof takenQuestion>[]> {
  const response = await fetch(`${inject("upstreamUrl")}/__fake/comparisons`);
  // Other tests' questions need not name a pair.
  return z
    .array(z.looseObject({ user_prompt: z.string() }))
    .parse(await response.json())
    .filter(({ user_prompt }) => user_prompt.includes(text))
    .map((taken) => takenQuestion.parse(taken));
}

const historyEntry = z.looseObject({ from: z.string().nullable(), to: z.string(), reason: z.string() });

/** The states a batch went through, in their order. */
export async function statesOf(batchId: string): Promise<string[]> {
  const response = await call(`/v1/batches/${batchId}/history`);
  const body = z.object({ history: z.array(historyEntry) }).parse(await response.json());
  return body.history.map(({ to }) => to);
}

export interface CallbackOptions {
  readonly winner?: string;
  readonly errorCode?: string;
  readonly justification?: string;
}

/** An `LLMComparisonResultV1` as the provider service sends it; the winner is Essay A unless said otherwise. */
export function callbackFor(
  correlationId: string,
  { winner, errorCode, justification }: CallbackOptions = {},
) {
  const now = new Date().toISOString();
  const isError = errorCode !== undefined;
  return {
    request_id: crypto.randomUUID(),
    correlation_id: correlationId,
    winner: isError ? null : (winner ?? "Essay A"),
    justification: isError ? null : (justification ?? "It is clearer."),
    confidence: isError ? null : 4.2,
    error_detail: isError
      ? {
          error_code: errorCode,
          message: "it did not work",
          correlation_id: correlationId,
          timestamp: now,
          service: "llm_provider_service",
          operation: "process_queued_request",
          details: {},
        }
      : null,
    provider: "openai",
    model: "gpt-5.1",
    response_time_ms: 1610,
    token_usage: { prompt_tokens: 1446, completion_tokens: 54, total_tokens: 1500 },
    cost_estimate: 0.0023,
    requested_at: now,
    completed_at: now,
    trace_id: null,
    request_metadata: {},
  };
}

export function envelopeFor<Data extends object>(
  data: Data,
  eventType = "LLMComparisonResultV1",
  correlationId = crypto.randomUUID(),
) {
  return {
    event_id: crypto.randomUUID(),
    event_type: eventType,
    event_timestamp: new Date().toISOString(),
    source_service: "llm_provider_service",
    schema_version: 1,
    correlation_id: correlationId,
    data,
  };
}

/** Posts a callback and tells what came of it. */
export async function postCallback(callback: object): Promise<string> {
  const response = await postJson("/v1/callbacks", callback);
  if (!response.ok) throw new Error(`the callback was answered ${response.status}: ${await response.text()}`);
  return z.object({ outcome: z.string() }).parse(await response.json()).outcome;
}

export async function postEvents(
  records: readonly object[],
): Promise<{ outcome: string; reason: string | null }[]> {
  const response = await postJson("/v1/events", records);
  if (response.status !== 202)
    throw new Error(`the events were answered ${response.status}: ${await response.text()}`);
  const outcome = z.looseObject({ outcome: z.string(), reason: z.string().nullable() });
  return z.object({ outcomes: z.array(outcome) }).parse(await response.json()).outcomes;
}

/** Answers these comparisons one after the other; the better essay is the one with the smaller number in its id. */
export async function judge(comparisons: readonly ComparisonJson[]): Promise<string[]> {
  const outcomes: string[] = [];
  for (const each of comparisons)
    outcomes.push(await postCallback(callbackFor(each.correlation_id, { winner: better(each) })));
  return outcomes;
}

export function better({ essay_a_id, essay_b_id }: ComparisonJson): string {
  const numberOf = (id: string) => Number(id.replace(/\D/g, ""));
  return numberOf(essay_a_id) < numberOf(essay_b_id) ? "Essay A" : "Essay B";
}

/** Waits until `look` finds what it looks for; fails after `timeoutMs` with what it saw last. */
export async function eventually<Found>(
  look: () => Promise<Found | undefined>,
  timeoutMs = 15_000,
): Promise<Found> {
  // Real time: tests move the clock of Date.
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`not seen within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export function untilState(batchId: string, ...states: string[]): Promise<BatchView> {
  return eventually(async () => {
    const batch = await readBatch(batchId);
    return states.includes(batch.state) ? batch : undefined;
  });
}

export function objectOf(batchId: string) {
  return env.ASSESSMENT_BATCH.getByName(batchId);
}

/** Drops the object from memory; its storage and alarm stay. */
export async function evict(batchId: string): Promise<void> {
  await evictDurableObject(objectOf(batchId));
}

async function stayInMemory(_batchId: string): Promise<void> {}

/** Every state test runs twice: with the object kept in memory, and with it evicted between the steps. */
export const EVICTIONS = [
  { memory: "kept in memory", between: stayInMemory },
  { memory: "evicted between the steps", between: evict },
] as const;

/** Moves the clock of the objects. The platform's own clock, and so its alarms, stay: fire them by hand. */
export function travelHours(hours: number): void {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + hours * HOUR_MS });
}

export function backToThePresent(): void {
  vi.useRealTimers();
}

export async function fireAlarm(batchId: string): Promise<boolean> {
  return runDurableObjectAlarm(objectOf(batchId));
}

export { runInDurableObject };

const storedRecord = z.looseObject({ topic: z.string(), key: z.string(), value: z.string() });
const publishedEnvelope = z.looseObject({
  event_id: z.string(),
  event_type: z.string(),
  correlation_id: z.string(),
  data: z.looseObject({ entity_id: z.string() }),
});
export interface PublishedRecord {
  readonly topic: string;
  readonly key: string;
  readonly envelope: z.infer<typeof publishedEnvelope>;
}

/** What the Kafka bridge holds about a batch, in the order in which it came. */
export async function publishedFor(bosBatchId: string): Promise<PublishedRecord[]> {
  const response = await fetch(`${inject("bridgeUrl")}/__fake/records`);
  return z
    .array(storedRecord)
    .parse(await response.json())
    .filter(({ key }) => key === bosBatchId)
    .map(({ topic, key, value }) => ({ topic, key, envelope: publishedEnvelope.parse(JSON.parse(value)) }));
}

export async function failBridge(...faults: readonly object[]): Promise<void> {
  await fetch(`${inject("bridgeUrl")}/__fake/faults`, { method: "POST", body: JSON.stringify(faults) });
}

/** Waits until the batch's terminal event is with the bridge, and returns all that is published about it. */
export function untilPublished(bosBatchId: string): Promise<PublishedRecord[]> {
  const last = ["huleedu.resource.consumption.v1", "huleedu.cj_assessment.failed.v1"];
  return eventually(async () => {
    const records = await publishedFor(bosBatchId);
    return records.some(({ topic }) => last.includes(topic)) ? records : undefined;
  });
}

const deadLetter = z.looseObject({
  id: z.string(),
  reason: z.string(),
  source: z.string(),
  batch_id: z.string().nullable(),
  correlation_id: z.string().nullable(),
});

/** The newest hundred. */
export async function listDeadLetters(): Promise<z.infer<typeof deadLetter>[]> {
  const response = await call("/v1/dead-letters?limit=100");
  return z.object({ dead_letters: z.array(deadLetter) }).parse(await response.json()).dead_letters;
}

export async function deadLettersOf(correlationId: string): Promise<z.infer<typeof deadLetter>[]> {
  return (await listDeadLetters()).filter((letter) => letter.correlation_id === correlationId);
}

/** An `ELS_CJAssessmentRequestV1` in its envelope, as the essay lifecycle service sends it. */
export function requestEvent(
  essays: readonly object[],
  changes: { data?: object; metadata?: object; correlationId?: string } = {},
) {
  const bosBatchId = crypto.randomUUID();
  return {
    ...envelopeFor(
      {
        event_name: "els.cj_assessment.requested",
        entity_id: bosBatchId,
        entity_type: "batch",
        system_metadata: { entity_id: bosBatchId, entity_type: "batch" },
        essays_for_cj: essays,
        language: "en",
        course_code: "ENG5",
        user_id: "teacher-42",
        org_id: "school-7",
        ...changes.data,
      },
      "huleedu.els.cj_assessment.requested.v1",
      changes.correlationId,
    ),
    source_service: "essay_lifecycle_service",
    metadata: changes.metadata ?? null,
  };
}
