/** The service's API as a caller outside sees it: what tests and benches on a running Worker do to batches. */
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";

const opened = z.looseObject({ batch_id: z.string() });
const comparison = z.looseObject({
  number: z.number(),
  correlation_id: z.string(),
  essay_a_id: z.string(),
  essay_b_id: z.string(),
  status: z.string(),
  winner: z.string().nullable(),
});
export type ComparisonJson = z.infer<typeof comparison>;
const batchView = z.looseObject({
  batch_id: z.string(),
  state: z.string(),
  total_comparisons: z.number(),
  completed_comparisons: z.number(),
  failed_comparisons: z.number(),
  pending_comparisons: z.number(),
});
export type BatchJson = z.infer<typeof batchView>;
const comparisonsPage = z.object({ comparisons: z.array(comparison), next_from: z.number().nullable() });
const callbackReply = z.looseObject({ outcome: z.string() });

/** An answer that the service refused or never gave. */
class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;

  constructor(path: string, status: number, body: string) {
    super(`${path} answered ${status}: ${body.slice(0, 500)}`);
    this.status = status;
  }
}

export interface ApiClient {
  readonly url: string;
  /** @throws ApiError for any status but 2xx */
  get(path: string): Promise<unknown>;
  post(path: string, body: object, headers?: Readonly<Record<string, string>>): Promise<unknown>;
  /** @returns the batch's id */
  openBatch(body: object): Promise<string>;
  readBatch(batchId: string): Promise<BatchJson>;
  /** All comparisons that have been issued so far, page by page, from a number on. */
  readComparisons(batchId: string, first?: number): Promise<ComparisonJson[]>;
  /** @returns what became of the callback: `applied`, `duplicate`, `late`, `orphaned` or `queued` */
  postCallback(callback: object): Promise<string>;
}

export function createApiClient(url: string): ApiClient {
  const request = async (path: string, init?: RequestInit): Promise<unknown> => {
    const response = await fetch(`${url}${path}`, init);
    if (response.status === 429) {
      // As a well-behaved caller does; the limits are many times what a batch needs, but not what a bench asks for.
      await response.body?.cancel();
      await sleep(Number(response.headers.get("retry-after") ?? 1) * 1_000);
      return request(path, init);
    }
    if (!response.ok) throw new ApiError(path, response.status, await response.text());
    return response.json();
  };
  const get = (path: string) => request(path);
  const post: ApiClient["post"] = (path, body, headers = {}) =>
    request(path, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    });
  return {
    url,
    get,
    post,
    openBatch: async (body) => opened.parse(await post("/v1/batches", body)).batch_id,
    readBatch: async (batchId) => batchView.parse(await get(`/v1/batches/${batchId}`)),
    async readComparisons(batchId, first = 0) {
      const all: ComparisonJson[] = [];
      for (let from: number | null = first; from !== null; ) {
        const page = await get(`/v1/batches/${batchId}/comparisons?limit=1000&from=${from}`);
        const { comparisons, next_from } = comparisonsPage.parse(page);
        all.push(...comparisons);
        from = next_from;
      }
      return all;
    },
    postCallback: async (callback) => callbackReply.parse(await post("/v1/callbacks", callback)).outcome,
  };
}

export type WinnerName = "essay_a" | "essay_b";

/** A judge's verdict, as an `LLMComparisonResultV1`. */
export function verdictOn(comparisonId: string, winner: WinnerName = "essay_a") {
  return { ...answerTo(comparisonId), winner, justification: "It is clearer.", confidence: 4 };
}

/** A judge's failure, as an `LLMComparisonResultV1`. */
export function failureOf(comparisonId: string, errorCode: string) {
  return {
    ...answerTo(comparisonId),
    winner: null,
    error_detail: {
      error_code: errorCode,
      message: "it did not work",
      correlation_id: crypto.randomUUID(),
      timestamp: new Date().toISOString(),
      service: "llm_provider_service",
      operation: "process_queued_request",
      details: {},
    },
  };
}

function answerTo(comparisonId: string) {
  const now = new Date().toISOString();
  return {
    request_id: crypto.randomUUID(),
    correlation_id: comparisonId,
    provider: "openai",
    model: "gpt-5.1",
    response_time_ms: 1_610,
    token_usage: { prompt_tokens: 1_446, completion_tokens: 54, total_tokens: 1_500 },
    cost_estimate: 0.0023,
    requested_at: now,
    completed_at: now,
  };
}

const storedRecord = z.looseObject({ topic: z.string(), key: z.string(), value: z.string() });
const publishedEnvelope = z.looseObject({ event_id: z.string() });
const TERMINAL_TOPIC = /cj_assessment\.(completed|failed)\.v1$/;

/** The ids of the terminal events that a bridge holds, by key (the BOS batch id). Every batch must come to exactly one. */
export function terminalEventIds(records: readonly unknown[]): Map<string, Set<string>> {
  const ids = new Map<string, Set<string>>();
  for (const record of records) {
    const { topic, key, value } = storedRecord.parse(record);
    if (!TERMINAL_TOPIC.test(topic)) continue;
    const known = ids.get(key) ?? new Set<string>();
    ids.set(key, known.add(publishedEnvelope.parse(JSON.parse(value)).event_id));
  }
  return ids;
}

export function essaysNamed(count: number, about: string): { essay_id: string; text: string }[] {
  return Array.from({ length: count }, (_, index) => ({
    essay_id: `essay-${index + 1}`,
    text: `The text of essay ${index + 1} of ${about}.`,
  }));
}
