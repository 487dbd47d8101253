import { readFileSync } from "node:fs";
import { z } from "zod";

const message = z.record(z.string(), z.unknown());
export type Message = z.infer<typeof message>;

/**
 * The messages of the original service, one valid example of each kind, with zero fractions of a second left out:
 * the original itself writes none.
 */
export const EXAMPLES = {
  request: read("ELS_CJAssessmentRequestV1"),
  verdict: read("LLMComparisonResultV1"),
  verdictError: read("LLMComparisonResultV1.error"),
  comparisonRequest: read("LLMComparisonRequest"),
  queuedResponse: read("LLMQueuedResponse"),
  completed: read("CJAssessmentCompletedV1"),
  failedAtStart: read("CJAssessmentFailedV1.initialisation"),
  failedLowSuccess: read("CJAssessmentFailedV1.low-success-rate"),
  failedStuck: read("CJAssessmentFailedV1.stuck-timeout"),
  result: read("AssessmentResultV1"),
  resource: read("ResourceConsumptionV1"),
};

/** @returns the `data` of an envelope. */
export function dataOf(envelope: Message): Message {
  return message.parse(envelope["data"]);
}

/** @returns a copy of `original` in which the field at `path` is `value`, or gone when `value` is undefined. */
export function withField(original: Message, path: readonly (string | number)[], value: unknown): Message {
  return message.parse(JSON.parse(JSON.stringify(replaceAt(original, path, value))));
}

/** The data of a completed event as this service publishes it: the original's example and this service's additions. */
export const PUBLISHED_COMPLETED = published(EXAMPLES.completed, {
  rankings: [
    { essay_id: "11111111-1111-4111-8111-111111111111", rank: 1, score: 0.9 },
    { essay_id: "22222222-2222-4222-8222-222222222222", rank: 2, score: -0.9 },
  ],
});

/** The data of a failed event as this service publishes it. */
export const PUBLISHED_FAILED = withField(
  published(
    withField(
      EXAMPLES.failedLowSuccess,
      ["data", "system_metadata", "started_at"],
      "2026-02-07T09:15:00.449567Z",
    ),
    {},
  ),
  ["system_metadata", "error_info"],
  {
    reason: "low_success_rate",
    error_detail: dataOf(EXAMPLES.verdictError)["error_detail"],
    details: { completed_comparisons: 60, failed_comparisons: 60 },
  },
);

/** The data of a rich result as this service publishes it. */
export const PUBLISHED_RESULT = published(EXAMPLES.result, {});

/** The data of a resource event as this service publishes it. */
export const PUBLISHED_RESOURCE = published(EXAMPLES.resource, {});

function published(envelope: Message, additions: Message): Message {
  const data = dataOf(envelope);
  const described = { ...data, entity_ref: data["entity_id"], ...additions };
  if (data["system_metadata"] === undefined) return described;
  return { ...described, system_metadata: { ...message.parse(data["system_metadata"]), ...totals() } };
}

function totals(): Message {
  return {
    source_service: "cj_assessment_service",
    processed_at: "2026-02-07T09:19:43.191199Z",
    processing_duration_seconds: 283,
    resource_usage: { total_comparisons: 1, completed_comparisons: 1 },
  };
}

function replaceAt(value: unknown, path: readonly (string | number)[], replacement: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return replacement;
  if (Array.isArray(value))
    return value.map((item, index) => (index === step ? replaceAt(item, rest, replacement) : item));
  const fields = message.parse(value);
  return { ...fields, [step]: replaceAt(fields[step], rest, replacement) };
}

function read(name: string): Message {
  const text = readFileSync(`${import.meta.dirname}/../../fixtures/contracts/${name}.json`, "utf8");
  return message.parse(JSON.parse(text.replaceAll(".000000Z", "Z")));
}
