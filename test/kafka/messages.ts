import { randomUUID } from "node:crypto";

/** What the services around the original put into Kafka, in its own form (reference: its contracts, not this project's). */

export const TOPICS = {
  requests: "huleedu.els.cj_assessment.requested.v1",
  callbacks: "huleedu.llm_provider.comparison_result.v1",
  result: "huleedu.assessment.result.published.v1",
  completed: "huleedu.cj_assessment.completed.v1",
  failed: "huleedu.cj_assessment.failed.v1",
  resource: "huleedu.resource.consumption.v1",
} as const;
export const INBOUND_TOPICS = [TOPICS.requests, TOPICS.callbacks];
/** What no connector reads: the service itself does, through the bridge. */
export const POLLED_TOPICS = { requests: "polled.requests", callbacks: "polled.callbacks" } as const;
export const POLLING_GROUP = "cj-edge-polling";
export const OUTBOUND_TOPICS = [TOPICS.result, TOPICS.completed, TOPICS.failed, TOPICS.resource];

export interface RequestOptions {
  readonly essays: number;
  readonly maxComparisons?: number;
}

/** The lifecycle service's request; the texts come by reference. */
export function assessmentRequest({ essays, maxComparisons }: RequestOptions) {
  const bosBatchId = randomUUID();
  const now = new Date().toISOString();
  return {
    event_id: randomUUID(),
    event_type: TOPICS.requests,
    event_timestamp: now,
    source_service: "essay_lifecycle_service",
    schema_version: 1,
    correlation_id: randomUUID(),
    data_schema_uri: null,
    data: {
      event_name: "els.cj_assessment.requested",
      entity_id: bosBatchId,
      entity_type: "batch",
      parent_id: null,
      timestamp: now,
      system_metadata: {
        entity_id: bosBatchId,
        entity_type: "batch",
        parent_id: null,
        timestamp: now,
        processing_stage: "pending",
        started_at: null,
        completed_at: null,
        event: "els.cj_assessment.requested",
        error_info: {},
      },
      essays_for_cj: Array.from({ length: essays }, (_, k) => ({
        essay_id: `essay-${k + 1}`,
        text_storage_id: `text-of-essay-${k + 1}`,
        spellcheck_metrics: null,
      })),
      language: "en",
      course_code: "ENG5",
      student_prompt_ref: null,
      llm_config_overrides: null,
      assignment_id: null,
      user_id: "teacher-42",
      org_id: "school-7",
    },
    metadata: maxComparisons === undefined ? null : { max_comparisons: maxComparisons },
  };
}
export type AssessmentRequest = ReturnType<typeof assessmentRequest>;

export interface Asked {
  readonly correlation_id: string;
  readonly essay_a_id: string;
  readonly essay_b_id: string;
}

/** The provider service's callback: the essay with the smaller number is the better one. */
export function callbackTo({ correlation_id, essay_a_id, essay_b_id }: Asked) {
  const now = new Date().toISOString();
  const numberOf = (id: string) => Number(id.replace(/\D/g, ""));
  return {
    event_id: randomUUID(),
    event_type: "LLMComparisonResultV1",
    event_timestamp: now,
    source_service: "llm_provider_service",
    schema_version: 1,
    correlation_id,
    data_schema_uri: null,
    data: {
      request_id: randomUUID(),
      correlation_id,
      winner: numberOf(essay_a_id) < numberOf(essay_b_id) ? "Essay A" : "Essay B",
      justification: "It develops its argument with clearer paragraphs.",
      confidence: 4.2,
      error_detail: null,
      provider: "openai",
      model: "gpt-5.1",
      response_time_ms: 1610,
      token_usage: { prompt_tokens: 1446, completion_tokens: 54, total_tokens: 1500 },
      cost_estimate: 0.0023,
      requested_at: now,
      completed_at: now,
      trace_id: null,
      request_metadata: { essay_a_id, essay_b_id },
    },
    metadata: null,
  };
}
