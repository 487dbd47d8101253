import { createRoute } from "@hono/zod-openapi";
import { historySchema } from "../../contracts/api/audit-trail.ts";
import { toWireDatetime } from "../../contracts/datetime.ts";
import { callBatch } from "../../objects/batch-client.ts";
import type { App } from "../app-env.ts";
import { authenticate, securityOf } from "../authentication.ts";
import { AUTHENTICATION_PROBLEMS, problemResponse } from "../problem.ts";
import { answerMissing, batchParams, findBatch } from "./found-batch.ts";

const route = createRoute({
  method: "get",
  path: "/v1/batches/{id}/history",
  operationId: "readHistory",
  summary: "Read the history",
  description:
    "Every transition of the batch's state, in order: from, to, why and when; and every review of a grade.",
  tags: ["Audit trail"],
  security: securityOf("batches", "admin"),
  middleware: [authenticate("batches", "admin")] as const,
  request: { params: batchParams },
  responses: {
    200: { description: "The history.", content: { "application/json": { schema: historySchema } } },
    404: problemResponse("batch_not_found"),
    410: problemResponse("batch_gone"),
    ...AUTHENTICATION_PROBLEMS,
  },
});

export function readHistory(app: App): void {
  app.openapi(route, async (c) => {
    const { id } = c.req.valid("param");
    const batch = await findBatch(c, id);
    if (batch.kind !== "found") return answerMissing(c, id, batch);
    const entries = await callBatch(c.env, id, (object) => object.history());
    const history = entries.map(({ from, to, reason, at }) => ({ from, to, reason, at: toWireDatetime(at) }));
    const reviews = (await callBatch(c.env, id, (object) => object.reviews())).map(
      ({ essayId, reviewedBy, grade, at }) => ({
        essay_id: essayId,
        reviewed_by: reviewedBy,
        grade,
        at: toWireDatetime(at),
      }),
    );
    return c.json({ batch_id: id, history, reviews }, 200);
  });
}
