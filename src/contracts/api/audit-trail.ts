/** What a batch asked, was told, went through and published. */
import { z } from "@hono/zod-openapi";

const timestamp = z.string().openapi({ format: "date-time" });

/** Why a pair was asked: docs/pairing.md. */
const pairOriginSchema = z
  .enum(["balanced", "adaptive", "random", "swap"])
  .openapi("PairOrigin", { description: "why the pair was asked" });

const comparisonSchema = z
  .object({
    number: z.int().nonnegative(),
    correlation_id: z
      .string()
      .openapi({ description: "what a judge must send as `correlation_id` to answer the current attempt" }),
    attempt: z.int().nonnegative(),
    wave: z.int().nonnegative(),
    origin: pairOriginSchema,
    essay_a_id: z.string().openapi({ description: "the essay shown first" }),
    essay_b_id: z.string(),
    status: z.enum(["planned", "dispatched", "unanswered", "judged", "failed", "abandoned"]),
    winner: z.enum(["essay_a", "essay_b"]).nullable(),
    confidence: z.number().nullable(),
    justification: z.string().nullable(),
    judge: z.string().openapi({ description: "the batch's judge to whom the comparison is given" }),
    copy_of: z
      .int()
      .nullable()
      .openapi({ description: "number of the comparison whose pair it puts before a person as well" }),
    judged_by: z.string().nullable().openapi({ description: "the person who judged it or has it" }),
    usage: z
      .object({
        answers: z.int().nonnegative(),
        refusals: z.int().nonnegative(),
        cost_usd: z.number().nonnegative(),
        prompt_tokens: z.int().nonnegative(),
        completion_tokens: z.int().nonnegative(),
        response_time_ms: z.number().nonnegative(),
      })
      .openapi({ description: "of all attempts together" }),
    provider: z.string().nullable(),
    model: z.string().nullable(),
    prompt_version: z.string().nullable(),
    prompt_sha256: z.string().nullable().openapi({
      description: "SHA-256 of the prompt's template: all fixed words, without what a batch fills in",
    }),
    prompt_tokens: z.int().nonnegative().nullable(),
    completion_tokens: z.int().nonnegative().nullable(),
    cost_usd: z
      .number()
      .nonnegative()
      .nullable()
      .openapi({ description: "of this attempt; see `cost_basis`" }),
    cost_basis: z
      .string()
      .nullable()
      .openapi({
        description:
          "`configured` (prices of this deployment), `published` (the table of published prices), or `unknown`: then " +
          "`cost_usd` is 0 and says nothing. Null when the judge does not say.",
      }),
    response_time_ms: z.int().nonnegative().nullable(),
    error: z.object({ code: z.string(), message: z.string().nullable() }).nullable(),
    deadline_at: timestamp.nullable(),
    settled_at: timestamp.nullable(),
    late_at: timestamp.nullable(),
  })
  .openapi("Comparison");
export type ComparisonBody = z.infer<typeof comparisonSchema>;

export const comparisonListSchema = z
  .object({
    batch_id: z.string(),
    total_comparisons: z.int().nonnegative(),
    comparisons: z.array(comparisonSchema),
    next_from: z.int().nullable(),
  })
  .openapi("ComparisonList");

export const historySchema = z
  .object({
    batch_id: z.string(),
    history: z.array(
      z.object({ from: z.string().nullable(), to: z.string(), reason: z.string(), at: timestamp }),
    ),
    reviews: z
      .array(z.object({ essay_id: z.string(), reviewed_by: z.string(), grade: z.string(), at: timestamp }))
      .openapi({ description: "what people said of grades, oldest first" }),
  })
  .openapi("History");

export const publishedEventsSchema = z
  .object({
    batch_id: z.string(),
    events: z.array(
      z.object({
        seq: z.int(),
        name: z.string(),
        event_id: z.string(),
        topic: z.string(),
        key: z.string(),
        status: z.enum(["pending", "queued", "published", "kept", "dead"]),
        attempts: z.int().nonnegative(),
        created_at: timestamp,
        published_at: timestamp.nullable(),
        note: z.string().nullable(),
        envelope: z.record(z.string(), z.unknown()),
      }),
    ),
  })
  .openapi("PublishedEvents");

export const republishedEventsSchema = z
  .object({ batch_id: z.string(), requeued: z.int().nonnegative() })
  .openapi("RepublishedEvents");
