import { createRoute } from "@hono/zod-openapi";
import { batchSchema } from "../../contracts/api/batch.ts";
import type { App } from "../app-env.ts";
import { authenticate, securityOf } from "../authentication.ts";
import { AUTHENTICATION_PROBLEMS, problemResponse } from "../problem.ts";
import { batchBodyOf } from "./batch-body.ts";
import { answerMissing, batchParams, findBatch } from "./found-batch.ts";

const route = createRoute({
  method: "get",
  path: "/v1/batches/{id}",
  operationId: "readBatch",
  summary: "Read a batch",
  description: "State, counters, progress, configuration and times, as the batch's object knows them now.",
  tags: ["Batches"],
  security: securityOf("batches", "admin"),
  middleware: [authenticate("batches", "admin")] as const,
  request: { params: batchParams },
  responses: {
    200: { description: "The batch.", content: { "application/json": { schema: batchSchema } } },
    404: problemResponse("batch_not_found"),
    410: problemResponse("batch_gone"),
    ...AUTHENTICATION_PROBLEMS,
  },
});

export function readBatch(app: App): void {
  app.openapi(route, async (c) => {
    const { id } = c.req.valid("param");
    const batch = await findBatch(c, id);
    if (batch.kind !== "found") return answerMissing(c, id, batch);
    return c.json(batchBodyOf(batch.overview), 200);
  });
}
