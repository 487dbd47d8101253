/** What judges and the event bus send in, and what they are told. */
import { z } from "@hono/zod-openapi";
import { comparisonResultSchema, type LlmComparisonResult } from "../comparison-result.ts";
import { envelopeOf, eventEnvelopeSchema, SUPPORTED_SCHEMA_VERSION } from "../envelope.ts";
import { dispatchEventType, INBOUND_EVENTS } from "../topics.ts";

/** How an envelope says that it brings a callback, for the API's description; {@link dispatchEventType} reads it. */
const { eventName: EVENT_NAME, topicSuffix } = INBOUND_EVENTS.comparison_result;
const EVENT_TYPE_PATTERN = `^(LLMComparisonResultV1|(.*\\.)?${topicSuffix.replaceAll(".", "\\.")})$`;

/** A copy, because a schema can be named in the API's description only if it is made after zod has learnt how. */
const namedResultSchema = comparisonResultSchema.clone().openapi("LLMComparisonResultV1", {
  oneOf: [
    { required: ["winner"], properties: { winner: { type: "string" }, error_detail: { type: "null" } } },
    {
      required: ["error_detail"],
      properties: { winner: { type: "null" }, error_detail: { type: "object" } },
    },
  ],
});
const { event_id, event_timestamp, schema_version, correlation_id } = eventEnvelopeSchema.shape;
const namedEnvelopeSchema = envelopeOf(namedResultSchema)
  .extend({
    // Nobody reads them here, so none is made up when it is missing.
    event_id: event_id.unwrap().optional(),
    event_timestamp: event_timestamp.unwrap().optional(),
    correlation_id: correlation_id.unwrap().optional(),
    schema_version: schema_version.clone().openapi({ maximum: SUPPORTED_SCHEMA_VERSION }),
  })
  .openapi("CallbackEnvelope", {
    anyOf: [
      { properties: { event_type: { pattern: EVENT_TYPE_PATTERN } } },
      {
        properties: { data: { required: ["event_name"], properties: { event_name: { const: EVENT_NAME } } } },
      },
    ],
  });

/** What a callback can look like, for the API's description. */
export const CALLBACK_FORMS = {
  LLMComparisonResultV1: namedResultSchema,
  CallbackEnvelope: namedEnvelopeSchema,
} as const;

/** Asks what an envelope brings before its data is read, because reading drops the `event_name` that may say so. */
const callbackEnvelopeSchema = z
  .looseObject({ event_type: eventEnvelopeSchema.shape.event_type, data: z.unknown() })
  .refine((envelope) => dispatchEventType(envelope) === "comparison_result", {
    path: ["event_type"],
    error: "expected LLMComparisonResultV1 or a topic that ends in llm_provider.comparison_result.v1",
  })
  .pipe(namedEnvelopeSchema)
  .refine((envelope) => envelope.schema_version <= SUPPORTED_SCHEMA_VERSION, {
    path: ["schema_version"],
    error: `expected at most ${SUPPORTED_SCHEMA_VERSION}`,
  });

/** One `LLMComparisonResultV1`, bare or in an event envelope; read as the bare result. */
export const callbackSchema = z
  .record(z.string(), z.unknown(), { error: "expected a JSON object" })
  .transform((body, context): LlmComparisonResult => {
    const parsed =
      "event_type" in body ? callbackEnvelopeSchema.safeParse(body) : comparisonResultSchema.safeParse(body);
    if (parsed.success) return "data" in parsed.data ? parsed.data.data : parsed.data;
    for (const { path, message } of parsed.error.issues) context.addIssue({ code: "custom", path, message });
    return z.NEVER;
  })
  .openapi("Callback", {
    oneOf: Object.keys(CALLBACK_FORMS).map((name) => ({ $ref: `#/components/schemas/${name}` })),
    description:
      "One `LLMComparisonResultV1`, bare or as the `data` of an event envelope. Exactly one of `winner` and `error_detail` " +
      "is given; `correlation_id` is the id of the comparison.",
    examples: [
      {
        request_id: "by-hand-1",
        correlation_id: "c0ffee00-0000-8000-8000-000000000001",
        winner: "essay_a",
        justification: "Clearer structure.",
        confidence: 4,
        provider: "human",
        model: "reader",
        response_time_ms: 0,
        cost_estimate: 0,
        requested_at: "2026-02-07T09:15:00Z",
        completed_at: "2026-02-07T09:16:00Z",
      },
    ],
  });

export const callbackOutcomeSchema = z
  .object({ outcome: z.enum(["applied", "duplicate", "late", "orphaned"]) })
  .openapi("CallbackOutcome");
export const callbackQueuedSchema = z.object({ outcome: z.literal("queued") }).openapi("CallbackQueued");

export const eventOutcomesSchema = z
  .object({
    outcomes: z.array(
      z.object({
        outcome: z.enum(["queued", "opened", "exists", "dead_lettered"]),
        batch_id: z.string().nullable(),
        event_id: z.string().nullable(),
        reason: z.string().nullable(),
        detail: z.string().nullable(),
      }),
    ),
  })
  .openapi("EventOutcomes");
