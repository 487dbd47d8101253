import { createRoute, z } from "@hono/zod-openapi";
import { deriveBatchId } from "../../batch/batch-id.ts";
import {
  MAX_IDEMPOTENCY_KEY_LENGTH,
  openBatchReplySchema,
  openBatchRequestSchema,
} from "../../contracts/api/open-batch.ts";
import { findSnapshot } from "../../objects/assignment-snapshot.ts";
import { callBatch } from "../../objects/batch-client.ts";
import { randomBatchId } from "../../objects/open-request.ts";
import { requireSettings } from "../../settings/settings.ts";
import type { App } from "../app-env.ts";
import { authenticate, securityOf } from "../authentication.ts";
import { CORRELATION_HEADER, concernBatch } from "../correlation.ts";
import { MAX_BATCH_REQUEST_BYTES } from "../limits.ts";
import { linksTo } from "../operation-links.ts";
import { AUTHENTICATION_PROBLEMS, problem, problemResponse } from "../problem.ts";
import { limitBody, requireUtf8 } from "../request-body.ts";
import { linksOf } from "./batch-body.ts";
import { findRefusal, toOpenRequest } from "./open-request.ts";

const headers = z.object({
  "idempotency-key": z
    .string()
    .min(1)
    .max(MAX_IDEMPOTENCY_KEY_LENGTH)
    .optional()
    .openapi({ description: "the caller's own name for this request: sent again, it finds the same batch" }),
});

const route = createRoute({
  method: "post",
  path: "/v1/batches",
  operationId: "openBatch",
  summary: "Open a batch",
  description:
    "Opens a batch of essays to be compared, inline or by reference, and answers at once. With an `Idempotency-Key` the " +
    "same request always reaches the same batch; without one every request opens a new batch.",
  tags: ["Batches"],
  security: securityOf("batches"),
  middleware: [authenticate("batches"), limitBody(MAX_BATCH_REQUEST_BYTES), requireUtf8()] as const,
  request: {
    headers,
    body: { required: true, content: { "application/json": { schema: openBatchRequestSchema } } },
  },
  responses: {
    202: {
      description: "The batch is open, or was opened before by the same request.",
      headers: z.object({ Location: z.string(), [CORRELATION_HEADER]: z.string() }),
      links: linksTo("$response.body#/batch_id", [
        "readBatch",
        "readResults",
        "readComparisons",
        "nextComparison",
        "readHistory",
        "readEvents",
        "republishEvents",
        "cancelBatch",
        "eraseBatch",
      ]),
      content: { "application/json": { schema: openBatchReplySchema } },
    },
    400: problemResponse("malformed_body", "too_deeply_nested"),
    410: problemResponse("batch_gone"),
    413: problemResponse("too_large"),
    415: problemResponse("unsupported_media_type"),
    422: problemResponse(
      "validation_failed",
      "idempotency_conflict",
      "comparisons_not_plannable",
      "judge_unavailable",
      "content_service_not_configured",
      "unknown_assignment",
    ),
    ...AUTHENTICATION_PROBLEMS,
  },
});

export function openBatch(app: App): void {
  app.openapi(route, async (c) => {
    const settings = requireSettings(c.env);
    const request = c.req.valid("json");
    const idempotencyKey = c.req.valid("header")["idempotency-key"];
    const caller = c.var.caller.name;
    if (request.correlation_id) c.set("correlationId", request.correlation_id);

    const batchId =
      idempotencyKey === undefined
        ? randomBatchId()
        : await deriveBatchId({ source: "http", caller, idempotencyKey });
    const assignment = await findSnapshot(c.env, caller, request.assignment_id ?? null);
    const refusal = findRefusal(settings, request, assignment);
    const mayBeKnown = idempotencyKey !== undefined;
    if (refusal !== null && !(mayBeKnown && (await isKnown(c.env, batchId)))) {
      return problem(c, refusal.code, refusal.detail);
    }

    const openRequest = await toOpenRequest(settings, request, assignment, {
      batchId,
      caller,
      correlationId: c.var.correlationId,
      now: Date.now(),
    });
    const outcome = await callBatch(c.env, batchId, (batch) => batch.openBatch(openRequest));
    switch (outcome.kind) {
      case "opened":
      case "exists": {
        const { state } = outcome.overview;
        concernBatch(c, outcome.overview);
        const links = linksOf(batchId);
        c.header("Location", links.self);
        return c.json({ batch_id: batchId, state, links }, 202);
      }
      case "conflict":
        return problem(
          c,
          "idempotency_conflict",
          `Batch ${batchId} was opened under this Idempotency-Key with different content: use a new key.`,
        );
      case "gone":
        return problem(
          c,
          "batch_gone",
          `Batch ${batchId}, which this request opened, was erased: use a new Idempotency-Key.`,
        );
    }
  });
}

/**
 * Whether the batch was opened before. What has been taken once is found again, even where the deployment has changed since
 * and would refuse it now.
 */
async function isKnown(env: Env, batchId: string): Promise<boolean> {
  const overview = await callBatch(env, batchId, (batch) => batch.overview());
  return overview !== null || (await callBatch(env, batchId, (batch) => batch.erased())) !== null;
}
