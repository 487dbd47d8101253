import { createRoute } from "@hono/zod-openapi";
import { publishedEventsSchema } from "../../contracts/api/audit-trail.ts";
import { toWireDatetime } from "../../contracts/datetime.ts";
import { callBatch } from "../../objects/batch-client.ts";
import type { EventRow } from "../../objects/outbox.ts";
import type { App } from "../app-env.ts";
import { authenticate, securityOf } from "../authentication.ts";
import { AUTHENTICATION_PROBLEMS, problemResponse } from "../problem.ts";
import { toWireOrNull } from "./batch-body.ts";
import { answerMissing, batchParams, findBatch } from "./found-batch.ts";

const route = createRoute({
  method: "get",
  path: "/v1/batches/{id}/events",
  operationId: "readEvents",
  summary: "Read the events",
  description:
    "What was or will be published about the batch, with the envelope as it goes out. `kept` means that no Kafka bridge is " +
    "configured, `dead` that publishing was given up.",
  tags: ["Audit trail"],
  security: securityOf("batches", "admin"),
  middleware: [authenticate("batches", "admin")] as const,
  request: { params: batchParams },
  responses: {
    200: {
      description: "The events, in order.",
      content: { "application/json": { schema: publishedEventsSchema } },
    },
    404: problemResponse("batch_not_found"),
    410: problemResponse("batch_gone"),
    ...AUTHENTICATION_PROBLEMS,
  },
});

export function readEvents(app: App): void {
  app.openapi(route, async (c) => {
    const { id } = c.req.valid("param");
    const batch = await findBatch(c, id);
    if (batch.kind !== "found") return answerMissing(c, id, batch);
    const rows = await callBatch(c.env, id, (object) => object.events());
    return c.json({ batch_id: id, events: rows.map(eventBodyOf) }, 200);
  });
}

function eventBodyOf({ seq, status, attempts, createdAt, publishedAt, note, event }: EventRow) {
  return {
    seq,
    name: event.name,
    event_id: event.eventId,
    topic: event.topic,
    key: event.key,
    status,
    attempts,
    created_at: toWireDatetime(createdAt),
    published_at: toWireOrNull(publishedAt),
    note,
    envelope: event.envelope,
  };
}
