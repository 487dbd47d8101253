import { z } from "zod";
import { utcDatetime } from "./datetime.ts";
import {
  MAX_ID_LENGTH,
  namesOneEntity,
  ONE_ENTITY_RULE,
  publishedEventFields,
} from "./processing-metadata.ts";
import { identifier } from "./text.ts";

/** `ResourceConsumptionV1`: what to bill. `quantity` counts comparisons that were really judged. */
export const resourceConsumptionSchema = z
  .strictObject({
    ...publishedEventFields("resource.consumption.reported"),
    user_id: identifier(MAX_ID_LENGTH),
    org_id: z.string().max(MAX_ID_LENGTH).nullable(),
    resource_type: z.literal("cj_comparison"),
    quantity: z.int().nonnegative(),
    service_name: identifier(200),
    processing_id: identifier(MAX_ID_LENGTH),
    consumed_at: utcDatetime,
  })
  .refine(namesOneEntity, ONE_ENTITY_RULE);
