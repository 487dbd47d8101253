import { createRoute } from "@hono/zod-openapi";
import { republishedEventsSchema } from "../../contracts/api/audit-trail.ts";
import { callBatch } from "../../objects/batch-client.ts";
import type { App } from "../app-env.ts";
import { authenticate, securityOf } from "../authentication.ts";
import { AUTHENTICATION_PROBLEMS, problemResponse } from "../problem.ts";
import { answerMissing, batchParams, findBatch } from "./found-batch.ts";

const route = createRoute({
  method: "post",
  path: "/v1/batches/{id}/events/republish",
  operationId: "republishEvents",
  summary: "Publish kept and dead events",
  description:
    "Puts the batch's events that were kept for want of a Kafka bridge, or given up, back in line. Those that were published stay " +
    "as they are, and every event keeps its `event_id`. Needs the scope `admin`.",
  tags: ["Operation"],
  security: securityOf("admin"),
  middleware: [authenticate("admin")] as const,
  request: { params: batchParams },
  responses: {
    202: {
      description: "How many events are in line again.",
      content: { "application/json": { schema: republishedEventsSchema } },
    },
    404: problemResponse("batch_not_found"),
    410: problemResponse("batch_gone"),
    ...AUTHENTICATION_PROBLEMS,
  },
});

export function republishEvents(app: App): void {
  app.openapi(route, async (c) => {
    const { id } = c.req.valid("param");
    const batch = await findBatch(c, id);
    if (batch.kind !== "found") return answerMissing(c, id, batch);
    const revived = await callBatch(c.env, id, (object) => object.reviveEvents());
    return c.json({ batch_id: id, requeued: revived }, 202);
  });
}
