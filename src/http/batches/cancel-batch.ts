import { createRoute } from "@hono/zod-openapi";
import { batchSchema } from "../../contracts/api/batch.ts";
import { callBatch } from "../../objects/batch-client.ts";
import type { App } from "../app-env.ts";
import { authenticate, securityOf } from "../authentication.ts";
import { AUTHENTICATION_PROBLEMS, problem, problemResponse } from "../problem.ts";
import { batchBodyOf } from "./batch-body.ts";
import { answerMissing, batchParams, findBatch } from "./found-batch.ts";

const route = createRoute({
  method: "post",
  path: "/v1/batches/{id}/cancel",
  operationId: "cancelBatch",
  summary: "Cancel a batch",
  description:
    "Stops an open batch. Its failed event is published with the reason `cancelled`. Cancelling twice is the same as once.",
  tags: ["Batches"],
  security: securityOf("batches", "admin"),
  middleware: [authenticate("batches", "admin")] as const,
  request: { params: batchParams },
  responses: {
    200: {
      description: "The batch, now `CANCELLED`.",
      content: { "application/json": { schema: batchSchema } },
    },
    404: problemResponse("batch_not_found"),
    409: problemResponse("batch_already_ended"),
    410: problemResponse("batch_gone"),
    ...AUTHENTICATION_PROBLEMS,
  },
});

export function cancelBatch(app: App): void {
  app.openapi(route, async (c) => {
    const { id } = c.req.valid("param");
    const batch = await findBatch(c, id);
    if (batch.kind !== "found") return answerMissing(c, id, batch);
    const reply = await callBatch(c.env, id, (object) => object.cancelBatch());
    if (reply === null) return answerMissing(c, id, { kind: "gone" });
    switch (reply.outcome) {
      case "cancelled":
      case "already_cancelled":
        return c.json(batchBodyOf(reply.overview), 200);
      case "already_ended":
        return problem(
          c,
          "batch_already_ended",
          `Batch ${id} is ${reply.overview.state} and cannot be cancelled.`,
        );
    }
  });
}
