import { type LlmComparisonRequest, llmQueuedResponseSchema } from "../../contracts/comparison-request.ts";
import { INBOUND_EVENTS, topicName } from "../../contracts/topics.ts";
import { parseJson } from "../../encoding/json.ts";
import { readBody } from "../../encoding/limited-body.ts";
import { parseRetryAfter } from "../../encoding/retry-after.ts";
import { sha256Hex } from "../../encoding/sha256.ts";
import type { Settings } from "../../settings/settings.ts";
import type { Ask, AskOutcome, Judge } from "../judge.ts";
import { type JudgePrompt, judgePrompt } from "../prompt/prompt.ts";

/** Longest answer that is read, in bytes: it holds hardly more than a queue id. */
const MAX_ANSWER_BYTES = 65_536;

/**
 * The original's LLM provider service: `POST {LLM_PROVIDER_SERVICE_URL}/comparison`, answered by 202 with a `queue_id`; the
 * verdict comes later as a callback that echoes the comparison id. There is no idempotency key in that contract, so an
 * answer that was lost means the question may be put twice; both answers carry the same id and count once.
 */
export function createProviderServiceJudge(settings: Settings): Judge {
  return {
    name: "provider-service",
    ask: (asks) => Promise.all(asks.map((ask) => submit(settings, ask))),
  };
}

async function submit(settings: Settings, ask: Ask): Promise<AskOutcome> {
  const base = settings.LLM_PROVIDER_SERVICE_URL;
  if (base === undefined) return refused("CONFIGURATION_ERROR", "LLM_PROVIDER_SERVICE_URL is not configured");
  const token = settings.LLM_PROVIDER_SERVICE_TOKEN;
  try {
    const response = await fetch(`${base.replace(/\/$/, "")}/comparison`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(await requestOf(settings, ask)),
      redirect: "manual",
      signal: AbortSignal.timeout(settings.LLM_REQUEST_TIMEOUT_SECONDS * 1000),
    });
    return await readResponse(response);
  } catch (error) {
    const timedOut = error instanceof Error && error.name === "TimeoutError";
    const message = error instanceof Error ? error.message : String(error);
    return unavailable(timedOut ? "TIMEOUT" : "CONNECTION_ERROR", message, null);
  }
}

async function requestOf(settings: Settings, ask: Ask): Promise<LlmComparisonRequest> {
  const prompt = await judgePrompt(ask);
  const { blocks } = prompt;
  return {
    user_prompt: blocks.map(({ content }) => content).join("\n\n"),
    prompt_blocks: await Promise.all(
      blocks.map(async ({ content, cacheable }) => ({
        target: "user_content" as const,
        content,
        cacheable,
        ttl: "5m" as const,
        content_hash: await sha256Hex(content),
      })),
    ),
    callback_topic: topicName(settings.TOPIC_PREFIX, INBOUND_EVENTS.comparison_result.topicSuffix),
    llm_config_overrides: overridesOf(settings, ask, prompt),
    correlation_id: ask.comparisonId,
    metadata: { ...ask.metadata, prompt_version: prompt.version, prompt_sha256: prompt.sha256 },
  };
}

/** Provider, model and temperature are always sent. `??` and not `||`: a temperature of 0 is a choice and stays 0. */
function overridesOf(settings: Settings, { model, overrides }: Ask, { system }: JudgePrompt) {
  const effort = REASONING_EFFORTS.find((level) => level === overrides?.reasoning_effort);
  const verbosity = OUTPUT_VERBOSITIES.find((level) => level === overrides?.output_verbosity);
  return {
    provider_override: overrides?.provider_override ?? settings.DEFAULT_LLM_PROVIDER,
    model_override: model ?? overrides?.model_override ?? settings.DEFAULT_LLM_MODEL,
    temperature_override: overrides?.temperature_override ?? settings.DEFAULT_LLM_TEMPERATURE,
    system_prompt_override: system,
    ...(typeof overrides?.max_tokens_override === "number"
      ? { max_tokens_override: overrides.max_tokens_override }
      : {}),
    ...(effort === undefined ? {} : { reasoning_effort: effort }),
    ...(verbosity === undefined ? {} : { output_verbosity: verbosity }),
  };
}

const REASONING_EFFORTS = ["none", "low", "medium", "high"] as const;
const OUTPUT_VERBOSITIES = ["low", "medium", "high"] as const;

/**
 * 202 with a queue id is the only success; everything else is sorted as the original's client sorts it. An error's
 * body is not kept: a validation error may repeat the prompt, and so the essays.
 */
async function readResponse(response: Response): Promise<AskOutcome> {
  const { status } = response;
  const { body } = await readBody(response, MAX_ANSWER_BYTES);
  if (status === 202) {
    const queued = llmQueuedResponseSchema.safeParse(parseJson(body));
    if (queued.success) return { kind: "submitted", queueId: queued.data.queue_id };
    return unavailable("INVALID_RESPONSE", "the provider service answered 202 without a queue_id", null);
  }
  const message = `the provider service answered ${status}`;
  switch (status) {
    case 400:
    case 422:
      return refused("INVALID_REQUEST", message);
    case 413:
      return refused("LLM_CONTENT_TOO_LONG", message);
    case 401:
    case 403:
      return refused("AUTHENTICATION_ERROR", message);
    case 408:
    case 504:
      return unavailable("TIMEOUT", message, retryAfterSeconds(response));
    case 429:
      return unavailable("RATE_LIMIT", message, retryAfterSeconds(response));
    case 502:
    case 503:
      return unavailable("SERVICE_UNAVAILABLE", message, retryAfterSeconds(response));
    default:
      return unavailable("EXTERNAL_SERVICE_ERROR", message, retryAfterSeconds(response));
  }
}

function refused(errorCode: string, message: string): AskOutcome {
  return { kind: "refused", errorCode, message };
}

function unavailable(errorCode: string, message: string, retryAfter: number | null): AskOutcome {
  return { kind: "unavailable", errorCode, message, retryAfterSeconds: retryAfter };
}

function retryAfterSeconds(response: Response): number | null {
  return parseRetryAfter(response.headers.get("retry-after"), Date.now());
}
