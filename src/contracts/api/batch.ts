import { z } from "@hono/zod-openapi";

const timestamp = z.string().openapi({ format: "date-time", examples: ["2026-02-07T09:15:00.120000Z"] });
const count = z.int().nonnegative();

export const batchStateSchema = z
  .enum([
    "INITIALIZING",
    "GENERATING_PAIRS",
    "WAITING_CALLBACKS",
    "SCORING",
    "COMPLETED",
    "FAILED",
    "CANCELLED",
  ])
  .openapi("BatchState");

export const pairingSchema = z.enum(["auto", "all_pairs", "balanced_rounds", "adaptive"]);

/** Where to go from a batch; paths, so that they hold behind any host. */
export const batchLinksSchema = z
  .object({
    self: z.string(),
    results: z.string(),
    comparisons: z.string(),
    history: z.string(),
    events: z.string(),
    cancel: z.string(),
  })
  .openapi("BatchLinks");

const judgeShareSchema = z
  .object({
    judge: z.string(),
    model: z.string().nullable().openapi({ description: "null: the judge's default" }),
    share: z.number().min(0).max(1).openapi({
      description: "of the planned comparisons; 0 for people who judge copies alone",
    }),
  })
  .openapi("JudgeShare");

/** The configuration in effect, fixed when the batch opened. */
const batchConfigSchema = z
  .object({
    completion_threshold_pct: z.number(),
    min_success_rate_threshold: z.number(),
    recovery_threshold_pct: z.number(),
    max_comparisons: z.int(),
    max_retry_attempts: z.int(),
    batch_timeout_hours: z.number(),
    max_batch_hours: z.number(),
    straggler_grace_seconds: z.number(),
    judgement_timeout_minutes: z.number(),
    max_in_flight: z.int(),
    retention_days: z.number(),
    human_share: z.number().min(0).max(1),
    human_lease_minutes: z.number(),
    human_wait_hours: z.number(),
    max_cost_usd: z.number().nullable(),
    pairing: pairingSchema,
    balanced_rounds: z.int(),
    random_share: z.number(),
    swap_share: z.number(),
    min_comparisons_per_essay: z.int(),
    target_reliability: z.number().nullable(),
    score_stability: z.number().nullable(),
    min_comparisons_for_stability_check: z.int(),
  })
  .openapi("BatchConfig");

/** How pairs are chosen. With `config` and the verdicts it is enough to choose them again. */
const batchPairingSchema = z
  .object({
    seed: count,
    strategy: z
      .enum(["all_pairs", "balanced_rounds", "adaptive"])
      .nullable()
      .openapi({ description: "what `config.pairing` came to; null until pairs exist" }),
    opening: count
      .nullable()
      .openapi({ description: "comparisons that are asked before any verdict is looked at" }),
    asked: z
      .object({ balanced: count, adaptive: count, random: count, swap: count })
      .openapi({ description: "comparisons so far, by why they were asked" }),
    latest_fit: z
      .object({ verdicts: count, reliability: z.number(), decisive: z.boolean() })
      .nullable()
      .openapi({ description: "the latest fit by which pairs were chosen or a stopping rule was tried" }),
  })
  .openapi("BatchPairing");

const failureSchema = z
  .object({
    reason: z.string(),
    error_code: z.string(),
    message: z.string(),
    details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  })
  .openapi("BatchFailure");

/** One batch as its object sees it at this moment. */
export const batchSchema = z
  .object({
    batch_id: z.string(),
    state: batchStateSchema,
    bos_batch_id: z.string(),
    correlation_id: z.string(),
    judge: z.string().openapi({ description: "the names of the judges in one text" }),
    judges: z.array(judgeShareSchema),
    waiting_for_people: count.openapi({
      description: "planned comparisons that wait for a person, of the pending ones",
    }),
    human_copies: z.object({ total: count, completed: count, pending: count }).openapi({
      description:
        "pairs put before a person as well (`human_share`); in none of the counters of comparisons",
    }),
    cost_usd: z
      .number()
      .nonnegative()
      .openapi({ description: "what the answers cost so far, as the judges say" }),
    assignment_id: z.string().nullable(),
    essays: z.object({
      total: count.openapi({ description: "anchors included" }),
      anchors: count,
      ready: count,
      missing: count,
      pending: count,
      failed: z
        .array(z.object({ essay_id: z.string(), reason: z.string() }))
        .openapi({ description: "those that cannot be ranked, and why" }),
    }),
    total_comparisons: count.openapi({ description: "comparisons planned; 0 until pairs exist" }),
    completed_comparisons: count,
    failed_comparisons: count,
    pending_comparisons: count,
    abandoned_comparisons: count,
    late_comparisons: count,
    progress_pct: z.number().min(0).max(100),
    partial_scoring_triggered: z.boolean(),
    forced_recovery: z.boolean(),
    stop_reason: z.string().nullable(),
    failure: z.union([failureSchema, z.null()]),
    wave: count,
    pairing: batchPairingSchema,
    config: batchConfigSchema,
    created_at: timestamp,
    updated_at: timestamp,
    completed_at: timestamp.nullable(),
    links: batchLinksSchema,
  })
  .openapi("Batch");
export type BatchBody = z.infer<typeof batchSchema>;

/** One batch in a list, as of its last transition. */
const listedBatchSchema = z
  .object({
    batch_id: z.string(),
    caller: z.string(),
    state: batchStateSchema,
    bos_batch_id: z.string(),
    correlation_id: z.string(),
    judge: z.string(),
    assignment_id: z.string().nullable(),
    essay_count: count,
    total_comparisons: count,
    completed_comparisons: count,
    failed_comparisons: count,
    pending_comparisons: count,
    partial_scoring_triggered: z.boolean(),
    forced_recovery: z.boolean(),
    stop_reason: z.string().nullable(),
    failure_reason: z.string().nullable(),
    created_at: timestamp,
    updated_at: timestamp,
    completed_at: timestamp.nullable(),
    links: batchLinksSchema,
  })
  .openapi("ListedBatch");
export type ListedBatch = z.infer<typeof listedBatchSchema>;

export const batchListSchema = z
  .object({ batches: z.array(listedBatchSchema), next_cursor: z.string().nullable() })
  .openapi("BatchList");
