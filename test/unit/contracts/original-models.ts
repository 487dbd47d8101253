import { z } from "zod";

/**
 * The original service's models, restated from its own definitions and on purpose without a line of `src/contracts`:
 * what both agree on is the wire, not one schema's opinion of itself. Unknown fields are ignored, as the original
 * ignores them. Datetimes are held to what its consumers need: UTC with `Z`.
 */

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const UTC = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z$/;

const uuid = z.string().regex(UUID, { error: "is not a lower-case hyphenated UUID" });
const datetime = z.string().refine((text) => UTC.test(text) && !Number.isNaN(Date.parse(text)), {
  error: "is not a UTC datetime with Z",
});
const object = z.record(z.string(), z.unknown());
const count = z.number().int().min(0);
const nullableText = z.string().nullable().optional();

const BATCH_STATUS = [
  "awaiting_content_validation",
  "content_ingestion_failed",
  "awaiting_pipeline_configuration",
  "ready_for_pipeline_execution",
  "processing_pipelines",
  "awaiting_student_validation",
  "student_validation_completed",
  "validation_timeout_processed",
  "completed_successfully",
  "completed_with_failures",
  "failed_critically",
  "cancelled",
];

const ERROR_CODES = [
  // ErrorCode
  "UNKNOWN_ERROR VALIDATION_ERROR RESOURCE_NOT_FOUND CONFIGURATION_ERROR EXTERNAL_SERVICE_ERROR KAFKA_PUBLISH_ERROR",
  "CONTENT_SERVICE_ERROR SPELLCHECK_SERVICE_ERROR NLP_SERVICE_ERROR AI_FEEDBACK_SERVICE_ERROR",
  "CJ_ASSESSMENT_SERVICE_ERROR LLM_PROVIDER_SERVICE_ERROR MISSING_REQUIRED_FIELD INVALID_CONFIGURATION TIMEOUT",
  "CONNECTION_ERROR SERVICE_UNAVAILABLE RATE_LIMIT QUOTA_EXCEEDED AUTHENTICATION_ERROR AUTHORIZATION_ERROR",
  "INVALID_API_KEY INVALID_REQUEST INVALID_RESPONSE PARSING_ERROR CIRCUIT_BREAKER_OPEN REQUEST_QUEUED",
  "PROCESSING_ERROR INITIALIZATION_FAILED",
  // CJAssessmentErrorCode
  "CJ_INSUFFICIENT_COMPARISONS CJ_SCORE_CONVERGENCE_FAILED CJ_COMPARISON_IMBALANCE CJ_CALLBACK_CORRELATION_FAILED",
  // LLMErrorCode
  "LLM_PROVIDER_UNAVAILABLE LLM_PROVIDER_RATE_LIMIT LLM_PROVIDER_TIMEOUT LLM_PROVIDER_API_ERROR LLM_INVALID_PROMPT",
  "LLM_CONTENT_TOO_LONG LLM_INVALID_CONFIG LLM_QUEUE_FULL LLM_INTERNAL_ERROR LLM_CALLBACK_TOPIC_MISSING",
  "LLM_INVALID_CALLBACK_TOPIC LLM_PARSING_ERROR LLM_INVALID_RESPONSE LLM_COST_LIMIT_EXCEEDED LLM_CONFIGURATION_ERROR",
].flatMap((line) => line.split(" "));

const systemProcessingMetadata = z.object({
  entity_id: z.string(),
  entity_type: z.string(),
  parent_id: nullableText,
  timestamp: datetime.optional(),
  processing_stage: z
    .enum(["pending", "initialized", "processing", "completed", "failed", "cancelled"])
    .nullable()
    .optional(),
  started_at: datetime.nullable().optional(),
  completed_at: datetime.nullable().optional(),
  event: nullableText,
  error_info: object.optional(),
});

/** BaseEventData. The event's name is pinned: a consumer of this topic expects this event. */
function baseEventData(eventName: string) {
  return {
    event_name: z.literal(eventName),
    entity_id: nullableText,
    entity_type: nullableText,
    parent_id: nullableText,
    timestamp: datetime.optional(),
  };
}

/** ProcessingUpdate. */
function processingUpdate(eventName: string) {
  return {
    ...baseEventData(eventName),
    status: z.enum(BATCH_STATUS),
    system_metadata: systemProcessingMetadata,
  };
}

const errorDetail = z.object({
  error_code: z.enum(ERROR_CODES),
  message: z.string(),
  correlation_id: uuid,
  timestamp: datetime,
  service: z.string(),
  operation: z.string(),
  details: object.optional(),
  stack_trace: nullableText,
  trace_id: nullableText,
  span_id: nullableText,
});

const completed = z
  .object({
    ...processingUpdate("cj_assessment.completed"),
    cj_assessment_job_id: z.string(),
    processing_summary: z.object({
      total_essays: count,
      successful: count,
      failed: count,
      successful_essay_ids: z.array(z.string()),
      failed_essay_ids: z.array(z.string()),
      processing_time_seconds: z.number(),
    }),
  })
  // The lifecycle service's own rule: it refuses an event that names no essay.
  .refine(
    ({ processing_summary: summary }) =>
      summary.successful_essay_ids.length + summary.failed_essay_ids.length > 0,
    { path: ["processing_summary"], error: "names no essay at all" },
  );

const failed = z.object({ ...processingUpdate("cj_assessment.failed"), cj_assessment_job_id: z.string() });

