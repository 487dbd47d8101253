import { z } from "@hono/zod-openapi";
import { MAX_ESSAY_BYTES, MAX_ESSAYS } from "../assessment-request.ts";
import { llmConfigOverridesSchema } from "../llm-config.ts";
import { MAX_ID_LENGTH } from "../processing-metadata.ts";
import {
  essayIdSchema,
  identifier,
  MAX_ESSAY_ID_BYTES,
  NO_CONTROL_CHARACTERS,
  shown,
  wireUuid,
} from "../text.ts";
import { batchLinksSchema, batchStateSchema, pairingSchema } from "./batch.ts";
import { MAX_PROMPT_BYTES, textOfBytes } from "./text-of-bytes.ts";

/** Fewest essays that can be compared; anchors count. */
export const MIN_ESSAYS = 2;
/** Most judges between whom one batch divides its comparisons. */
const MAX_JUDGES = 8;
/** A smaller share of the comparisons could not be kept even roughly. */
const MIN_JUDGE_SHARE = 0.01;
/** Shares may miss 1 by this much: thirds cannot be written exactly. */
const SHARES_TOLERANCE = 0.001;
/** Most keys that may judge one batch. */
const MAX_JUDGING_KEYS = 100;
/** Most names that may be taken out of the essays. */
const MAX_REDACTED_NAMES = 2_000;
/** Longest such name, in characters. */
const MAX_NAME_LENGTH = 100;
/** Longest `Idempotency-Key`, in characters. */
export const MAX_IDEMPOTENCY_KEY_LENGTH = 255;
/** Most comparisons that one batch may ask for. */
export const MAX_BUDGET = 32_768;

const essaySchema = z
  .object({
    essay_id: essayIdSchema.clone().openapi({ pattern: NO_CONTROL_CHARACTERS }),
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
  human_wait_hours: z.number().min(0).max(720).nullish(),
  max_cost_usd: z.number().gt(0).max(1_000_000).nullish(),
  pairing: pairingSchema.nullish(),
  balanced_rounds: z.int().min(2).max(20).nullish().openapi({
    description: "rounds before adaptive pairing looks at verdicts",
  }),
  random_share: z.number().min(0).max(1).nullish().openapi({
    description: "share of random pairs after those rounds",
  }),
  swap_share: z.number().min(0).max(0.5).nullish().openapi({
    description:
      "share of pairs shown once more, the other way round: of those chosen after the balanced rounds, or of a plan made at once",
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

const judgesSchema = z
  .array(
    z.object({
      judge: identifier(100),
      model: identifier(200).nullish(),
      share: z
        .number()
        .min(MIN_JUDGE_SHARE, `expected a share of at least ${MIN_JUDGE_SHARE}`)
        .max(1)
        .nullish()
        .openapi({ description: "of the planned comparisons; may be left out by an only judge" }),
    }),
  )
  .min(1, "expected at least one judge")
  .max(MAX_JUDGES, `expected at most ${MAX_JUDGES} judges in one batch`)
  .superRefine(refuseUnfitJudges);
export type RequestedJudge = z.infer<typeof judgesSchema>[number];

/** What `POST /v1/batches` takes. Null means the same as absent; unknown fields are ignored. */
export const openBatchRequestSchema = z
  .object({
    bos_batch_id: identifier(MAX_ID_LENGTH).nullish(),
    correlation_id: wireUuid.nullish(),
    user_id: identifier(MAX_ID_LENGTH).nullish(),
    org_id: identifier(MAX_ID_LENGTH).nullish(),
    assignment_id: identifier(100).nullish().openapi({
      description:
        "an assignment of the caller: its prompt, instructions and rubric are the defaults, its anchors are compared with the essays, and the essays are graded",
    }),
    essays: z
      .array(essaySchema)
      .min(1, "expected at least one essay")
      .max(MAX_ESSAYS, `expected at most ${MAX_ESSAYS} essays in one batch`)
      .superRefine(refuseRepeatedEssays),
    prompt: textOfBytes(MAX_PROMPT_BYTES).nullish(),
    instructions: textOfBytes(MAX_PROMPT_BYTES).nullish(),
    language: identifier(35).nullish(),
    course_code: identifier(50).nullish(),
    judge: identifier(100)
      .nullish()
      .openapi({ description: "the one judge of the batch; several stand in `judges`" }),
    model: identifier(200)
      .nullish()
      .openapi({ description: "of `judge`; the judge's default when left out" }),
    judges: judgesSchema.nullish(),
    human_share: z
      .number()
      .min(0)
      .max(1)
      .nullish()
      .openapi({ description: "share of the pairs judged by machines that a person judges as well" }),
    judged_by: z.array(identifier(63)).max(MAX_JUDGING_KEYS).nullish().openapi({
      description: "names of the keys that may judge for the judge `human`, beside the caller's own",
    }),
    llm_config_overrides: llmConfigOverridesSchema.nullish().openapi({
      description: "settings of the language model that judges; see docs/judges.md",
    }),
    redact_names: z.array(identifier(MAX_NAME_LENGTH)).max(MAX_REDACTED_NAMES).nullish().openapi({
      description: "names of people that are taken out of the essays before a judge sees them",
    }),
    config: configSchema.nullish(),
  })
  .superRefine(refuseTwoWaysToNameJudges)
  .refine(({ essays, assignment_id }) => essays.length >= MIN_ESSAYS || isPresent(assignment_id), {
    path: ["essays"],
    error: `expected at least ${MIN_ESSAYS} essays, or an assignment_id whose anchors one essay can be compared with`,
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

function refuseUnfitJudges(judges: readonly RequestedJudge[], context: z.core.$RefinementCtx): void {
  const refuse = (path: (number | string)[], message: string) =>
    context.addIssue({ code: "custom", path, message });
  const seen = new Set<string>();
  for (const [index, { judge, model, share }] of judges.entries()) {
    const name = JSON.stringify([judge, model ?? null]);
    if (seen.has(name)) refuse([index], `expected every judge and model once, got ${judge} again`);
    seen.add(name);
    if (judges.length > 1 && typeof share !== "number")
      refuse([index, "share"], "expected a share of the comparisons: there are several judges");
  }
  const sum = judges.reduce((total, { share }) => total + (share ?? 1), 0);
  const complete = judges.length === 1 || judges.every(({ share }) => typeof share === "number");
  if (complete && Math.abs(sum - 1) > SHARES_TOLERANCE)
    refuse([], `expected shares that together make 1, got ${Number(sum.toFixed(6))}`);
}

function refuseTwoWaysToNameJudges(
  request: { readonly judge?: unknown; readonly model?: unknown; readonly judges?: unknown },
  context: z.core.$RefinementCtx,
): void {
  if (!isPresent(request.judges)) return;
  for (const field of ["judge", "model"] as const) {
    if (!isPresent(request[field])) continue;
    const message = "expected either judges, or one judge in judge and model, but not both";
    context.addIssue({ code: "custom", path: [field], message });
  }
}

function isPresent(value: unknown): boolean {
  return value !== null && value !== undefined;
}

function refuseRepeatedEssays(essays: readonly { essay_id: string }[], context: z.core.$RefinementCtx): void {
  const seen = new Set<string>();
  for (const [index, { essay_id }] of essays.entries()) {
    if (seen.has(essay_id)) {
      const message = `expected every essay id once, got ${shown(essay_id, MAX_ESSAY_ID_BYTES)} again`;
      context.addIssue({ code: "custom", path: [index, "essay_id"], message });
    }
    seen.add(essay_id);
  }
}
