import { OpenAPIHono } from "@hono/zod-openapi";
import { methodNotAllowed } from "hono/method-not-allowed";
import type { App, AppEnv } from "./app-env.ts";
import { createAssignment } from "./assignments/create-assignment.ts";
import { deleteAssignment } from "./assignments/delete-assignment.ts";
import { listAssignments } from "./assignments/list-assignments.ts";
import { readAssignment } from "./assignments/read-assignment.ts";
import { cancelBatch } from "./batches/cancel-batch.ts";
import { eraseBatch } from "./batches/erase-batch.ts";
import { listBatches } from "./batches/list-batches.ts";
import { openBatch } from "./batches/open-batch.ts";
import { readBatch } from "./batches/read-batch.ts";
import { readComparisons } from "./batches/read-comparisons.ts";
import { readEvents } from "./batches/read-events.ts";
import { readHistory } from "./batches/read-history.ts";
import { readResults } from "./batches/read-results.ts";
import { republishEvents } from "./batches/republish-events.ts";
import { reviewGrade } from "./batches/review-grade.ts";
import { receiveCallback } from "./callbacks.ts";
import { correlation } from "./correlation.ts";
import { listDeadLetters } from "./dead-letters/list-dead-letters.ts";
import { readDeadLetter } from "./dead-letters/read-dead-letter.ts";
import { replayDeadLetter } from "./dead-letters/replay-dead-letter.ts";
import { docs } from "./docs.ts";
import { errorPages } from "./error-page.ts";
import { answerError, answerMethodNotAllowed, answerNotFound, refuseInvalid } from "./errors.ts";
import { deliverEvents } from "./events.ts";
import { health } from "./health.ts";
import { nextComparison } from "./judging/next-comparison.ts";
import { recordChoice } from "./judging/record-choice.ts";
import { metrics } from "./metrics.ts";
import { forbidStoring, securityHeaders } from "./security-headers.ts";

const ROUTES: readonly ((app: App) => void)[] = [
  openBatch,
  listBatches,
  readBatch,
  readResults,
  readComparisons,
  readHistory,
  readEvents,
  republishEvents,
  reviewGrade,
  cancelBatch,
  eraseBatch,
  nextComparison,
  recordChoice,
  createAssignment,
  listAssignments,
  readAssignment,
  deleteAssignment,
  receiveCallback,
  deliverEvents,
  listDeadLetters,
  readDeadLetter,
  replayDeadLetter,
  health,
  metrics,
  errorPages,
  docs,
];

/** The HTTP API: what holds for every request, then one file per route. */
export function createApp(): App {
  const app = new OpenAPIHono<AppEnv>({ defaultHook: refuseInvalid });
  app.use(correlation());
  app.use(securityHeaders());
  app.use("/v1/*", forbidStoring());
  app.use(methodNotAllowed({ app, onMethodNotAllowed: answerMethodNotAllowed }));
  for (const route of ROUTES) route(app);
  app.notFound(answerNotFound);
  app.onError(answerError);
  return app;
}
