/**
 * The events a batch publishes, built as complete envelopes at the moment of the decision. They are stored in the
 * outbox as they are, so every delivery carries the same bytes and the same `event_id`.
 */
import { v5 as uuidV5 } from "uuid";
import type { z } from "zod";
import { toWireDatetime } from "../contracts/datetime.ts";
import type { EventEnvelope } from "../contracts/envelope.ts";
import { PUBLISHED_EVENTS, type PublishedEventKind, topicName } from "../contracts/topics.ts";
import type { Comparison, Failure, StopReason } from "./batch.ts";
import type { Draft } from "./draft.ts";
import { describeJudges } from "./judges.ts";
import { gradingMetadata, publishedGrade } from "./published-grades.ts";
import type { Ranking } from "./ranking.ts";
import { plannedSoFar, verdictsSoFar } from "./tally.ts";

const SOURCE_SERVICE = "cj_assessment_service";

/** Namespace of this service's event ids (UUIDv5, RFC 9562 section 5.5). Changing it would change every event id. */
const EVENT_ID_NAMESPACE = "5d2c8e52-3a0e-5c8b-9b53-3f6a2f0f8b11";

export interface PublishedEvent {
  readonly name: PublishedEventKind;
  readonly eventId: string;
  readonly topic: string;
  /** the BOS batch id, on every event of the batch: Kafka then keeps their order */
  readonly key: string;
  readonly envelope: EventEnvelope;
}

/** The same batch and event always have the same id, whoever delivers it and however often. */
export function eventIdOf(batchId: string, eventName: string): string {
  return uuidV5(`${batchId}/${eventName}`, EVENT_ID_NAMESPACE);
}

/**
 * The three events of a finished batch, in the order of publication: the rich result first, so that whoever hears of the
 * completion finds it published.
 *
 * @throws ZodError when a message would break its contract; the batch then does not complete with it
 */
export function completedEvents(draft: Draft, ranking: Ranking, stop: StopReason): readonly PublishedEvent[] {
  return [
    eventOf(draft, "result", resultData(draft, ranking, stop)),
    eventOf(draft, "completed", completedData(draft, ranking, stop)),
    eventOf(draft, "resource", resourceData(draft)),
  ];
}

/** The one event of a batch that ended without a ranking. @throws ZodError when it would break its contract */
export function failedEvent(draft: Draft, failure: Failure): PublishedEvent {
  const at = toWireDatetime(draft.now);
  const data = {
    ...baseFields(draft, PUBLISHED_EVENTS.failed.eventName),
    status: "failed_critically",
    system_metadata: systemMetadata(draft, PUBLISHED_EVENTS.failed.eventName, "failed", {
      reason: failure.reason,
      error_detail: {
        error_code: failure.errorCode,
        message: failure.message,
        correlation_id: draft.batch.origin.correlationId,
        timestamp: at,
        service: SOURCE_SERVICE,
        operation: "assess_batch",
        details: failure.details,
        stack_trace: null,
        trace_id: null,
        span_id: null,
      },
      details: failure.details,
    }),
    cj_assessment_job_id: draft.batch.origin.batchId,
  };
  return eventOf(draft, "failed", data);
}

function eventOf(draft: Draft, name: PublishedEventKind, data: unknown): PublishedEvent {
  const { origin } = draft.batch;
  const { dataSchema, eventName, topicSuffix } = PUBLISHED_EVENTS[name];
  const schema: z.ZodType<object> = dataSchema;
  const eventId = eventIdOf(origin.batchId, eventName);
  return {
    name,
    eventId,
    topic: topicName(origin.topicPrefix, topicSuffix),
    key: origin.bosBatchId,
    envelope: {
      event_id: eventId,
      event_type: `${origin.eventTypePrefix}${topicSuffix}`,
      event_timestamp: toWireDatetime(draft.now),
      source_service: SOURCE_SERVICE,
      schema_version: 1,
      correlation_id: origin.correlationId,
      data_schema_uri: null,
      data: schema.parse(data),
      metadata: {},
    },
  };
}

function baseFields(draft: Draft, eventName: string) {
  const { bosBatchId } = draft.batch.origin;
  return {
    event_name: eventName,
    entity_id: bosBatchId,
    entity_ref: bosBatchId,
    entity_type: "batch",
    parent_id: null,
    timestamp: toWireDatetime(draft.now),
  };
}

function systemMetadata(draft: Draft, event: string, stage: "completed" | "failed", errorInfo: object) {
  const { bosBatchId, createdAt } = draft.batch.origin;
  const at = toWireDatetime(draft.now);
  return {
    entity_id: bosBatchId,
    entity_type: "batch",
    parent_id: null,
    timestamp: at,
    processing_stage: stage,
    started_at: toWireDatetime(createdAt),
    completed_at: at,
    event,
    error_info: errorInfo,
    source_service: SOURCE_SERVICE,
    processed_at: at,
    processing_duration_seconds: durationSeconds(draft),
    resource_usage: {
      // Pairing may have stopped before the budget was spent: a ranking rests on what was asked.
      total_comparisons: stage === "completed" ? plannedSoFar(draft.tally()) : draft.life().totalComparisons,
      completed_comparisons: draft.tally().completed,
    },
  };
}

