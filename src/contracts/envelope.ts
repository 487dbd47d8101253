import { z } from "zod";
import { toWireDatetime, wireDatetime } from "./datetime.ts";
import { identifier, jsonObject, wireUuid } from "./text.ts";

/** The version of every message in this folder. A higher one may mean something else and is for the caller to refuse. */
export const SUPPORTED_SCHEMA_VERSION = 1;

/**
 * The envelope around every event. `data` is any JSON value and is read in a second step, once the event's
 * type is known. Missing ids and times are made up here, as the original does, so that an envelope written by hand
 * can be read; an absent `correlation_id` therefore differs at every reading.
 */
export const eventEnvelopeSchema = z.object({
  event_id: wireUuid.default(() => crypto.randomUUID()),
  event_type: identifier(200),
  event_timestamp: wireDatetime.default(() => toWireDatetime(Date.now())),
  source_service: identifier(200),
  schema_version: z.int().positive().default(1),
  correlation_id: wireUuid.default(() => crypto.randomUUID()),
  data_schema_uri: z.string().max(2_000).nullable().default(null),
  data: z.unknown().refine((data) => data !== undefined, { error: "expected the event's data, got nothing" }),
  metadata: jsonObject.nullable().default(null),
});
export type EventEnvelope = z.infer<typeof eventEnvelopeSchema>;

/** The envelope around data of one known kind. */
export function envelopeOf<Data extends z.ZodType>(dataSchema: Data) {
  return eventEnvelopeSchema.extend({ data: dataSchema });
}
