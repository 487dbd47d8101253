/** What the two doors of the service, HTTP and the event bus, share: making an `OpenRequest` out of a parsed request. */
import canonicalize from "canonicalize";
import type { BatchConfig, JudgeShare, PairingStrategy } from "../batch/batch.ts";
import { encodeBatchId } from "../batch/batch-id.ts";
import { HUMAN_JUDGE, indexOfPeople } from "../batch/judges.ts";
import { sha256Hex } from "../encoding/sha256.ts";
import {
  countPlanned,
  findPairingProblem,
  MAX_COMPARISONS,
  type PairingRequest,
  settleStrategy,
} from "../pairing/index.ts";
import type { Settings } from "../settings/settings.ts";

/** What a request may set for its batch; null or absent means the service's default. */
export interface ConfigOverrides {
  readonly completionThresholdPct?: number | null | undefined;
  readonly minSuccessRateThreshold?: number | null | undefined;
  readonly maxComparisons?: number | null | undefined;
  readonly maxRetryAttempts?: number | null | undefined;
  readonly batchTimeoutHours?: number | null | undefined;
  readonly stragglerGraceSeconds?: number | null | undefined;
  readonly judgementTimeoutMinutes?: number | null | undefined;
  readonly humanShare?: number | null | undefined;
  readonly humanWaitHours?: number | null | undefined;
  readonly maxCostUsd?: number | null | undefined;
  readonly pairing?: PairingStrategy | null | undefined;
  readonly balancedRounds?: number | null | undefined;
  readonly randomShare?: number | null | undefined;
  readonly swapShare?: number | null | undefined;
  readonly minComparisonsPerEssay?: number | null | undefined;
  readonly targetReliability?: number | null | undefined;
  readonly scoreStability?: number | null | undefined;
}

/** Comparisons per essay of the default budget, in pairs: ten appearances each. */
const DEFAULT_PAIRS_PER_ESSAY = 5;

/** The budget when the request names none: max(MAX_PAIRWISE_COMPARISONS, 5 per essay), within the limit. */
export function defaultBudget(settings: Settings, essayCount: number): number {
  return Math.min(
    Math.max(settings.MAX_PAIRWISE_COMPARISONS, DEFAULT_PAIRS_PER_ESSAY * essayCount),
    MAX_COMPARISONS,
  );
}

/** What the batch may do: what the request says, and the service's defaults where it says nothing. */
export function resolveConfig(
  settings: Settings,
  overrides: ConfigOverrides,
  essayCount: number,
): BatchConfig {
  const maxComparisons = overrides.maxComparisons ?? defaultBudget(settings, essayCount);
  const pairing = overrides.pairing ?? settings.PAIRING_STRATEGY;
  const adapts = settleStrategy({ strategy: pairing, essayCount, budget: maxComparisons }) === "adaptive";
  return {
    completionThresholdPct: overrides.completionThresholdPct ?? settings.COMPLETION_THRESHOLD_PCT,
    minSuccessRateThreshold: overrides.minSuccessRateThreshold ?? settings.MIN_SUCCESS_RATE_THRESHOLD,
    recoveryThresholdPct: settings.RECOVERY_THRESHOLD_PCT,
    maxComparisons,
    maxRetryAttempts: overrides.maxRetryAttempts ?? settings.MAX_RETRY_ATTEMPTS,
    batchTimeoutHours: overrides.batchTimeoutHours ?? settings.BATCH_TIMEOUT_HOURS,
    maxBatchHours: settings.MAX_BATCH_HOURS,
    stragglerGraceSeconds: overrides.stragglerGraceSeconds ?? settings.STRAGGLER_GRACE_SECONDS,
    judgementTimeoutMinutes: overrides.judgementTimeoutMinutes ?? settings.JUDGEMENT_TIMEOUT_MINUTES,
    maxInFlight: settings.MAX_IN_FLIGHT,
    retentionDays: settings.RETENTION_DAYS,
    pairing,
    balancedRounds: overrides.balancedRounds ?? settings.BALANCED_ROUNDS,
    randomShare: overrides.randomShare ?? settings.RANDOM_SHARE,
    swapShare: overrides.swapShare ?? (adapts ? settings.SWAP_SHARE : 0),
    minComparisonsPerEssay: overrides.minComparisonsPerEssay ?? settings.MIN_COMPARISONS_PER_ESSAY,
    targetReliability: overrides.targetReliability ?? settings.TARGET_RELIABILITY ?? null,
    scoreStability: overrides.scoreStability ?? settings.SCORE_STABILITY_THRESHOLD ?? null,
    minComparisonsForStabilityCheck: settings.MIN_COMPARISONS_FOR_STABILITY_CHECK,
    humanShare: overrides.humanShare ?? 0,
    humanLeaseMinutes: settings.HUMAN_LEASE_MINUTES,
    humanWaitHours: overrides.humanWaitHours ?? settings.HUMAN_WAIT_HOURS,
    maxCostUsd: overrides.maxCostUsd ?? null,
  };
}

