import type { JudgeShare } from "../../batch/batch.ts";
import type { OpenRequest } from "../../batch/commands/open.ts";
import { MIN_ESSAYS, type OpenBatchRequest } from "../../contracts/api/open-batch.ts";
import type { ProblemCode } from "../../contracts/api/problem.ts";
import { judgeProblem, takesModel } from "../../judges/judge-problem.ts";
import { priceProblem } from "../../judges/price-problem.ts";
import { type AssignmentSnapshot, anchorsOf } from "../../objects/assignment-snapshot.ts";
import {
  type ConfigOverrides,
  comparisonsProblem,
  fingerprintOf,
  resolveConfig,
  resolveJudges,
  seedOf,
} from "../../objects/open-request.ts";
import type { Settings } from "../../settings/settings.ts";

const DEFAULT_LANGUAGE = "en";

export interface Refusal {
  readonly code: Extract<
    ProblemCode,
    | "judge_unavailable"
    | "comparisons_not_plannable"
    | "content_service_not_configured"
    | "unknown_assignment"
  >;
  readonly detail: string;
}

/** Why a well-formed request cannot be carried out by this deployment; null when it can. */
export function findRefusal(
  settings: Settings,
  request: OpenBatchRequest,
  assignment: AssignmentSnapshot | null,
): Refusal | null {
  const { assignment_id: assignmentId } = request;
  if (typeof assignmentId === "string" && assignment === null) {
    const detail = `There is no assignment ${JSON.stringify(assignmentId)} for this caller: leave assignment_id out, or create it with POST /v1/assignments.`;
    return { code: "unknown_assignment", detail };
  }
  const essayCount = request.essays.length + (assignment?.anchors.length ?? 0);
  if (essayCount < MIN_ESSAYS) {
    const detail = `There is one essay and the assignment ${JSON.stringify(assignmentId)} has no anchors: expected at least ${MIN_ESSAYS} essays, anchors included.`;
    return { code: "comparisons_not_plannable", detail };
  }
  const hasCeiling = typeof request.config?.max_cost_usd === "number";
  for (const { judge, model } of judgesOf(settings, request)) {
    const asked = model ?? modelOverride(judge, request);
    const problem =
      judgeProblem(settings, judge, asked) ?? (hasCeiling ? priceProblem(settings, judge, asked) : null);
    if (problem !== null) return { code: "judge_unavailable", detail: problem };
  }
  const config = resolveConfig(settings, overridesOf(request), essayCount);
  const comparisons = comparisonsProblem(overridesOf(request), config, {
    essays: request.essays.length,
    anchors: essayCount - request.essays.length,
  });
  if (comparisons !== null) return { code: "comparisons_not_plannable", detail: comparisons };
  const byReference = request.essays.some(({ text_storage_id }) => typeof text_storage_id === "string");
  if (!byReference || settings.CONTENT_SERVICE_URL !== undefined) return null;
  return {
    code: "content_service_not_configured",
    detail: "Essays come by text_storage_id, but CONTENT_SERVICE_URL is not configured: send them in text.",
  };
}

/** Completes a request with what the caller left to the service. */
export async function toOpenRequest(
  settings: Settings,
  request: OpenBatchRequest,
  assignment: AssignmentSnapshot | null,
  {
    batchId,
    caller,
    correlationId,
    now,
  }: {
    readonly batchId: string;
    readonly caller: string;
    readonly correlationId: string;
    readonly now: number;
  },
): Promise<OpenRequest> {
  const anchors = anchorsOf(assignment, batchId, request.essays.length);
  return {
    origin: {
      batchId,
      caller,
      source: "http",
      fingerprint: await fingerprintOf(domainFieldsOf(request)),
      bosBatchId: request.bos_batch_id ?? batchId,
      correlationId,
      userId: request.user_id ?? caller,
      orgId: request.org_id ?? null,
      assignmentId: request.assignment_id ?? null,
      gradeScale: assignment?.gradeScale ?? null,
      language: request.language ?? DEFAULT_LANGUAGE,
      courseCode: request.course_code ?? null,
      judges: judgesOf(settings, request),
      judgedBy: request.judged_by ?? [],
      topicPrefix: settings.TOPIC_PREFIX,
      eventTypePrefix: settings.EVENT_TYPE_PREFIX,
      seed: seedOf(batchId),
      createdAt: now,
    },
    config: resolveConfig(settings, overridesOf(request), request.essays.length + anchors.length),
    prompt: {
      studentPrompt: request.prompt ?? assignment?.prompt ?? null,
      studentPromptStorageId: null,
      instructions: request.instructions ?? assignment?.instructions ?? null,
      rubric: request.llm_config_overrides?.judge_rubric_override ?? assignment?.rubric ?? null,
      overrides: request.llm_config_overrides ? JSON.stringify(request.llm_config_overrides) : null,
      redactNames: request.redact_names ?? [],
    },
    essays: request.essays.map(({ essay_id, text, text_storage_id }) => ({
      essayId: essay_id,
      text: text ?? null,
      storageId: text_storage_id ?? null,
    })),
    anchors,
    refusal: null,
  };
}

function judgesOf(settings: Settings, request: OpenBatchRequest): readonly JudgeShare[] {
  const only = { judge: request.judge ?? settings.DEFAULT_JUDGE, model: request.model };
  return resolveJudges(request.judges ?? [only], request.human_share ?? 0);
}

/** Overrides are for whichever judge has a language model; others pass over them. */
function modelOverride(judge: string, request: OpenBatchRequest): string | null {
  return takesModel(judge) ? (request.llm_config_overrides?.model_override ?? null) : null;
}

function overridesOf({ config, human_share }: OpenBatchRequest): ConfigOverrides {
  return {
    completionThresholdPct: config?.completion_threshold_pct,
    minSuccessRateThreshold: config?.min_success_rate_threshold,
    maxComparisons: config?.max_comparisons,
    maxRetryAttempts: config?.max_retry_attempts,
    batchTimeoutHours: config?.batch_timeout_hours,
    stragglerGraceSeconds: config?.straggler_grace_seconds,
    judgementTimeoutMinutes: config?.judgement_timeout_minutes,
    humanShare: human_share,
    humanWaitHours: config?.human_wait_hours,
    maxCostUsd: config?.max_cost_usd,
    pairing: config?.pairing,
    balancedRounds: config?.balanced_rounds,
    randomShare: config?.random_share,
    swapShare: config?.swap_share,
    minComparisonsPerEssay: config?.min_comparisons_per_essay,
    targetReliability: config?.target_reliability,
    scoreStability: config?.score_stability,
  };
}

/** What was asked for, apart from the correlation id, which may differ between two deliveries. Null is the same as absent. */
function domainFieldsOf({
  correlation_id: _correlationId,
  config,
  llm_config_overrides: overrides,
  ...request
}: OpenBatchRequest): object {
  return {
    ...withoutNulls(request),
    ...(overrides ? { llm_config_overrides: withoutNulls(overrides) } : {}),
    essays: request.essays.map(withoutNulls),
    ...(request.judges ? { judges: request.judges.map(withoutNulls) } : {}),
    config: withoutNulls(config ?? {}),
  };
}

function withoutNulls(fields: object): object {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== null && value !== undefined),
  );
}
