import { z } from "zod";
import { wireDatetime } from "./datetime.ts";
import { clippedText, identifier, jsonObject, wireUuid } from "./text.ts";

/** Longest error message that is kept; a longer one is cut, because the error matters more than its wording. */
export const MAX_ERROR_MESSAGE_LENGTH = 2_000;
const MAX_STACK_TRACE_LENGTH = 8_000;

/**
 * A structured error. `error_code` is an open string: a code that this service has never heard of is still an
 * answer, and refusing it would lose the callback.
 */
export const errorDetailSchema = z.object({
  error_code: identifier(100),
  message: clippedText(MAX_ERROR_MESSAGE_LENGTH),
  correlation_id: wireUuid,
  timestamp: wireDatetime,
  service: identifier(200),
  operation: identifier(200),
  details: jsonObject.default({}),
  stack_trace: clippedText(MAX_STACK_TRACE_LENGTH).nullable().default(null),
  trace_id: z.string().max(200).nullable().default(null),
  span_id: z.string().max(200).nullable().default(null),
});

/**
 * What an error says about asking again:
 * - `retryable`: the same question may be answered next time;
 * - `permanent`: this question would fail again, others may not;
 * - `judge_unusable`: no question of this batch can be answered until somebody changes the configuration.
 */
export type ErrorClass = "retryable" | "permanent" | "judge_unusable";

/**
 * The codes that the services of the field are known to send, by what they say about asking again.
 *
 * `judge_unusable` holds what belongs to the judge or to settings that every comparison of a batch shares: refused
 * credentials, a model that does not exist, a callback topic that is wrong. `permanent` holds what belongs to
 * one question. A missing resource is permanent and not unusable, because a route that is briefly gone must not
 * fail a batch at once. An exhausted quota is retryable, because quotas refill.
 */
const CODES_BY_CLASS = {
  judge_unusable: [
    "AUTHENTICATION_ERROR",
    "AUTHORIZATION_ERROR",
    "INVALID_API_KEY",
    "CONFIGURATION_ERROR",
    "INVALID_CONFIGURATION",
    "MODEL_NOT_FOUND",
    "LLM_CONFIGURATION_ERROR",
    "LLM_INVALID_CONFIG",
    "LLM_CALLBACK_TOPIC_MISSING",
    "LLM_INVALID_CALLBACK_TOPIC",
  ],
  permanent: [
    "VALIDATION_ERROR",
    "MISSING_REQUIRED_FIELD",
    "INVALID_REQUEST",
    "RESOURCE_NOT_FOUND",
    "LLM_INVALID_PROMPT",
    "LLM_CONTENT_TOO_LONG",
    "LLM_REFUSAL",
    "LLM_COST_LIMIT_EXCEEDED",
  ],
  retryable: [
    "UNKNOWN_ERROR",
    "EXTERNAL_SERVICE_ERROR",
    "KAFKA_PUBLISH_ERROR",
    "CONTENT_SERVICE_ERROR",
    "SPELLCHECK_SERVICE_ERROR",
    "NLP_SERVICE_ERROR",
    "AI_FEEDBACK_SERVICE_ERROR",
    "CJ_ASSESSMENT_SERVICE_ERROR",
    "LLM_PROVIDER_SERVICE_ERROR",
    "TIMEOUT",
    "CONNECTION_ERROR",
    "SERVICE_UNAVAILABLE",
    "RATE_LIMIT",
    "QUOTA_EXCEEDED",
    "INVALID_RESPONSE",
    "PARSING_ERROR",
    "CIRCUIT_BREAKER_OPEN",
    "REQUEST_QUEUED",
    "PROCESSING_ERROR",
    "INITIALIZATION_FAILED",
    "CJ_INSUFFICIENT_COMPARISONS",
    "CJ_SCORE_CONVERGENCE_FAILED",
    "CJ_COMPARISON_IMBALANCE",
    "CJ_CALLBACK_CORRELATION_FAILED",
    "LLM_PROVIDER_UNAVAILABLE",
    "LLM_PROVIDER_RATE_LIMIT",
    "LLM_PROVIDER_TIMEOUT",
    "LLM_PROVIDER_API_ERROR",
    "LLM_QUEUE_FULL",
    "LLM_INTERNAL_ERROR",
    "LLM_PARSING_ERROR",
    "LLM_INVALID_RESPONSE",
    "LLM_OUTPUT_TRUNCATED",
  ],
} as const;

/** Every error code with a known meaning. Others are accepted too. */
export const KNOWN_ERROR_CODES: readonly string[] = Object.values(CODES_BY_CLASS).flat();

/** Whether an answer is a refusal to judge the texts. Letter case does not matter. */
export function isRefusal(code: string): boolean {
  return code.trim().toUpperCase() === "LLM_REFUSAL";
}

/** Codes of this service's own that the original's consumers do not know, and the nearest of theirs. */
const NEAREST_ORIGINAL_CODE: Readonly<Record<string, string>> = {
  MODEL_NOT_FOUND: "LLM_CONFIGURATION_ERROR",
  LLM_REFUSAL: "LLM_INVALID_PROMPT",
  LLM_OUTPUT_TRUNCATED: "LLM_INVALID_RESPONSE",
};

/**
 * The code under which an error is published: one of the original's set, because its consumers switch on it. A code
 * that nobody knows becomes `LLM_PROVIDER_SERVICE_ERROR`.
 */
export function publishedErrorCode(code: string): string {
  const known = code.trim().toUpperCase();
  const nearest = NEAREST_ORIGINAL_CODE[known] ?? known;
  return KNOWN_ERROR_CODES.includes(nearest) ? nearest : "LLM_PROVIDER_SERVICE_ERROR";
}

const JUDGE_UNUSABLE: ReadonlySet<string> = new Set(CODES_BY_CLASS.judge_unusable);
const PERMANENT: ReadonlySet<string> = new Set(CODES_BY_CLASS.permanent);

/**
 * Tells whether asking again can help. Letter case does not matter.
 * An unknown code is `retryable`: a wasted attempt costs one comparison's price and attempts are limited, while giving
 * up on what would have passed costs the ranking a comparison.
 */
export function classifyErrorCode(code: string): ErrorClass {
  const known = code.trim().toUpperCase();
  if (JUDGE_UNUSABLE.has(known)) return "judge_unusable";
  return PERMANENT.has(known) ? "permanent" : "retryable";
}
