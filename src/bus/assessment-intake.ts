import { z } from "zod";
import { deriveBatchId } from "../batch/batch-id.ts";
import type { OpenRequest } from "../batch/commands/open.ts";
import type { PromptContext } from "../batch/decision.ts";
import { KAFKA_OWNER } from "../contracts/api/assignments.ts";
import {
  type AssessmentRequest,
  type RequestMetadata,
  studentPromptStorageId,
} from "../contracts/assessment-request.ts";
import type { EventEnvelope } from "../contracts/envelope.ts";
import { judgeProblem, takesModel } from "../judges/judge-problem.ts";
import { type AssignmentSnapshot, anchorsOf, findSnapshot } from "../objects/assignment-snapshot.ts";
import { callBatch } from "../objects/batch-client.ts";
import {
  type ConfigOverrides,
  comparisonsProblem,
  fingerprintOf,
  resolveConfig,
  seedOf,
} from "../objects/open-request.ts";
import type { DeadLetterReason } from "../results/dead-letters.ts";
import type { Settings } from "../settings/settings.ts";

export type AssessmentOutcome =
  | { readonly kind: "opened" | "exists"; readonly batchId: string }
  | {
      readonly kind: "refused";
      readonly batchId: string;
      readonly reason: DeadLetterReason;
      readonly detail: string;
    };

/** An `ELS_CJAssessmentRequestV1` with the envelope that brought it. */
export interface RequestEvent {
  readonly request: AssessmentRequest;
  readonly metadata: RequestMetadata;
  readonly envelope: EventEnvelope;
}

/** The part of `metadata.batch_config_overrides` that means something here; its other keys belong to the original. */
const overridesSchema = z.object({
  /** the original writes a share, [0.5, 1] */
  partial_completion_threshold: z.number().min(0.5).max(1).nullish().catch(null),
  judge: z.string().max(100).nullish().catch(null),
});

/** The id of the batch that an event asks for, whether or not it has been opened: each redelivery asks for the same one. */
export function batchOfRequest({ request, envelope }: RequestEvent): Promise<string> {
  return deriveBatchId({
    source: "kafka",
    bosBatchId: request.bos_batch_id,
    correlationId: envelope.correlation_id,
  });
}

/** Opens the batch that an event asks for. A redelivery finds it and changes nothing. */
export async function openFromEvent(
  env: Env,
  settings: Settings,
  event: RequestEvent,
): Promise<AssessmentOutcome> {
  const { request } = event;
  const batchId = await batchOfRequest(event);
  const assignment = await findSnapshot(env, KAFKA_OWNER, assignmentIdOf(request));
  const openRequest = await toOpenRequest(settings, batchId, event, assignment);
  const outcome = await callBatch(env, batchId, (batch) => batch.openBatch(openRequest));
  switch (outcome.kind) {
    case "opened":
    case "exists":
      return { kind: outcome.kind, batchId };
    case "conflict":
      return {
        kind: "refused",
        batchId,
        reason: "idempotency_conflict",
        detail: `A different request already stands under BOS batch id ${request.bos_batch_id} and this correlation id.`,
      };
    case "gone":
      return { kind: "refused", batchId, reason: "batch_gone", detail: "The batch was erased on request." };
  }
}

async function toOpenRequest(
  settings: Settings,
  batchId: string,
  { request, metadata, envelope }: RequestEvent,
  assignment: AssignmentSnapshot | null,
): Promise<OpenRequest> {
  const overrides = overridesSchema.parse(metadata.batch_config_overrides ?? {});
  const judge = overrides.judge ?? settings.DEFAULT_JUDGE;
  const modelOverride = request.llm_config_overrides?.model_override ?? null;
  const anchors = anchorsOf(assignment, batchId, request.essays_for_cj.length);
  const essayCount = request.essays_for_cj.length + anchors.length;
  const asked = configOverrides(metadata, overrides);
  const config = resolveConfig(settings, asked, essayCount);
  return {
    origin: {
      batchId,
      caller: KAFKA_OWNER,
      source: "kafka",
      fingerprint: await fingerprintOf(domainFields(request, metadata)),
      bosBatchId: request.bos_batch_id,
      correlationId: envelope.correlation_id,
      userId: request.user_id,
      orgId: request.org_id ?? null,
      assignmentId: assignmentIdOf(request),
      gradeScale: assignment?.gradeScale ?? null,
      language: request.language,
      courseCode: request.course_code,
      judges: [{ judge, model: null, share: 1 }],
      judgedBy: [],
      topicPrefix: settings.TOPIC_PREFIX,
      eventTypePrefix: settings.EVENT_TYPE_PREFIX,
      seed: seedOf(batchId),
      createdAt: Date.now(),
    },
    config,
    prompt: promptOf(settings, request, assignment),
    essays: request.essays_for_cj.map((essay) => ({
      essayId: essay.essay_id,
      text: usableText(essay.text_content),
      storageId: typeof essay.text_content === "string" ? null : (essay.text_storage_id ?? null),
    })),
    anchors,
    refusal:
      assignmentProblem(request, assignment) ??
      judgeProblem(settings, judge, takesModel(judge) ? modelOverride : null) ??
      comparisonsProblem(asked, config, {
        essays: request.essays_for_cj.length,
        anchors: anchors.length,
      }) ??
      contentProblem(settings, request),
  };
}

