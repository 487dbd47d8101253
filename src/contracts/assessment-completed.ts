import { z } from "zod";
import {
  MAX_ID_LENGTH,
  namesOneEntity,
  ONE_ENTITY_RULE,
  publishedEventFields,
  publishedSystemMetadata,
} from "./processing-metadata.ts";
import { identifier, jsonObject } from "./text.ts";

const EVENT_NAME = "cj_assessment.completed";

/** One essay's place: rank 1 is the best, score is the Bradley-Terry ability in logits. */
const rankingSchema = z.strictObject({
  essay_id: identifier(MAX_ID_LENGTH),
  rank: z.int().min(1),
  score: z.number(),
});

/** The students' essays, without anchors. */
const processingSummarySchema = z
  .strictObject({
    total_essays: z.int().min(1),
    successful: z.int().nonnegative(),
    failed: z.int().nonnegative(),
    successful_essay_ids: z.array(identifier(MAX_ID_LENGTH)),
    failed_essay_ids: z.array(identifier(MAX_ID_LENGTH)),
    processing_time_seconds: z.number().nonnegative(),
    single_essay_batch: z.boolean(),
  })
  .refine((summary) => summary.successful_essay_ids.length === summary.successful, {
    path: ["successful"],
    error: "expected the number of successful_essay_ids",
  })
  .refine((summary) => summary.failed_essay_ids.length === summary.failed, {
    path: ["failed"],
    error: "expected the number of failed_essay_ids",
  })
  .refine((summary) => summary.successful + summary.failed === summary.total_essays, {
    path: ["total_essays"],
    error: "expected the sum of successful and failed",
  });

/**
 * `CJAssessmentCompletedV1` with the rankings and totals of the older plan. At least one essay is named, successful or
 * failed, because the lifecycle service refuses an event that names none.
 */
export const assessmentCompletedSchema = z
  .strictObject({
    ...publishedEventFields(EVENT_NAME),
    status: z.enum(["completed_successfully", "failed_critically"]),
    system_metadata: publishedSystemMetadata(EVENT_NAME, "completed", jsonObject),
    cj_assessment_job_id: identifier(MAX_ID_LENGTH),
    processing_summary: processingSummarySchema,
    rankings: z.array(rankingSchema),
  })
  .refine(namesOneEntity, ONE_ENTITY_RULE);