const essayResult = z.object({
  essay_id: z.string(),
  normalized_score: z.number().min(0).max(1),
  letter_grade: z.string().regex(/^([A-F][+-]?|U)$/),
  confidence_score: z.number().min(0).max(1),
  confidence_label: z.enum(["HIGH", "MID", "LOW"]),
  bt_score: z.number(),
  rank: z.number().int().min(1),
  is_anchor: z.boolean().optional(),
  feedback_uri: nullableText,
  metrics_uri: nullableText,
  display_name: nullableText,
});

const result = z.object({
  ...baseEventData("assessment.result.published"),
  batch_id: z.string(),
  cj_assessment_job_id: z.string(),
  assignment_id: z.string().max(100).nullable().optional(),
  assessment_method: z.string(),
  model_used: z.string(),
  model_provider: z.string(),
  model_version: nullableText,
  essay_results: z.array(essayResult),
  assessment_metadata: object.optional(),
  assessed_at: datetime.optional(),
});

const resource = z.object({
  ...baseEventData("resource.consumption.reported"),
  user_id: z.string(),
  org_id: nullableText,
  resource_type: z.string(),
  quantity: count,
  service_name: z.string(),
  processing_id: z.string(),
  consumed_at: datetime,
});

const llmConfigOverrides = z.object({
  model_override: nullableText,
  temperature_override: z.number().min(0).max(2).nullable().optional(),
  max_tokens_override: z.number().int().min(1).nullable().optional(),
  provider_override: nullableText,
  system_prompt_override: nullableText,
  judge_rubric_override: nullableText,
  reasoning_effort: nullableText,
  output_verbosity: nullableText,
});

const assessmentRequest = z.object({
  ...baseEventData("els.cj_assessment.requested"),
  system_metadata: systemProcessingMetadata,
  essays_for_cj: z.array(
    z.object({
      essay_id: z.string(),
      text_storage_id: z.string(),
      spellcheck_metrics: z
        .object({
          total_corrections: z.number().int(),
          l2_dictionary_corrections: z.number().int(),
          spellchecker_corrections: z.number().int(),
          word_count: z.number().int(),
          correction_density: z.number(),
        })
        .nullable()
        .optional(),
    }),
  ),
  language: z.string(),
  course_code: z.enum(["ENG5", "ENG6", "ENG7", "SV1", "SV2", "SV3"]),
  student_prompt_ref: z
    .object({
      references: z.record(z.string(), z.object({ storage_id: z.string(), path: z.string() })).optional(),
    })
    .nullable()
    .optional(),
  llm_config_overrides: llmConfigOverrides.nullable().optional(),
  assignment_id: z.string().max(100).nullable().optional(),
  user_id: z.string(),
  org_id: nullableText,
});

const comparisonResult = z
  .object({
    request_id: z.string(),
    correlation_id: uuid,
    winner: z.enum(["Essay A", "Essay B"]).nullable().optional(),
    justification: z.string().max(500).nullable().optional(),
    confidence: z.number().min(1).max(5).nullable().optional(),
    error_detail: errorDetail.nullable().optional(),
    provider: z.enum(["anthropic", "openai", "google", "openrouter", "mock"]),
    model: z.string(),
    response_time_ms: count,
    token_usage: z
      .object({
        prompt_tokens: count.optional(),
        completion_tokens: count.optional(),
        total_tokens: count.optional(),
      })
      .optional(),
    cost_estimate: z.number().min(0),
    requested_at: datetime,
    completed_at: datetime,
    trace_id: nullableText,
    request_metadata: object.optional(),
  })
  .refine(({ winner, error_detail }) => (winner ?? null) === null || (error_detail ?? null) === null, {
    error: "has both winner and error_detail",
  })
  .refine(({ winner, error_detail }) => (winner ?? error_detail ?? null) !== null, {
    error: "has neither winner nor error_detail",
  })
  .refine(
    ({ winner, justification, confidence }) =>
      (winner ?? null) === null || (typeof justification === "string" && typeof confidence === "number"),
    { error: "has a winner without justification and confidence" },
  );

const MODELS: readonly (readonly [topicSuffix: string, model: z.ZodType])[] = [
  ["els.cj_assessment.requested.v1", assessmentRequest],
  ["llm_provider.comparison_result.v1", comparisonResult],
  ["cj_assessment.completed.v1", completed],
  ["cj_assessment.failed.v1", failed],
  ["assessment.result.published.v1", result],
  ["resource.consumption.v1", resource],
];

const envelope = z.object({
  event_id: uuid.optional(),
  event_type: z.string(),
  event_timestamp: datetime.optional(),
  source_service: z.string(),
  schema_version: z.number().int().optional(),
  correlation_id: uuid.optional(),
  data_schema_uri: nullableText,
  data: z.unknown().refine((data) => data !== undefined, { error: "is missing" }),
  metadata: object.nullable().optional(),
});

/**
 * Reads a message as a service of the original system would.
 * @param topic the Kafka topic, with whatever prefix.
 * @param message the parsed record value: an envelope.
 * @returns what is wrong, one line per problem; empty when the original's models accept the message.
 */
export function validateAsOriginal(topic: string, message: unknown): string[] {
  const model = MODELS.find(([suffix]) => topic === suffix || topic.endsWith(`.${suffix}`))?.[1];
  if (model === undefined) return [`${topic}: no such topic`];
  const read = envelope.safeParse(message);
  if (!read.success) return problems("", read.error);
  const data = model.safeParse(read.data.data);
  return data.success ? [] : problems("data.", data.error);
}

function problems(prefix: string, error: z.ZodError): string[] {
  return error.issues.map((issue) => `${prefix}${issue.path.join(".")}: ${issue.message}`);
}
