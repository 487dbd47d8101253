/** What people who judge are shown, and what they answer. */
import { z } from "@hono/zod-openapi";
import { MAX_JUSTIFICATION_LENGTH, winnerSchema } from "../comparison-result.ts";
import { clippedText, identifier, NO_CONTROL_CHARACTERS } from "../text.ts";
import { batchStateSchema } from "./batch.ts";

/** Longest name that a person gives for themselves, in characters. */
const MAX_JUDGE_ID_LENGTH = 100;

export const judgeIdSchema = identifier(MAX_JUDGE_ID_LENGTH)
  .refine((id) => !/\p{Cc}/u.test(id), { error: "expected an id without control characters" })
  .openapi({
    pattern: NO_CONTROL_CHARACTERS,
    description: "who is judging, where several people share one key",
  });

/** Nothing here says which essays these are, who wrote them, or what anybody else thinks of them. */
export const nextComparisonSchema = z
  .object({
    batch_id: z.string(),
    state: batchStateSchema,
    comparison: z
      .object({
        comparison_id: z.string(),
        prompt: z.string().nullable().openapi({ description: "the task that the students were given" }),
        instructions: z.string().nullable().openapi({ description: "what to look for" }),
        rubric: z.string().nullable(),
        language: z.string(),
        essay_a: z.string().openapi({ description: "the text of Essay A" }),
        essay_b: z.string().openapi({ description: "the text of Essay B" }),
        expires_at: z
          .string()
          .openapi({ format: "date-time", description: "until then nobody else is given this comparison" }),
      })
      .nullable()
      .openapi({ description: "null: there is nothing to judge now" }),
    waiting: z
      .int()
      .nonnegative()
      .openapi({ description: "comparisons for people without an answer, this one included" }),
    retry_after_seconds: z
      .int()
      .nullable()
      .openapi({ description: "when something may wait again; null: nothing will" }),
  })
  .openapi("NextComparison");

/** The winner is a copy, because a schema takes a description only if it is made after zod has learnt how. */
export const choiceSchema = z
  .object({
    winner: winnerSchema.clone().openapi({ description: "`Essay A` or `Essay B`", examples: ["Essay A"] }),
    confidence: z.number().min(1).max(5).nullish().openapi({ description: "1, a guess, to 5, certain" }),
    justification: clippedText(MAX_JUSTIFICATION_LENGTH)
      .nullish()
      .openapi({ description: `cut to ${MAX_JUSTIFICATION_LENGTH} characters` }),
    judge_id: judgeIdSchema.nullish(),
  })
  .openapi("Choice");

export const choiceOutcomeSchema = z
  .object({ outcome: z.enum(["applied", "duplicate", "late"]) })
  .openapi("ChoiceOutcome");
