import { z } from "zod";
import { wireDatetime } from "./datetime.ts";
import { llmConfigOverridesSchema } from "./llm-config.ts";
import { MAX_ID_LENGTH, storageReferenceMetadataSchema } from "./processing-metadata.ts";
import {
  essayIdSchema,
  identifier,
  jsonObject,
  MAX_ESSAY_ID_BYTES,
  shown,
  utf8Length,
  wellFormed,
} from "./text.ts";

/** Most essays in one batch. */
export const MAX_ESSAYS = 2_000;
/** Longest essay, in bytes of UTF-8. */
export const MAX_ESSAY_BYTES = 100_000;

/**
 * One essay, its text inline or by reference. Inline text wins when both are given. It may be empty: the batch
 * then lists the essay as failed, which is better than refusing its neighbours. Spellcheck metrics are not read.
 */
const requestedEssaySchema = z
  .object({
    essay_id: essayIdSchema,
    text_content: z
      .string()
      .refine((text) => text.isWellFormed(), { error: "expected text without unpaired surrogates" })
      .refine((text) => utf8Length(text) <= MAX_ESSAY_BYTES, {
        error: (issue) =>
          `expected at most ${MAX_ESSAY_BYTES} bytes of UTF-8, got ${utf8Length(String(issue.input))}`,
      })
      .nullish(),
    text_storage_id: identifier(MAX_ID_LENGTH).nullish(),
  })
  .refine((essay) => typeof essay.text_content === "string" || typeof essay.text_storage_id === "string", {
    path: ["text_storage_id"],
    error: "expected text_storage_id, or the essay itself in text_content",
  });

const entityReferenceSchema = z.union([
  identifier(MAX_ID_LENGTH),
  z.object({ entity_id: identifier(MAX_ID_LENGTH) }).transform((reference) => reference.entity_id),
]);

/**
 * `ELS_CJAssessmentRequestV1`: assess these essays. The BOS batch id comes as `entity_id` or as `entity_ref` (text or
 * `{entity_id}`), the first one present counts, and is read as `bos_batch_id`.
 *
 * `course_code` is an open string here and a strict enum in the original: the course only travels through to
 * the result, and a new course is no reason to refuse a class. `system_metadata` is read by neither service and is
 * not examined. No or one essay is a valid request with a documented ending, not a malformed one.
 */
export const assessmentRequestSchema = z
  .object({
    event_name: z.string().max(200).optional(),
    entity_id: identifier(MAX_ID_LENGTH).nullish(),
    entity_ref: entityReferenceSchema.nullish(),
    entity_type: z.string().max(100).nullish(),
    parent_id: z.string().max(MAX_ID_LENGTH).nullish(),
    timestamp: wireDatetime.optional(),
    essays_for_cj: z.array(requestedEssaySchema).max(MAX_ESSAYS).superRefine(refuseRepeatedEssays),
    language: identifier(35),
    course_code: identifier(50),
    student_prompt_ref: storageReferenceMetadataSchema.nullish(),
    llm_config_overrides: llmConfigOverridesSchema.nullish(),
    assignment_id: wellFormed(100).nullish(),
    user_id: identifier(MAX_ID_LENGTH),
    org_id: wellFormed(MAX_ID_LENGTH).nullish(),
  })
  .transform(({ entity_id, entity_ref, ...request }, context) => {
    const bosBatchId = entity_id ?? entity_ref ?? null;
    if (bosBatchId !== null) return { ...request, entity_id: bosBatchId, bos_batch_id: bosBatchId };
    context.addIssue({
      code: "custom",
      path: ["entity_id"],
      message: "expected the BOS batch id in entity_id or entity_ref",
    });
    return z.NEVER;
  });
export type AssessmentRequest = z.infer<typeof assessmentRequestSchema>;

/** The content type under which a request refers to the students' prompt. */
const STUDENT_PROMPT = "student_prompt_text";

/** Ways of submission that a request may hint at. */
const LLM_BATCHING_MODES = ["per_request", "serial_bundle", "provider_batch_api"] as const;

/**
 * What an assessment request may ask for in its envelope's `metadata`; other keys are not read. A bad
 * `max_comparisons` is refused, because ignoring it would spend money. A batching mode nobody knows is dropped, because it is
 * a hint.
 */
export const requestMetadataSchema = z.object({
  max_comparisons: z.int().positive().nullish(),
  batch_config_overrides: jsonObject.nullish(),
  llm_batching_mode_hint: z
    .string()
    .nullish()
    .transform((hint) => LLM_BATCHING_MODES.find((mode) => mode === hint?.trim().toLowerCase()) ?? null),
});
export type RequestMetadata = z.infer<typeof requestMetadataSchema>;

/** @returns the content service's id of the students' prompt, or null when the request names none. */
export function studentPromptStorageId(
  request: Pick<AssessmentRequest, "student_prompt_ref">,
): string | null {
  return request.student_prompt_ref?.references[STUDENT_PROMPT]?.storage_id ?? null;
}

function refuseRepeatedEssays(essays: readonly { essay_id: string }[], context: z.core.$RefinementCtx): void {
  const seen = new Set<string>();
  for (const [index, { essay_id }] of essays.entries()) {
    if (seen.has(essay_id))
      context.addIssue({
        code: "custom",
        path: [index, "essay_id"],
        message: `expected every essay once, got ${shown(essay_id, MAX_ESSAY_ID_BYTES)} again`,
      });
    seen.add(essay_id);
  }
}
