import { z } from "@hono/zod-openapi";
import { MAX_ESSAY_BYTES, MAX_ESSAYS } from "../assessment-request.ts";
import { MAX_ID_LENGTH } from "../processing-metadata.ts";
import { essayIdSchema, identifier, utf8Length, wellFormed, wireUuid } from "../text.ts";
import { batchLinksSchema, batchStateSchema, pairingSchema } from "./batch.ts";

/** Fewest essays that can be compared. */
export const MIN_ESSAYS = 2;
/** Longest prompt, and longest instructions, in bytes of UTF-8. */
export const MAX_PROMPT_BYTES = 20_000;
/** Longest `Idempotency-Key`, in characters. */
export const MAX_IDEMPOTENCY_KEY_LENGTH = 255;
/** Most comparisons that one batch may ask for. */
export const MAX_BUDGET = 32_768;

/** Prompts, instructions and essays are limited in bytes, because that is what they cost to store and to send. */
function textOfBytes(maxBytes: number) {
  return wellFormed(maxBytes)
    .refine((value) => utf8Length(value) <= maxBytes, {
      error: ({ input }) => `expected at most ${maxBytes} bytes of UTF-8, got ${utf8Length(String(input))}`,
    })
    .openapi({ maxLength: maxBytes, description: `at most ${maxBytes} bytes of UTF-8` });
}

const essaySchema = z
  .object({
    essay_id: essayIdSchema.clone().openapi({ pattern: "^[^\\u0000-\\u001f\\u007f-\\u009f]*$" }),
    text: textOfBytes(MAX_ESSAY_BYTES).regex(/\S/, { error: "expected a text that is not blank" }).nullish(),
    text_storage_id: identifier(MAX_ID_LENGTH).nullish(),
  })
  .refine((essay) => isPresent(essay.text) !== isPresent(essay.text_storage_id), {
    path: ["text"],
    error: "expected exactly one of text and text_storage_id",
  })
  .openapi("EssayToJudge", {
    oneOf: [
      { required: ["text"], properties: { text: { type: "string" }, text_storage_id: { type: "null" } } },
      {
        required: ["text_storage_id"],
        properties: { text: { type: "null" }, text_storage_id: { type: "string" } },
      },
    ],
  });

const configSchema = z.object({
  completion_threshold_pct: z.number().min(1).max(100).nullish(),
  min_success_rate_threshold: z.number().min(0).max(1).nullish(),
  max_comparisons: z.int().min(1).max(MAX_BUDGET).nullish(),
  max_retry_attempts: z.int().min(0).max(15).nullish(),
  batch_timeout_hours: z.number().min(0.01).max(168).nullish(),
  straggler_grace_seconds: z.number().min(0).max(86_400).nullish(),
  judgement_timeout_minutes: z.number().min(0.05).max(1_440).nullish(),
  pairing: pairingSchema.nullish(),
  balanced_rounds: z.int().min(2).max(20).nullish().openapi({
    description: "rounds before adaptive pairing looks at verdicts",
  }),
  random_share: z.number().min(0).max(1).nullish().openapi({
    description: "share of random pairs after those rounds",
  }),
  swap_share: z.number().min(0).max(0.5).nullish().openapi({
    description: "share of comparisons that show a pair once more, the other way round",
  }),
  min_comparisons_per_essay: z.int().min(1).max(1_999).nullish().openapi({
    description: "no stopping rule applies before every essay has this many verdicts",
  }),
  target_reliability: z.number().min(0.01).max(1).nullish().openapi({
    description: "headline reliability at which nothing more is asked; none unless set",
  }),
  score_stability: z.number().min(0.001).max(10).nullish().openapi({
    description: "largest change of any score, in logits, at which nothing more is asked; none unless set",
  }),
});

/** What `POST /v1/batches` takes. Null means the same as absent; unknown fields are ignored. */
export const openBatchRequestSchema = z
  .object({
    bos_batch_id: identifier(MAX_ID_LENGTH).nullish(),
    correlation_id: wireUuid.nullish(),
    user_id: identifier(MAX_ID_LENGTH).nullish(),
    org_id: identifier(MAX_ID_LENGTH).nullish(),
    assignment_id: identifier(100).nullish(),
    essays: z
      .array(essaySchema)
      .min(MIN_ESSAYS, `expected at least ${MIN_ESSAYS} essays: there must be something to compare`)
      .max(MAX_ESSAYS, `expected at most ${MAX_ESSAYS} essays in one batch`)
      .superRefine(refuseRepeatedEssays),
    prompt: textOfBytes(MAX_PROMPT_BYTES).nullish(),
    instructions: textOfBytes(MAX_PROMPT_BYTES).nullish(),
    language: identifier(35).nullish(),
    course_code: identifier(50).nullish(),
    judge: identifier(100).nullish(),
    config: configSchema.nullish(),
  })
  .openapi("OpenBatchRequest", {
    examples: [
      {
        essays: [
          { essay_id: "anna", text: "The sea was calm that morning." },
          { essay_id: "bo", text: "We goed to the beach and it was good." },
        ],
        prompt: "Describe a day at the coast.",
      },
    ],
  });
export type OpenBatchRequest = z.infer<typeof openBatchRequestSchema>;

export const openBatchReplySchema = z
  .object({ batch_id: z.string(), state: batchStateSchema, links: batchLinksSchema })
  .openapi("OpenedBatch");

function isPresent(value: string | null | undefined): boolean {
  return typeof value === "string";
}

function refuseRepeatedEssays(essays: readonly { essay_id: string }[], context: z.core.$RefinementCtx): void {
  const seen = new Set<string>();
  for (const [index, { essay_id }] of essays.entries()) {
    if (seen.has(essay_id)) {
      const message = `expected every essay id once, got ${JSON.stringify(essay_id)} again`;
      context.addIssue({ code: "custom", path: [index, "essay_id"], message });
    }
    seen.add(essay_id);
  }
}
