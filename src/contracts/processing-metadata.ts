import { z } from "zod";
import { utcDatetime, wireDatetime } from "./datetime.ts";
import { identifier, jsonObject } from "./text.ts";

/** Longest id of a batch, essay, user, organisation or job. */
export const MAX_ID_LENGTH = 255;

/** The stages that system metadata can name. */
const PROCESSING_STAGES = [
  "pending",
  "initialized",
  "processing",
  "completed",
  "failed",
  "cancelled",
] as const;

/** `SystemProcessingMetadata` as other services send it. */
export const systemProcessingMetadataSchema = z.object({
  entity_id: identifier(MAX_ID_LENGTH),
  entity_type: identifier(100),
  parent_id: z.string().max(MAX_ID_LENGTH).nullable().default(null),
  timestamp: wireDatetime.optional(),
  processing_stage: z.enum(PROCESSING_STAGES).nullable().default(null),
  started_at: wireDatetime.nullable().default(null),
  completed_at: wireDatetime.nullable().default(null),
  event: z.string().max(200).nullable().default(null),
  error_info: jsonObject.default({}),
});
export type SystemProcessingMetadata = z.infer<typeof systemProcessingMetadataSchema>;

/** `StorageReferenceMetadata`: where the content service keeps texts, by content type such as `student_prompt_text`. */
export const storageReferenceMetadataSchema = z.object({
  references: z
    .record(
      z.string(),
      z.object({ storage_id: identifier(MAX_ID_LENGTH), path: z.string().max(1_000).default("") }),
    )
    .default({}),
});
export type StorageReferenceMetadata = z.infer<typeof storageReferenceMetadataSchema>;

/**
 * The fields that every published event starts with. `entity_id` and `entity_ref` are the same BOS batch id: readers
 * of both generations find it.
 */
export function publishedEventFields<const Name extends string>(eventName: Name) {
  return {
    event_name: z.literal(eventName),
    entity_id: identifier(MAX_ID_LENGTH),
    entity_ref: identifier(MAX_ID_LENGTH),
    entity_type: z.literal("batch"),
    parent_id: z.null().default(null),
    timestamp: utcDatetime,
  };
}

/** The rule that goes with {@link publishedEventFields}. */
export function namesOneEntity(event: { entity_id: string; entity_ref: string }): boolean {
  return event.entity_id === event.entity_ref;
}
/** What {@link namesOneEntity} says when it is broken. */
export const ONE_ENTITY_RULE = {
  path: ["entity_ref"],
  error: "expected the same BOS batch id as entity_id",
};

/** How many comparisons the batch planned and how many were judged. */
const resourceUsageSchema = z.strictObject({
  total_comparisons: z.int().nonnegative(),
  completed_comparisons: z.int().nonnegative(),
});

/** System metadata as this service publishes it: the original's fields and the totals of the older plan. */
export function publishedSystemMetadata<
  const Name extends string,
  const Stage extends (typeof PROCESSING_STAGES)[number],
  ErrorInfo extends z.ZodType,
>(eventName: Name, stage: Stage, errorInfo: ErrorInfo) {
  return z.strictObject({
    entity_id: identifier(MAX_ID_LENGTH),
    entity_type: z.literal("batch"),
    parent_id: z.null().default(null),
    timestamp: utcDatetime,
    processing_stage: z.literal(stage),
    started_at: utcDatetime.nullable(),
    completed_at: utcDatetime.nullable(),
    event: z.literal(eventName),
    error_info: errorInfo,
    source_service: identifier(200),
    processed_at: utcDatetime,
    processing_duration_seconds: z.number().nonnegative(),
    resource_usage: resourceUsageSchema,
  });
}
