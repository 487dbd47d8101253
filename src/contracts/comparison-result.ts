import { z } from "zod";
import { wireDatetime } from "./datetime.ts";
import { errorDetailSchema } from "./error-detail.ts";
import { clippedText, identifier, jsonObject, shown, wireUuid } from "./text.ts";

/** Longest justification that is kept, in characters. */
export const MAX_JUSTIFICATION_LENGTH = 500;

/** Which of the two texts, in the order in which they were shown, was judged the better one. */
const WINNERS = ["essay_a", "essay_b"] as const;
export type Winner = (typeof WINNERS)[number];

/** Reads `essay_a`, `essay_b`, `Essay A` and `Essay B` in any case; anything else is refused. */
export const winnerSchema = z
  .string()
  .regex(/^\s*[Ee][Ss][Ss][Aa][Yy][ _][AaBb]\s*$/, {
    error: ({ input }) =>
      `expected "Essay A" or "Essay B" (or "essay_a", "essay_b"), got ${shown(String(input))}`,
  })
  .transform((text): Winner => (text.trim().toLowerCase().endsWith("a") ? "essay_a" : "essay_b"));

const tokenCount = z.int().nonnegative().default(0);

/**
 * `LLMComparisonResultV1`: the answer to one comparison, either a winner or an error, never both, never neither.
 * `correlation_id` is the id of the comparison it answers.
 *
 * The original demands a justification and a confidence with every winner. Here both may be missing, and a long
 * justification is cut: the provider allows 1,000 characters where the event allows 500, and a verdict must not be lost
 * over its remark. A confidence outside 1 to 5 is refused, because it would be a different scale.
 */
export const comparisonResultSchema = z
  .object({
    request_id: identifier(255),
    correlation_id: wireUuid,
    winner: winnerSchema.nullable().default(null),
    justification: clippedText(MAX_JUSTIFICATION_LENGTH).nullable().default(null),
    confidence: z.number().min(1).max(5).nullable().default(null),
    error_detail: errorDetailSchema.nullable().default(null),
    provider: identifier(100),
    model: identifier(200),
    response_time_ms: z.int().nonnegative(),
    token_usage: z
      .object({ prompt_tokens: tokenCount, completion_tokens: tokenCount, total_tokens: tokenCount })
      .prefault({}),
    cost_estimate: z.number().nonnegative(),
    requested_at: wireDatetime,
    completed_at: wireDatetime,
    trace_id: z.string().max(200).nullable().default(null),
    request_metadata: jsonObject.default({}),
  })
  .refine((result) => (result.winner === null) !== (result.error_detail === null), {
    path: ["winner"],
    error: "expected exactly one of winner and error_detail",
  });
export type LlmComparisonResult = z.infer<typeof comparisonResultSchema>;