function completedData(draft: Draft, ranking: Ranking, stop: StopReason) {
  const { eventName } = PUBLISHED_EVENTS.completed;
  // The students' essays alone: upstream knows nothing of the anchors.
  const essays = draft.essays().filter(({ anchor }) => anchor === null);
  const missing = essays.filter((essay) => essay.text !== "ready").map((essay) => essay.essayId);
  const assessed = ranking.essays.filter(({ anchor }) => anchor === null);
  const ranked = assessed.map((essay) => essay.essayId);
  return {
    ...baseFields(draft, eventName),
    status: "completed_successfully",
    system_metadata: systemMetadata(draft, eventName, "completed", {}),
    cj_assessment_job_id: draft.batch.origin.batchId,
    processing_summary: {
      total_essays: essays.length,
      successful: ranked.length,
      failed: missing.length,
      successful_essay_ids: ranked,
      failed_essay_ids: missing,
      processing_time_seconds: Math.round(durationSeconds(draft) * 100) / 100,
      single_essay_batch: stop === "single_essay_batch",
    },
    rankings: assessed.map(({ essayId, rank, score }) => ({ essay_id: essayId, rank, score })),
  };
}

function resultData(draft: Draft, ranking: Ranking, stop: StopReason) {
  const { origin } = draft.batch;
  const judge = mostFrequentJudge(draft);
  return {
    ...baseFields(draft, PUBLISHED_EVENTS.result.eventName),
    batch_id: origin.bosBatchId,
    cj_assessment_job_id: origin.batchId,
    assignment_id: origin.assignmentId,
    assessment_method: "cj_assessment",
    model_used: judge.model,
    model_provider: judge.provider,
    model_version: null,
    essay_results: ranking.essays.map((essay) => ({
      essay_id: essay.essayId,
      ...publishedGrade(essay, origin.gradeScale),
      bt_score: essay.score,
      rank: essay.rank,
      is_anchor: essay.isAnchor,
      feedback_uri: null,
      metrics_uri: null,
    })),
    assessment_metadata: {
      ...gradingMetadata(ranking),
      human_share: ranking.humanShare,
      comparison_count: verdictsSoFar(draft.tally()),
      processing_duration_seconds: durationSeconds(draft),
      llm_temperature: null,
      assignment_id: origin.assignmentId,
      course_code: origin.courseCode,
      stop_reason: stop,
      forced_recovery: stop === "forced_recovery",
      standard_errors: standardErrorsOf(ranking),
      reliability: ranking.reliability,
    },
    assessed_at: toWireDatetime(draft.now),
  };
}

/** Ids of so many characters in one event may stand there twice; a third time they could make it outgrow its row of 2 MB. */
const IDS_LISTED_THRICE_MAX = 400_000;

/** By essay id; null where `grades` lists very long ids already. The results API has them in any case. */
function standardErrorsOf({ essays, grading }: Ranking): Record<string, number> | null {
  const characters = essays.reduce((sum, { essayId }) => sum + essayId.length, 0);
  if (grading !== null && characters > IDS_LISTED_THRICE_MAX) return null;
  return Object.fromEntries(essays.map((essay) => [essay.essayId, essay.standardError]));
}

function resourceData(draft: Draft) {
  const { origin } = draft.batch;
  const at = toWireDatetime(draft.now);
  return {
    ...baseFields(draft, PUBLISHED_EVENTS.resource.eventName),
    user_id: origin.userId,
    org_id: origin.orgId,
    resource_type: "cj_comparison",
    quantity: verdictsSoFar(draft.tally()),
    service_name: SOURCE_SERVICE,
    processing_id: origin.batchId,
    consumed_at: at,
  };
}

function durationSeconds(draft: Draft): number {
  return Math.max(0, draft.now - draft.batch.origin.createdAt) / 1000;
}

/** The model that gave most verdicts; ties go to the one seen first. */
function mostFrequentJudge(draft: Draft): { readonly model: string; readonly provider: string } {
  const counts = new Map<string, { readonly judge: { model: string; provider: string }; verdicts: number }>();
  for (let number = 0; number < draft.issuedCount(); number++) {
    const comparison = draft.comparison(number);
    if (comparison === undefined || !hasJudge(comparison)) continue;
    const key = JSON.stringify([comparison.provider, comparison.model]);
    const seen = counts.get(key) ?? {
      judge: { model: comparison.model, provider: comparison.provider },
      verdicts: 0,
    };
    seen.verdicts += 1;
    counts.set(key, seen);
  }
  const ordered = [...counts.values()].sort((left, right) => right.verdicts - left.verdicts);
  return ordered.at(0)?.judge ?? { model: "none", provider: describeJudges(draft.batch.origin.judges) };
}

function hasJudge(comparison: Comparison): comparison is Comparison & { provider: string; model: string } {
  return comparison.winner !== null && comparison.provider !== null && comparison.model !== null;
}
