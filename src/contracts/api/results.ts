import { z } from "@hono/zod-openapi";
import { essayGradeSchema, gradingSchema } from "../grading.ts";
import { rankingModelSchema, reliabilitySchema } from "../ranking.ts";
import { batchStateSchema } from "./batch.ts";

/** What a person said of an essay's grade. */
export const reviewSchema = z
  .object({
    reviewed_by: z.string(),
    grade: z.string().openapi({ description: "the grade that the essay is to have" }),
    reviewed_at: z.string().openapi({ format: "date-time" }),
  })
  .openapi("Review");
export type ReviewBody = z.infer<typeof reviewSchema>;

/** One essay's place. Scores and standard errors are in logits; rank 1 is the best. */
export const rankedEssaySchema = z
  .object({
    essay_id: z.string(),
    rank: z.int().min(1),
    score: z.number(),
    standard_error: z.number().nonnegative(),
    comparisons: z.int().nonnegative(),
    wins: z.int().nonnegative(),
    is_anchor: z.boolean(),
    rank_low: z.int().min(1).openapi({ description: "95 % of the posterior of the rank lies from here …" }),
    rank_high: z.int().min(1).openapi({ description: "… to here" }),
    top_probability: z.number().openapi({ description: "P(among the best `model.top_count`)" }),
    infit: z.number().nullable(),
    outfit: z.number().nullable(),
    infit_p: z
      .number()
      .nullable()
      .openapi({ description: "how often an honest judge's verdicts would look as odd" }),
    outfit_p: z.number().nullable(),
    tied_with_next: z
      .boolean()
      .openapi({ description: "the verdicts do not tell it and the next essay apart" }),
    anchor_id: z.string().nullable().openapi({ description: "the assignment's name for an anchor" }),
    known_grade: z.string().nullable().openapi({ description: "an anchor's grade, which it came with" }),
    grade: essayGradeSchema
      .nullable()
      .openapi({ description: "null for anchors, and where no grade is claimed: see `grading`" }),
    review: z
      .union([reviewSchema, z.null()])
      .openapi({ description: "what a person said of the grade last" }),
  })
  .openapi("RankedEssay");
export type RankedEssayBody = z.infer<typeof rankedEssaySchema>;

export const resultsSchema = z
  .object({
    batch_id: z.string(),
    state: batchStateSchema,
    provisional: z.boolean().openapi({ description: "true while verdicts are still awaited" }),
    rankings: z.array(rankedEssaySchema),
    reliability: reliabilitySchema.nullable(),
    model: rankingModelSchema.nullable(),
    grading: gradingSchema
      .nullable()
      .openapi({ description: "null for a batch without an assignment, which is ranked and not graded" }),
    human_share: z
      .number()
      .min(0)
      .max(1)
      .openapi({ description: "share of the verdicts that people gave; 0: no person has judged" }),
  })
  .openapi("Results");
export type ResultsBody = z.infer<typeof resultsSchema>;

/** What D1 keeps beside the ranking, as JSON. */
export const rankingSummarySchema = resultsSchema
  .pick({ provisional: true, reliability: true, model: true, grading: true, human_share: true })
  // Rankings that an earlier version stored have none.
  .extend({ grading: gradingSchema.nullable().default(null), human_share: z.number().default(0) });
