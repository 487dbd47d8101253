/**
 * The JSON columns of an object's storage. They are parsed like anything else that was written by an earlier version:
 * a field added later needs a default here.
 */
import { z } from "zod";
import {
  type Anchor,
  BATCH_STATES,
  type BatchConfig,
  type BatchLife,
  type BatchOrigin,
  type Comparison,
  type Essay,
  FAILURE_REASONS,
  PAIRING_STOPS,
  PAIRING_STRATEGIES,
  STOP_REASONS,
} from "../batch/batch.ts";
import type { PromptContext, VerdictRecord } from "../batch/decision.ts";
import type { Review } from "../batch/review.ts";
import type { GradeScale } from "../contracts/grade-scale.ts";
import { DEFAULT_BALANCED_ROUNDS, DEFAULT_RANDOM_SHARE, PAIR_ORIGINS } from "../pairing/index.ts";

const storedScale = z.object({
  name: z.string(),
  grades: z.array(z.object({ label: z.string(), prior: z.number() })),
  belowLowest: z.string().nullable(),
}) satisfies z.ZodType<GradeScale>;

const currentOrigin = z.object({
  batchId: z.string(),
  caller: z.string(),
  source: z.enum(["http", "kafka"]),
  fingerprint: z.string(),
  bosBatchId: z.string(),
  correlationId: z.string(),
  userId: z.string(),
  orgId: z.string().nullable(),
  assignmentId: z.string().nullable(),
  gradeScale: storedScale.nullable().default(null),
  language: z.string(),
  courseCode: z.string().nullable(),
  judges: z.array(z.object({ judge: z.string(), model: z.string().nullable(), share: z.number() })),
  judgedBy: z.array(z.string()).default([]),
  topicPrefix: z.string(),
  eventTypePrefix: z.string(),
  seed: z.number(),
  createdAt: z.number(),
});

/** Batches opened before one could have several judges name one in `judge`. */
export const storedOrigin = z.preprocess((stored) => {
  const earlier = z.looseObject({ judge: z.string(), judges: z.never().optional() }).safeParse(stored);
  if (!earlier.success) return stored;
  return { ...earlier.data, judges: [{ judge: earlier.data.judge, model: null, share: 1 }] };
}, currentOrigin) satisfies z.ZodType<BatchOrigin>;

export const storedConfig = z.object({
  completionThresholdPct: z.number(),
  minSuccessRateThreshold: z.number(),
  recoveryThresholdPct: z.number(),
  maxComparisons: z.number(),
  maxRetryAttempts: z.number(),
  batchTimeoutHours: z.number(),
  maxBatchHours: z.number(),
  stragglerGraceSeconds: z.number(),
  judgementTimeoutMinutes: z.number(),
  maxInFlight: z.number(),
  retentionDays: z.number(),
  pairing: z.enum(PAIRING_STRATEGIES),
  balancedRounds: z.number().default(DEFAULT_BALANCED_ROUNDS),
  randomShare: z.number().default(DEFAULT_RANDOM_SHARE),
  // Batches of the first version had no repeats in their plan.
  swapShare: z.number().default(0),
  minComparisonsPerEssay: z.number().default(0),
  targetReliability: z.number().nullable().default(null),
  scoreStability: z.number().nullable().default(null),
  minComparisonsForStabilityCheck: z.number().default(0),
  humanShare: z.number().default(0),
  humanLeaseMinutes: z.number().default(15),
  humanWaitHours: z.number().default(168),
  maxCostUsd: z.number().nullable().default(null),
}) satisfies z.ZodType<BatchConfig>;

const stopReason = z.enum(STOP_REASONS);

export const storedLife = z.object({
  state: z.enum(BATCH_STATES),
  seq: z.number(),
  totalComparisons: z.number(),
  pairing: z
    .object({
      strategy: z.enum(["all_pairs", "balanced_rounds", "adaptive"]),
      essayCount: z.number(),
      opening: z.number(),
    })
    .nullable()
    .default(null),
  pairingStop: z.enum(PAIRING_STOPS).nullable().default(null),
  wave: z.number(),
  partialScoringTriggered: z.boolean(),
  forcedRecovery: z.boolean(),
  stopReason: stopReason.nullable(),
  failure: z
    .object({
      reason: z.enum(FAILURE_REASONS),
      errorCode: z.string(),
      message: z.string(),
      details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
    })
    .nullable(),
  scoringSince: z.number().nullable(),
  scoringRetry: z.object({ attempts: z.number(), at: z.number(), stop: stopReason }).nullable(),
  studentPromptPending: z.boolean(),
  updatedAt: z.number(),
  completedAt: z.number().nullable(),
  textsErasedAt: z.number().nullable(),
}) satisfies z.ZodType<BatchLife>;

