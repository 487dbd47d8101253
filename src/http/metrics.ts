import { createRoute, z } from "@hono/zod-openapi";
import { METRICS_CONTENT_TYPE, renderMetrics } from "../observability/metrics.ts";
import {
  batchTotalsQuery,
  deadLetterTotalsQuery,
  eventTotalsQuery,
  failureTotalsQuery,
  overdueBatchesQuery,
} from "../results/batch-queries.ts";
import { openDatabase } from "../results/database.ts";
import type { App } from "./app-env.ts";
import { authenticate } from "./authentication.ts";
import { AUTHENTICATION_PROBLEMS } from "./problem.ts";

/** An alarm that is later than this is not just late: two rounds of the sweep have failed to wake its batch. */
const STUCK_AFTER_MS = 10 * 60_000;
/** Batches counted as stuck at most: beyond it the number says no more. */
const STUCK_MAX = 1_000;

const route = createRoute({
  method: "get",
  path: "/metrics",
  summary: "Metrics",
  description:
    "Counted over all batches in the database, in Prometheus text format; the same whichever isolate answers. Needs the scope `admin`.",
  tags: ["Operation"],
  middleware: [authenticate("admin")] as const,
  responses: {
    200: { description: "The metrics.", content: { "text/plain": { schema: z.string() } } },
    ...AUTHENTICATION_PROBLEMS,
  },
});

export function metrics(app: App): void {
  app.openapi(route, async (c) => {
    const db = openDatabase(c.env.DB);
    const [batches, failures, events, deadLetters, stuck] = await db.batch([
      batchTotalsQuery(db),
      failureTotalsQuery(db),
      eventTotalsQuery(db),
      deadLetterTotalsQuery(db),
      overdueBatchesQuery(db, Date.now() - STUCK_AFTER_MS, STUCK_MAX),
    ]);
    c.header("Content-Type", METRICS_CONTENT_TYPE);
    return c.text(renderMetrics({ batches, failures, events, deadLetters, stuckBatches: stuck.length }), 200);
  });
}
