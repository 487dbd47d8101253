import { createRoute } from "@hono/zod-openapi";
import { receiveCallbacks } from "../bus/callback-intake.ts";
import {
  CALLBACK_FORMS,
  callbackOutcomeSchema,
  callbackQueuedSchema,
  callbackSchema,
} from "../contracts/api/intake.ts";
import { requireSettings } from "../settings/settings.ts";
import type { App } from "./app-env.ts";
import { securityOf } from "./authentication.ts";
import { MAX_CALLBACK_BYTES } from "./limits.ts";
import { AUTHENTICATION_PROBLEMS, problemResponse } from "./problem.ts";
import { limitBody, requireUtf8 } from "./request-body.ts";
import { authenticateCallback } from "./webhook-signature.ts";

/** The route's name in dead letters. */
const SOURCE = "/v1/callbacks";

const route = createRoute({
  method: "post",
  path: "/v1/callbacks",
  operationId: "receiveCallback",
  summary: "Deliver a verdict",
  description:
    "One `LLMComparisonResultV1`, bare or in an event envelope, by a key with the scope `callbacks` or signed as Standard " +
    "Webhooks has it. Delivering it twice is harmless. An id that belongs to no comparison is answered `orphaned` and kept " +
    "as a dead letter.",
  tags: ["Intake"],
  security: [...securityOf("callbacks"), { webhookSignature: [] }],
  middleware: [limitBody(MAX_CALLBACK_BYTES), authenticateCallback(), requireUtf8()] as const,
  request: { body: { required: true, content: { "application/json": { schema: callbackSchema } } } },
  responses: {
    200: {
      description: "What became of the verdict.",
      content: { "application/json": { schema: callbackOutcomeSchema } },
    },
    202: {
      description: "The batch could not be reached at once; the verdict is queued for it.",
      content: { "application/json": { schema: callbackQueuedSchema } },
    },
    400: problemResponse("malformed_body", "too_deeply_nested"),
    413: problemResponse("too_large"),
    415: problemResponse("unsupported_media_type"),
    422: problemResponse("validation_failed"),
    ...AUTHENTICATION_PROBLEMS,
  },
});

export function receiveCallback(app: App): void {
  for (const [name, schema] of Object.entries(CALLBACK_FORMS)) app.openAPIRegistry.register(name, schema);
  app.openapi(route, async (c) => {
    const [outcome] = await receiveCallbacks(c.env, requireSettings(c.env), [c.req.valid("json")], SOURCE);
    return outcome === "queued" ? c.json({ outcome }, 202) : c.json({ outcome }, 200);
  });
}