export const storedPrompt = z.object({
  studentPrompt: z.string().nullable(),
  studentPromptStorageId: z.string().nullable(),
  instructions: z.string().nullable(),
  rubric: z.string().nullable(),
  overrides: z.string().nullable(),
  redactNames: z.array(z.string()).default([]),
}) satisfies z.ZodType<PromptContext>;

const storedAnchor = z.object({ anchorId: z.string(), grade: z.string() }) satisfies z.ZodType<Anchor>;

export const storedEssay = z.object({
  number: z.number(),
  essayId: z.string(),
  storageId: z.string().nullable(),
  text: z.enum(["pending", "ready", "missing"]),
  problem: z.string().nullable(),
  length: z.number().nullable(),
  /** a JSON column */
  anchor: z
    .string()
    .nullable()
    .transform((json): Anchor | null => (json === null ? null : storedAnchor.parse(JSON.parse(json)))),
}) satisfies z.ZodType<Essay>;

export const storedReview = z.object({
  essay: z.number(),
  reviewedBy: z.string(),
  grade: z.string(),
  caller: z.string(),
  at: z.number(),
}) satisfies z.ZodType<Review>;

/** A row of `comparisons`, its columns named as in {@link Comparison}. */
const comparisonRow = z.object({
  number: z.number(),
  first: z.number(),
  second: z.number(),
  judge: z.number(),
  forPeople: z.number().transform((flag) => flag === 1),
  copyOf: z.number().nullable(),
  wave: z.number(),
  origin: z.enum(PAIR_ORIGINS),
  attempt: z.number(),
  status: z.enum(["planned", "dispatched", "unanswered", "judged", "failed"]),
  deadline: z.number().nullable(),
  winner: z.enum(["essay_a", "essay_b"]).nullable(),
  settledAt: z.number().nullable(),
  lateAt: z.number().nullable(),
  provider: z.string().nullable(),
  model: z.string().nullable(),
  person: z.string().nullable(),
  confidence: z.number().nullable(),
  answers: z.number(),
  refusals: z.number(),
  nanoUsd: z.number(),
  promptTokens: z.number(),
  completionTokens: z.number(),
  responseTimeMs: z.number(),
});

export const storedComparison = comparisonRow.transform(
  ({ answers, refusals, nanoUsd, promptTokens, completionTokens, responseTimeMs, ...comparison }) => ({
    ...comparison,
    usage: { answers, refusals, nanoUsd, promptTokens, completionTokens, responseTimeMs },
  }),
) satisfies z.ZodType<Comparison>;

export const storedVerdict = z.object({
  winner: z.enum(["essay_a", "essay_b"]).nullable(),
  confidence: z.number().nullable(),
  justification: z.string().nullable(),
  errorCode: z.string().nullable(),
  errorMessage: z.string().nullable(),
  attempt: z.number(),
  requestId: z.string(),
  provider: z.string(),
  model: z.string(),
  responseTimeMs: z.number(),
  promptTokens: z.number(),
  completionTokens: z.number(),
  costEstimate: z.number(),
  costBasis: z.string().nullable().default(null),
  promptVersion: z.string().nullable().default(null),
  promptSha256: z.string().nullable().default(null),
}) satisfies z.ZodType<VerdictRecord>;

/** A tombstone: what remains of an erased batch. It answers a redelivered request with "gone". */
export const storedTombstone = z.object({
  batchId: z.string(),
  caller: z.string(),
  fingerprint: z.string(),
  /** terminal events that are still unpublished carry on under it */
  correlationId: z.string(),
  erasedAt: z.number(),
});
export type Tombstone = z.infer<typeof storedTombstone>;