function promptOf(
  settings: Settings,
  request: AssessmentRequest,
  assignment: AssignmentSnapshot | null,
): PromptContext {
  // An assignment's own prompt counts; the event's is for assignments without one, and for requests without an assignment.
  const studentPrompt = assignment?.prompt ?? null;
  const fetchable = settings.CONTENT_SERVICE_URL !== undefined && studentPrompt === null;
  return {
    studentPrompt,
    studentPromptStorageId: fetchable ? studentPromptStorageId(request) : null,
    instructions: assignment?.instructions ?? null,
    rubric: request.llm_config_overrides?.judge_rubric_override ?? assignment?.rubric ?? null,
    overrides: request.llm_config_overrides ? JSON.stringify(request.llm_config_overrides) : null,
    redactNames: [],
  };
}

/** Blank text names no assignment, as in the original service. */
function assignmentIdOf({ assignment_id: id }: AssessmentRequest): string | null {
  return typeof id === "string" && id.trim() !== "" ? id : null;
}

function assignmentProblem(request: AssessmentRequest, assignment: AssignmentSnapshot | null): string | null {
  const assignmentId = assignmentIdOf(request);
  if (assignmentId === null || assignment !== null) return null;
  return `There is no assignment ${JSON.stringify(assignmentId)} of the owner ${KAFKA_OWNER}: create it with POST /v1/assignments and "owner": "${KAFKA_OWNER}", or leave assignment_id out.`;
}

function contentProblem(settings: Settings, request: AssessmentRequest): string | null {
  const byReference = request.essays_for_cj.some((essay) => typeof essay.text_content !== "string");
  if (!byReference || settings.CONTENT_SERVICE_URL !== undefined) return null;
  return "Essays come by text_storage_id, but CONTENT_SERVICE_URL is not configured: set it, or send text_content.";
}

/** An inline text that is blank cannot be judged; the essay is then listed as failed, as one that was never found. */
function usableText(text: string | null | undefined): string | null {
  return typeof text === "string" && text.trim() !== "" ? text : null;
}

function configOverrides(
  metadata: RequestMetadata,
  overrides: z.infer<typeof overridesSchema>,
): ConfigOverrides {
  const threshold = overrides.partial_completion_threshold;
  return {
    maxComparisons: metadata.max_comparisons ?? null,
    completionThresholdPct: typeof threshold === "number" ? Math.round(threshold * 1e6) / 1e4 : null,
  };
}

/**
 * What the request asks for, without envelope, times and other things that differ between two deliveries, and without what
 * means nothing here.
 */
function domainFields(request: AssessmentRequest, metadata: RequestMetadata): object {
  return {
    bos_batch_id: request.bos_batch_id,
    essays: request.essays_for_cj.map(({ essay_id, text_content, text_storage_id }) => ({
      essay_id,
      text_content: text_content ?? null,
      text_storage_id: text_storage_id ?? null,
    })),
    language: request.language,
    course_code: request.course_code,
    student_prompt: studentPromptStorageId(request),
    llm_config_overrides: request.llm_config_overrides ?? null,
    assignment_id: request.assignment_id ?? null,
    user_id: request.user_id,
    org_id: request.org_id ?? null,
    max_comparisons: metadata.max_comparisons ?? null,
    overrides: overridesSchema.parse(metadata.batch_config_overrides ?? {}),
  };
}
