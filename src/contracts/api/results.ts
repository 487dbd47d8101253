import { z } from "@hono/zod-openapi";
import { rankingModelSchema, reliabilitySchema } from "../ranking.ts";
import { batchStateSchema } from "./batch.ts";

/** One essay's place. Scores and standard errors are in logits; rank 1 is the best. */
const rankedEssaySchema = z
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
  })
  .openapi("Results");
export type ResultsBody = z.infer<typeof resultsSchema>;

/** What D1 keeps beside the ranking, as JSON. */
export const rankingSummarySchema = resultsSchema.pick({ provisional: true, reliability: true, model: true });
