import { createRoute, z } from "@hono/zod-openapi";
import { accepts } from "hono/accepts";
import { BATCH_ID_PATTERN } from "../../batch/batch-id.ts";
import { type ResultsBody, rankingSummarySchema, resultsSchema } from "../../contracts/api/results.ts";
import { callBatch } from "../../objects/batch-client.ts";
import type { Overview } from "../../objects/views.ts";
import { errorFields, log } from "../../observability/logger.ts";
import { findCompleted } from "../../results/batch-queries.ts";
import { openDatabase } from "../../results/database.ts";
import type { App, AppContext } from "../app-env.ts";
import { authenticate, maySee, securityOf } from "../authentication.ts";
import { concernBatch } from "../correlation.ts";
import { AUTHENTICATION_PROBLEMS, problem, problemResponse, RETRY_AFTER_SECONDS } from "../problem.ts";
import { answerMissing, batchParams, findBatch } from "./found-batch.ts";
import { rankingBodyOf, storedEssayOf } from "./results-body.ts";
import { toCsv } from "./results-csv.ts";

const query = z.strictObject({
  format: z
    .enum(["json", "csv"])
    .optional()
    .openapi({ description: "instead of an Accept header, for links that a browser opens" }),
});

const route = createRoute({
  method: "get",
  path: "/v1/batches/{id}/results",
  operationId: "readResults",
  summary: "Read the ranking",
  description:
    "The ranking with scores and standard errors in logits, as JSON or CSV (`Accept: text/csv` or `?format=csv`). While " +
    "verdicts are still awaited it is marked `provisional`.",
  tags: ["Batches"],
  security: securityOf("batches", "admin"),
  middleware: [authenticate("batches", "admin")] as const,
  request: { params: batchParams, query },
  responses: {
    200: {
      description: "The ranking, best essay first.",
      content: {
        "application/json": { schema: resultsSchema },
        "text/csv": { schema: z.string() },
      },
    },
    404: problemResponse("batch_not_found"),
    409: problemResponse("results_not_ready", "no_results"),
    410: problemResponse("batch_gone"),
    422: problemResponse("validation_failed"),
    ...AUTHENTICATION_PROBLEMS,
  },
});

export function readResults(app: App): void {
  app.openapi(route, async (c) => {
    const { id } = c.req.valid("param");
    const finished = await findFinished(c, id);
    if (finished !== null) return answer(c, finished);

    const batch = await findBatch(c, id);
    if (batch.kind !== "found") return answerMissing(c, id, batch);
    const { overview } = batch;
    if (overview.failure !== null) return answerNoResults(c, overview, overview.failure);
    const ranking = await callBatch(c.env, id, (object) => object.ranking());
    if (ranking === null) return answerNotReady(c, overview);
    const reviews = await callBatch(c.env, id, (object) => object.reviews());
    return answer(c, { batch_id: id, state: overview.state, ...rankingBodyOf(ranking, reviews) });
  });
}

/**
 * The final ranking as D1 holds it, which costs the batch's object nothing; null when D1 does not have it (yet), or does not
 * answer: the object knows it as well.
 */
async function findFinished(c: AppContext, batchId: string): Promise<ResultsBody | null> {
  if (!BATCH_ID_PATTERN.test(batchId)) return null;
  const finished = await findCompleted(openDatabase(c.env.DB), batchId).catch((error) => {
    log("warn", "results_not_read_from_database", {
      correlation_id: c.var.correlationId,
      ...errorFields(error),
    });
    return undefined;
  });
  if (finished === undefined || !maySee(c.var.caller, finished.batch.caller)) return null;
  const { rankingSummary } = finished.batch;
  if (rankingSummary === null) return null;
  concernBatch(c, finished.batch);
  return {
    batch_id: batchId,
    state: "COMPLETED",
    ...rankingSummarySchema.parse(JSON.parse(rankingSummary)),
    rankings: finished.results.map(storedEssayOf),
  };
}

function answer(c: AppContext, results: ResultsBody) {
  c.header("Vary", "Accept");
  if (!wantsCsv(c)) return c.json(results, 200);
  const name = `${results.batch_id}-${results.provisional ? "provisional" : "results"}.csv`;
  c.header("Content-Type", "text/csv; charset=utf-8; header=present");
  c.header("Content-Disposition", `attachment; filename="${name}"`);
  return c.body(toCsv(results.rankings));
}

function wantsCsv(c: AppContext): boolean {
  const format = c.req.query("format");
  if (format !== undefined) return format === "csv";
  const supports = ["application/json", "text/csv"];
  return accepts(c, { header: "Accept", supports, default: "application/json" }) === "text/csv";
}

function answerNoResults(c: AppContext, overview: Overview, failure: NonNullable<Overview["failure"]>) {
  const detail = `Batch ${overview.batchId} is ${overview.state}, reason ${failure.reason}: ${failure.message}`;
  return problem(c, "no_results", detail);
}

function answerNotReady(c: AppContext, overview: Overview) {
  const { batchId, state, completedComparisons, totalComparisons } = overview;
  const progress = `${completedComparisons} of ${totalComparisons} comparisons are judged`;
  return problem(c, "results_not_ready", `Batch ${batchId} is ${state}: ${progress}. Ask again later.`, {
    headers: { "Retry-After": String(RETRY_AFTER_SECONDS) },
  });
}
