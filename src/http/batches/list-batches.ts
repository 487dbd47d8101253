import { createRoute, z } from "@hono/zod-openapi";
import { batchListSchema, batchStateSchema, type ListedBatch } from "../../contracts/api/batch.ts";
import { toWireDatetime } from "../../contracts/datetime.ts";
import { listBatchesQuery } from "../../results/batch-queries.ts";
import { openDatabase } from "../../results/database.ts";
import type { BatchRow } from "../../results/picture.ts";
import type { App, Caller } from "../app-env.ts";
import { authenticate, securityOf } from "../authentication.ts";
import { MAX_PAGE_SIZE } from "../limits.ts";
import { cursorSchema, pageOf, wholeNumber } from "../paging.ts";
import { AUTHENTICATION_PROBLEMS, problemResponse } from "../problem.ts";
import { linksOf, toWireOrNull } from "./batch-body.ts";

const query = z.strictObject({
  state: batchStateSchema.optional(),
  limit: wholeNumber({ min: 1, max: MAX_PAGE_SIZE, fallback: 20 }),
  cursor: cursorSchema.optional(),
});

const route = createRoute({
  method: "get",
  path: "/v1/batches",
  operationId: "listBatches",
  summary: "List batches",
  description:
    "The caller's batches, newest first; with the scope `admin` everybody's. Counters are as of each batch's last transition.",
  tags: ["Batches"],
  security: securityOf("batches", "admin"),
  middleware: [authenticate("batches", "admin")] as const,
  request: { query },
  responses: {
    200: { description: "One page.", content: { "application/json": { schema: batchListSchema } } },
    422: problemResponse("validation_failed"),
    ...AUTHENTICATION_PROBLEMS,
  },
});

export function listBatches(app: App): void {
  app.openapi(route, async (c) => {
    const { state, limit, cursor } = c.req.valid("query");
    const rows = await listBatchesQuery(openDatabase(c.env.DB), {
      caller: visibleTo(c.var.caller),
      state: state ?? null,
      limit: limit + 1,
      after: cursor === undefined ? null : { createdAt: cursor.createdAt, batchId: cursor.id },
    });
    const { page, nextCursor } = pageOf(rows, limit, ({ createdAt, batchId }) => ({
      createdAt,
      id: batchId,
    }));
    return c.json({ batches: page.map(listedBatchOf), next_cursor: nextCursor }, 200);
  });
}

/** @returns whose batches the caller sees; null for everybody's */
function visibleTo(caller: Caller): string | null {
  return caller.scopes.includes("admin") ? null : caller.name;
}

function listedBatchOf(row: BatchRow): ListedBatch {
  return {
    batch_id: row.batchId,
    caller: row.caller,
    state: batchStateSchema.parse(row.state),
    bos_batch_id: row.bosBatchId,
    correlation_id: row.correlationId,
    judge: row.judge,
    assignment_id: row.assignmentId,
    essay_count: row.essayCount,
    total_comparisons: row.totalComparisons,
    completed_comparisons: row.completedComparisons,
    failed_comparisons: row.failedComparisons,
    pending_comparisons: row.pendingComparisons,
    partial_scoring_triggered: row.partialScoringTriggered,
    forced_recovery: row.forcedRecovery,
    stop_reason: row.stopReason,
    failure_reason: row.failureReason,
    created_at: toWireDatetime(row.createdAt),
    updated_at: toWireDatetime(row.updatedAt),
    completed_at: toWireOrNull(row.completedAt),
    links: linksOf(row.batchId),
  };
}
