import { createRoute } from "@hono/zod-openapi";
import { receiveEvents } from "../bus/event-intake.ts";
import { RECORD_MAX_BYTES, RECORDS_MAX, splitRecords } from "../bus/split-records.ts";
import { eventOutcomesSchema } from "../contracts/api/intake.ts";
import { errorFields, log } from "../observability/logger.ts";
import { requireSettings } from "../settings/settings.ts";
import type { App } from "./app-env.ts";
import { authenticate, securityOf } from "./authentication.ts";
import { answerUnavailable } from "./errors.ts";
import { MAX_EVENTS_REQUEST_BYTES } from "./limits.ts";
import { AUTHENTICATION_PROBLEMS, problem, problemResponse } from "./problem.ts";
import { limitBytes, requireMediaType } from "./request-body.ts";

/** Sink connectors differ in what they call JSON; the body is recognised by its content. */
const MEDIA_TYPES = [
  "application/json",
  "application/x-ndjson",
  "application/ndjson",
  "application/jsonl",
  "application/vnd.kafka.json.v2+json",
  "text/plain",
] as const;

const envelope = {
  type: "object",
  description: "an event envelope, or a bare LLMComparisonResultV1",
} as const;

const route = createRoute({
  method: "post",
  path: "/v1/events",
  operationId: "deliverEvents",
  summary: "Deliver events from Kafka",
  description:
    `Envelopes as a sink connector sends them: one object, a JSON array, or NDJSON, at most ${RECORDS_MAX} of ` +
    `${RECORD_MAX_BYTES / 1024 / 1024} MiB. One outcome per record, in order. A record that cannot be used becomes a dead letter and ` +
    "does not hold up its neighbours.",
  tags: ["Intake"],
  security: securityOf("events"),
  middleware: [
    authenticate("events"),
    limitBytes(MAX_EVENTS_REQUEST_BYTES),
    requireMediaType(...MEDIA_TYPES),
  ] as const,
  request: {
    body: {
      required: true,
      content: {
        "application/json": {
          schema: {
            oneOf: [envelope, { type: "array", items: envelope, minItems: 1, maxItems: RECORDS_MAX }],
          },
        },
        "application/x-ndjson": { schema: { type: "string", pattern: "\\S" } },
      },
    },
  },
  responses: {
    202: {
      description: "Every record is durably somewhere.",
      content: { "application/json": { schema: eventOutcomesSchema } },
    },
    400: problemResponse("malformed_body"),
    413: problemResponse("too_large", "too_many_records"),
    415: problemResponse("unsupported_media_type"),
    ...AUTHENTICATION_PROBLEMS,
  },
});

export function deliverEvents(app: App): void {
  app.openapi(route, async (c) => {
    const settings = requireSettings(c.env);
    const { text, replaced } = decode(await c.req.arrayBuffer());
    const split = splitRecords(text, replaced);
    if (split.kind === "problem") return problem(c, split.code, split.detail);
    try {
      const outcomes = await receiveEvents(c.env, settings, split.records);
      return c.json({ outcomes: [...outcomes] }, 202);
    } catch (error) {
      // Some records may be through already; all of them are recognised when they come again.
      log("error", "events_not_taken", { correlation_id: c.var.correlationId, ...errorFields(error) });
      return answerUnavailable(c);
    }
  });
}

/** One record that is not UTF-8 must not stop the others, so its bytes are replaced here and it is set aside later. */
function decode(bytes: ArrayBuffer): { readonly text: string; readonly replaced: boolean } {
  try {
    return {
      text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes),
      replaced: false,
    };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return {
      text: new TextDecoder("utf-8", { fatal: false, ignoreBOM: false }).decode(bytes),
      replaced: true,
    };
  }
}
