import pRetry, { AbortError } from "p-retry";
import { z } from "zod";
import { describeThrown, UserError } from "./user-error.ts";

const REQUEST_MS = 30_000;
const RETRIES = 4;

const openedSchema = z.object({ batch_id: z.string(), state: z.string() });

const BATCH_STATES = [
  "INITIALIZING",
  "GENERATING_PAIRS",
  "WAITING_CALLBACKS",
  "SCORING",
  "COMPLETED",
  "FAILED",
  "CANCELLED",
] as const;

const batchSchema = z.object({
  batch_id: z.string(),
  state: z.enum(BATCH_STATES),
  total_comparisons: z.number(),
  completed_comparisons: z.number(),
  progress_pct: z.number(),
  stop_reason: z.string().nullish(),
  failure: z.unknown().optional(),
});

const resultsSchema = z.object({
  batch_id: z.string(),
  state: z.enum(BATCH_STATES),
  provisional: z.boolean(),
  rankings: z.array(
    z.object({
      essay_id: z.string(),
      rank: z.number().nullable(),
      score: z.number().nullable(),
      standard_error: z.number().nullable(),
      comparisons: z.number(),
      wins: z.number(),
    }),
  ),
  reliability: z.record(z.string(), z.unknown()).nullish(),
});

const problemSchema = z.object({
  title: z.string().optional(),
  detail: z.string().optional(),
  errors: z.array(z.unknown()).optional(),
});

export type OpenedBatch = z.infer<typeof openedSchema>;
export type BatchStatus = z.infer<typeof batchSchema>;
export type Results = z.infer<typeof resultsSchema>;
export type RankedEssay = Results["rankings"][number];

/** The part of `POST /v1/batches` that these scripts use. */
export interface BatchRequest {
  readonly essays: readonly { readonly essay_id: string; readonly text: string }[];
  readonly prompt?: string;
  readonly judge?: string;
  readonly model?: string;
}

export interface ApiClient {
  /** Opens a batch; the key makes a repeated request reach the same batch. */
  openBatch(request: BatchRequest, idempotencyKey: string): Promise<OpenedBatch>;
  readBatch(batchId: string): Promise<BatchStatus>;
  readResults(batchId: string): Promise<Results>;
  /** The same results as comma-separated values. */
  readResultsCsv(batchId: string): Promise<string>;
}

export interface ApiClientOptions {
  readonly baseUrl: string;
  /** Sent as `Authorization: Bearer`. */
  readonly key?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds before the first repetition; doubled for each further one. Default 500. */
  readonly retryDelayMs?: number;
}

/**
 * A client of the service's HTTP API. Lost connections, 429 and 5xx are asked again up to four times (opening a
 * batch too, because it carries an idempotency key); any other refusal is final.
 *
 * All methods throw UserError with the request, the status and the problem document's own words.
 */
export function createApiClient(options: ApiClientOptions): ApiClient {
  const get = (path: string, accept: string) => request(options, path, { headers: { accept } });
  const batchPath = (batchId: string) => `/v1/batches/${encodeURIComponent(batchId)}`;
  return {
    async openBatch(batch, idempotencyKey) {
      const body = JSON.stringify(batch);
      const headers = { "content-type": "application/json", "idempotency-key": idempotencyKey };
      return parseAs(openedSchema, await request(options, "/v1/batches", { method: "POST", headers, body }));
    },
    async readBatch(batchId) {
      return parseAs(batchSchema, await get(batchPath(batchId), "application/json"));
    },
    async readResults(batchId) {
      return parseAs(resultsSchema, await get(`${batchPath(batchId)}/results`, "application/json"));
    },
    async readResultsCsv(batchId) {
      const { text } = await get(`${batchPath(batchId)}/results`, "text/csv");
      return text;
    },
  };
}

interface Call {
  readonly method?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

interface Answer {
  /** The request, for messages. */
  readonly asked: string;
  readonly text: string;
}

function request(options: ApiClientOptions, path: string, call: Call): Promise<Answer> {
  const asked = `${call.method ?? "GET"} ${options.baseUrl}${path}`;
  return pRetry(() => requestOnce(options, path, call, asked), {
    retries: RETRIES,
    minTimeout: options.retryDelayMs ?? 500,
    ...(options.signal ? { signal: options.signal } : {}),
  });
}

async function requestOnce(
  { baseUrl, key, signal }: ApiClientOptions,
  path: string,
  call: Call,
  asked: string,
): Promise<Answer> {
  const timeout = AbortSignal.timeout(REQUEST_MS);
  const reply = await fetch(`${baseUrl}${path}`, {
    ...call,
    headers: { ...call.headers, ...(key === undefined ? {} : { authorization: `Bearer ${key}` }) },
    signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
  })
    .then(async (response) => ({ status: response.status, ok: response.ok, text: await response.text() }))
    .catch((thrown: unknown) => {
      signal?.throwIfAborted();
      throw new UserError(`${asked} got no answer: ${describeThrown(thrown)}.`);
    });
  if (reply.ok) {
    return { asked, text: reply.text };
  }
  const refusal = new UserError(`${asked} was refused with ${reply.status}: ${describeProblem(reply.text)}`);
  throw reply.status === 429 || reply.status >= 500 ? refusal : new AbortError(refusal);
}

/** The problem document's detail and first errors (RFC 9457), or the start of whatever else came. */
function describeProblem(text: string): string {
  const { title, detail, errors } = problemSchema.safeParse(parseJson(text)).data ?? {};
  const said = detail ?? title ?? text.slice(0, 300).replace(/\s+/g, " ").trim();
  const listed = errors === undefined ? "" : ` ${JSON.stringify(errors.slice(0, 3))}`;
  return `${said}${listed}`.trim() || "no explanation was given.";
}

function parseAs<T>(schema: z.ZodType<T>, { asked, text }: Answer): T {
  const parsed = schema.safeParse(parseJson(text));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = issue?.path.join(".") || "the body";
    throw new UserError(
      `${asked} did not answer as this service does (${where}: ${issue?.message}): check the address.`,
    );
  }
  return parsed.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
