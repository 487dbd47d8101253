import { createRoute } from "@hono/zod-openapi";
import { callBatch } from "../../objects/batch-client.ts";
import type { App } from "../app-env.ts";
import { authenticate, securityOf } from "../authentication.ts";
import { AUTHENTICATION_PROBLEMS, problemResponse } from "../problem.ts";
import { answerMissing, batchParams, findBatch } from "./found-batch.ts";

const route = createRoute({
  method: "delete",
  path: "/v1/batches/{id}",
  operationId: "eraseBatch",
  summary: "Erase a batch",
  description:
    "Removes the batch with everything that is stored about it, for good; an open batch is cancelled first. A tombstone without " +
    "content remains. Erasing twice is the same as once.",
  tags: ["Batches"],
  security: securityOf("batches", "admin"),
  middleware: [authenticate("batches", "admin")] as const,
  request: { params: batchParams },
  responses: {
    204: { description: "The batch is erased." },
    404: problemResponse("batch_not_found"),
    ...AUTHENTICATION_PROBLEMS,
  },
});

export function eraseBatch(app: App): void {
  app.openapi(route, async (c) => {
    const { id } = c.req.valid("param");
    const batch = await findBatch(c, id);
    if (batch.kind === "unknown") return answerMissing(c, id, batch);
    if (batch.kind === "found") await callBatch(c.env, id, (object) => object.eraseBatch());
    return c.body(null, 204);
  });
}
