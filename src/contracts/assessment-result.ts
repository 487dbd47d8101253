import { z } from "zod";
import { utcDatetime } from "./datetime.ts";
import {
  MAX_ID_LENGTH,
  namesOneEntity,
  ONE_ENTITY_RULE,
  publishedEventFields,
} from "./processing-metadata.ts";
import { identifier } from "./text.ts";

/** The grades that consumers of the result can store. Numeric national grades travel in `assessment_metadata.grades`. */
const letterGradeSchema = z.string().regex(/^([A-F][+-]?|U)$/, {
  error:
    "expected a letter A to F with an optional + or -, or U; other grades belong in assessment_metadata.grades",
});

/** One essay's result. `bt_score` is its Bradley-Terry ability in logits; rank 1 is the best, anchors included. */
const essayResultSchema = z.strictObject({
  essay_id: identifier(MAX_ID_LENGTH),
  normalized_score: z.number().min(0).max(1),
  letter_grade: letterGradeSchema,
  confidence_score: z.number().min(0).max(1),
  confidence_label: z.enum(["HIGH", "MID", "LOW"]),
  bt_score: z.number(),
  rank: z.int().min(1),
  is_anchor: z.boolean(),
  feedback_uri: z.string().nullable().default(null),
  metrics_uri: z.string().nullable().default(null),
  display_name: z.string().nullable().default(null),
});

/**
 * What is said about the assessment as a whole: the original's keys, and any other that helps. `comparison_count` is
 * the number of comparisons really judged (the original sends an estimate). `llm_temperature` is the one in effect;
 * null when the judge has none.
 */
const assessmentMetadataSchema = z.looseObject({
  anchor_essays_used: z.int().nonnegative(),
  calibration_method: z.enum(["anchor", "default"]),
  anchor_grade_distribution: z.record(z.string(), z.int().nonnegative()),
  comparison_count: z.int().nonnegative(),
  processing_duration_seconds: z.number().nonnegative(),
  llm_temperature: z.number().min(0).max(2).nullable(),
  assignment_id: z.string().max(100).nullable(),
  course_code: z.string().max(50).nullable(),
  grades: z.record(z.string(), z.string()).optional(),
});

/** `AssessmentResultV1`: the rich result, students and anchors in order of rank. */
export const assessmentResultSchema = z
  .strictObject({
    ...publishedEventFields("assessment.result.published"),
    batch_id: identifier(MAX_ID_LENGTH),
    cj_assessment_job_id: identifier(MAX_ID_LENGTH),
    assignment_id: z.string().max(100).nullable(),
    assessment_method: z.literal("cj_assessment"),
    model_used: identifier(200),
    model_provider: identifier(100),
    model_version: z.string().nullable().default(null),
    essay_results: z.array(essayResultSchema),
    assessment_metadata: assessmentMetadataSchema,
    assessed_at: utcDatetime,
  })
  .refine(namesOneEntity, ONE_ENTITY_RULE)
  .refine((result) => result.batch_id === result.entity_id, {
    path: ["batch_id"],
    error: "expected the same BOS batch id as entity_id",
  });
