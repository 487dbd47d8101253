import { createRoute, z } from "@hono/zod-openapi";
import { BATCH_STATES, FAILURE_REASONS } from "../batch/batch.ts";
import { readSourceStatus } from "../bus/kafka-source/source-status.ts";
import { EVENT_STATUSES } from "../objects/outbox.ts";
import { METRICS_CONTENT_TYPE, renderMetrics } from "../observability/metrics.ts";
import {
  batchTotalsQuery,
  deadLetterTotalsQuery,
  eventTotalsQuery,
  failureTotalsQuery,
  overdueBatchesQuery,
} from "../results/batch-queries.ts";
import { openDatabase } from "../results/database.ts";
import { DEAD_LETTER_REASONS } from "../results/dead-letters.ts";
import { requireSettings } from "../settings/settings.ts";
import type { App } from "./app-env.ts";
import { authenticate, securityOf } from "./authentication.ts";
import { AUTHENTICATION_PROBLEMS } from "./problem.ts";

/** An alarm that is later than this is not just late: two rounds of the sweep have failed to wake its batch. */
const STUCK_AFTER_MS = 10 * 60_000;
/** Batches counted as stuck at most: beyond it the number says no more. */
const STUCK_MAX = 1_000;

/** A series that is missing until its first event cannot be alerted on: what has not happened yet is shown as zero. */
const NO_BATCHES = { batches: 0, completed: 0, failed: 0, pending: 0, recovered: 0 };

const route = createRoute({
  method: "get",
  path: "/metrics",
  operationId: "readMetrics",
  summary: "Metrics",
  description:
    "Counted over all batches in the database, in Prometheus text format; the same whichever isolate answers. Needs the scope `admin`.",
  tags: ["Operation"],
  security: securityOf("admin"),
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
    const totals = {
      batches: BATCH_STATES.map(
        (state) => batches.find((row) => row.state === state) ?? { ...NO_BATCHES, state },
      ),
      failures: FAILURE_REASONS.map(
        (reason) => failures.find((row) => row.reason === reason) ?? { reason, batches: 0 },
      ),
      events: EVENT_STATUSES.map(
        (status) => events.find((row) => row.status === status) ?? { status, events: 0 },
      ),
      deadLetters: DEAD_LETTER_REASONS.map(
        (reason) => deadLetters.find((row) => row.reason === reason) ?? { reason, letters: 0 },
      ),
      stuckBatches: stuck.length,
      kafkaSource: await readSourceStatus(c.env, requireSettings(c.env)),
    };
    return c.text(renderMetrics(totals), 200, { "Content-Type": METRICS_CONTENT_TYPE });
  });
}
