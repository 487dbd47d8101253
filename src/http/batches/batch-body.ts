import type { z } from "@hono/zod-openapi";
import type { BatchConfig } from "../../batch/batch.ts";
import type { BatchBody, batchLinksSchema } from "../../contracts/api/batch.ts";
import { toWireDatetime } from "../../contracts/datetime.ts";
import type { Overview } from "../../objects/views.ts";

export function linksOf(batchId: string): z.infer<typeof batchLinksSchema> {
  const self = `/v1/batches/${batchId}`;
  return {
    self,
    results: `${self}/results`,
    comparisons: `${self}/comparisons`,
    history: `${self}/history`,
    events: `${self}/events`,
    cancel: `${self}/cancel`,
  };
}

/** @param at epoch milliseconds, or null for what has not happened */
export function toWireOrNull(at: number | null): string | null {
  return at === null ? null : toWireDatetime(at);
}

/** A batch as `GET /v1/batches/{id}` shows it. */
export function batchBodyOf(overview: Overview): BatchBody {
  return {
    batch_id: overview.batchId,
    state: overview.state,
    bos_batch_id: overview.bosBatchId,
    correlation_id: overview.correlationId,
    judge: overview.judge,
    judges: [...overview.judges],
    waiting_for_people: overview.waitingForPeople,
    human_copies: overview.humanCopies,
    cost_usd: overview.costUsd,
    assignment_id: overview.assignmentId,
    essays: essaysBodyOf(overview.essays),
    total_comparisons: overview.totalComparisons,
    completed_comparisons: overview.completedComparisons,
    failed_comparisons: overview.failedComparisons,
    pending_comparisons: overview.pendingComparisons,
    abandoned_comparisons: overview.abandonedComparisons,
    late_comparisons: overview.lateComparisons,
    progress_pct: overview.progressPct,
    partial_scoring_triggered: overview.partialScoringTriggered,
    forced_recovery: overview.forcedRecovery,
    stop_reason: overview.stopReason,
    failure: failureBodyOf(overview.failure),
    wave: overview.wave,
    pairing: pairingBodyOf(overview.pairing),
    config: configBodyOf(overview.config),
    created_at: toWireDatetime(overview.createdAt),
    updated_at: toWireDatetime(overview.updatedAt),
    completed_at: toWireOrNull(overview.completedAt),
    links: linksOf(overview.batchId),
  };
}

function essaysBodyOf({ failed, ...counts }: Overview["essays"]): BatchBody["essays"] {
  return { ...counts, failed: failed.map(({ essayId, reason }) => ({ essay_id: essayId, reason })) };
}

function failureBodyOf(failure: Overview["failure"]): BatchBody["failure"] {
  if (failure === null) return null;
  const { reason, errorCode, message, details } = failure;
  return { reason, error_code: errorCode, message, details };
}

function pairingBodyOf({ latestFit, ...pairing }: Overview["pairing"]): BatchBody["pairing"] {
  return { ...pairing, latest_fit: latestFit };
}

function configBodyOf(config: BatchConfig): BatchBody["config"] {
  return {
    completion_threshold_pct: config.completionThresholdPct,
    min_success_rate_threshold: config.minSuccessRateThreshold,
    recovery_threshold_pct: config.recoveryThresholdPct,
    max_comparisons: config.maxComparisons,
    max_retry_attempts: config.maxRetryAttempts,
    batch_timeout_hours: config.batchTimeoutHours,
    max_batch_hours: config.maxBatchHours,
    straggler_grace_seconds: config.stragglerGraceSeconds,
    judgement_timeout_minutes: config.judgementTimeoutMinutes,
    max_in_flight: config.maxInFlight,
    retention_days: config.retentionDays,
    human_share: config.humanShare,
    human_lease_minutes: config.humanLeaseMinutes,
    human_wait_hours: config.humanWaitHours,
    max_cost_usd: config.maxCostUsd,
    pairing: config.pairing,
    balanced_rounds: config.balancedRounds,
    random_share: config.randomShare,
    swap_share: config.swapShare,
    min_comparisons_per_essay: config.minComparisonsPerEssay,
    target_reliability: config.targetReliability,
    score_stability: config.scoreStability,
    min_comparisons_for_stability_check: config.minComparisonsForStabilityCheck,
  };
}
