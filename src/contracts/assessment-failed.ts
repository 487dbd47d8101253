import { z } from "zod";
import { utcDatetime } from "./datetime.ts";
import { errorDetailSchema } from "./error-detail.ts";
import {
  MAX_ID_LENGTH,
  namesOneEntity,
  ONE_ENTITY_RULE,
  publishedEventFields,
  publishedSystemMetadata,
} from "./processing-metadata.ts";
import { identifier, jsonObject } from "./text.ts";

const EVENT_NAME = "cj_assessment.failed";

/** Why a batch failed, in one shape for every cause. `reason` is a short code, `details` are the numbers behind it. */
const failureInfoSchema = z.strictObject({
  reason: identifier(100),
  error_detail: errorDetailSchema.extend({ timestamp: utcDatetime }),
  details: jsonObject,
});

/** `CJAssessmentFailedV1`. */
export const assessmentFailedSchema = z
  .strictObject({
    ...publishedEventFields(EVENT_NAME),
    status: z.literal("failed_critically"),
    system_metadata: publishedSystemMetadata(EVENT_NAME, "failed", failureInfoSchema),
    cj_assessment_job_id: identifier(MAX_ID_LENGTH),
  })
  .refine(namesOneEntity, ONE_ENTITY_RULE);