/** A judge as a request names it; without a share it is the only one. */
export interface RequestedJudge {
  readonly judge: string;
  readonly model?: string | null | undefined;
  readonly share?: number | null | undefined;
}

/**
 * The judges of a batch, their shares together exactly 1. People who are asked for second judgements alone join the list
 * with a share of 0.
 */
export function resolveJudges(
  requested: readonly RequestedJudge[],
  humanShare: number,
): readonly JudgeShare[] {
  const total = requested.reduce((sum, { share }) => sum + (share ?? 1), 0);
  const judges = requested.map(({ judge, model, share }) => ({
    judge,
    model: model ?? null,
    share: (share ?? 1) / total,
  }));
  if (humanShare === 0 || indexOfPeople(judges) >= 0) return judges;
  return [...judges, { judge: HUMAN_JUDGE, model: null, share: 0 }];
}

/** Why a request's comparisons cannot be what it asks for, whichever door it came through; null when they can. */
export function comparisonsProblem(
  overrides: ConfigOverrides,
  config: BatchConfig,
  { essays, anchors }: { readonly essays: number; readonly anchors: number },
): string | null {
  const essayCount = essays + anchors;
  const problem = planningProblem(config, essayCount) ?? contradictionIn(overrides, config, essayCount);
  if (problem === null || anchors === 0) return problem;
  return `${problem} (${essayCount} essays are ${essays} of the request and ${anchors} anchors of its assignment)`;
}

/** Why these comparisons cannot be planned, in a sentence that names the limit; null when they can. */
function planningProblem(config: BatchConfig, essayCount: number): string | null {
  if (essayCount < 2) return null;
  return findPairingProblem(planRequestOf(config, essayCount))?.message ?? null;
}

function planRequestOf(config: BatchConfig, essayCount: number): PairingRequest {
  const { maxComparisons: budget, pairing: strategy, balancedRounds, randomShare, swapShare } = config;
  return { essayCount, budget, strategy, balancedRounds, randomShare, swapShare, seed: 0 };
}

/**
 * What a request that can be planned asks for itself and can never get, in a sentence that says what it could; null when there
 * is nothing.
 */
function contradictionIn(overrides: ConfigOverrides, config: BatchConfig, essayCount: number): string | null {
  if (essayCount < 2) return null;
  const { swapShare, minComparisonsPerEssay: least } = overrides;
  if (config.pairing === "all_pairs" && typeof swapShare === "number" && swapShare > 0) {
    return `a swap_share of ${swapShare} repeats pairs and all_pairs asks each once: leave swap_share out, or choose adaptive or balanced_rounds`;
  }
  if (typeof least !== "number") return null;
  const most = Math.floor((2 * countPlanned(planRequestOf(config, essayCount))) / essayCount);
  if (least <= most) return null;
  return `min_comparisons_per_essay is ${least} and no more than ${most} comparisons per essay will be asked: lower it to ${most}, or raise max_comparisons where there are more pairs`;
}

/**
 * SHA-256 over the canonical JSON (RFC 8785) of what was asked for, before defaults and without envelope or times: two
 * deliveries of one request agree in it, two different requests do not.
 */
export async function fingerprintOf(domainFields: object): Promise<string> {
  return sha256Hex(canonicalize(domainFields) ?? "");
}

/** A batch id for a request that carries no identity of its own. */
export function randomBatchId(): string {
  return encodeBatchId(new DataView(crypto.getRandomValues(new Uint8Array(8)).buffer).getBigUint64(0));
}

/** The batch's seed follows from its id, so that its pairs can be planned again by anyone who knows the id. */
export function seedOf(batchId: string): number {
  let hash = 0x811c9dc5;
  for (const character of batchId) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193) >>> 0;
  return hash;
}
