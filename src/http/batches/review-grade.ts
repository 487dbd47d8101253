import { createRoute, z } from "@hono/zod-openapi";
import { MAX_REVIEWS_PER_ESSAY } from "../../batch/commands/review-grade.ts";
import { rankedEssaySchema } from "../../contracts/api/results.ts";
import { MAX_GRADE_LENGTH } from "../../contracts/grade-scale.ts";
import { identifier } from "../../contracts/text.ts";
import { callBatch } from "../../objects/batch-client.ts";
import type { App } from "../app-env.ts";
import { authenticate, securityOf } from "../authentication.ts";
import { MAX_CALLBACK_BYTES } from "../limits.ts";
import { AUTHENTICATION_PROBLEMS, problem, problemResponse } from "../problem.ts";
import { limitBody, requireUtf8 } from "../request-body.ts";
import { answerMissing, batchParams, findBatch } from "./found-batch.ts";
import { rankedEssayOf } from "./results-body.ts";

const MAX_REVIEWER_LENGTH = 100;

const params = batchParams.extend({
  essay_id: z.string().openapi({ param: { name: "essay_id", in: "path" }, description: "the essay's id" }),
});

const body = z
  .object({
    reviewed_by: identifier(MAX_REVIEWER_LENGTH)
      .refine((name) => name.trim() !== "", { error: "expected a name that is not blank" })
      .openapi({ description: "who looked at the essay" }),
    grade: identifier(MAX_GRADE_LENGTH)
      .nullish()
      .openapi({ description: "the grade that it is to have; default: the claimed one stands" }),
  })
  .openapi("ReviewRequest");

const route = createRoute({
  method: "put",
  path: "/v1/batches/{id}/results/{essay_id}/review",
  operationId: "reviewGrade",
  summary: "Review a grade",
  description:
    "Records that a person has looked at an essay's grade, and which grade it is to have. The projected grade stays beside it. " +
    "The newest review counts, all of them are in the history; the same review twice is the same as once.",
  tags: ["Batches"],
  security: securityOf("batches", "admin"),
  middleware: [authenticate("batches", "admin"), limitBody(MAX_CALLBACK_BYTES), requireUtf8()] as const,
  request: { params, body: { required: true, content: { "application/json": { schema: body } } } },
  responses: {
    200: {
      description: "The essay with its review.",
      content: { "application/json": { schema: rankedEssaySchema } },
    },
    400: problemResponse("malformed_body", "too_deeply_nested"),
    404: problemResponse("batch_not_found", "essay_not_found"),
    409: problemResponse("results_not_ready", "no_results", "grade_not_reviewable", "too_many_reviews"),
    410: problemResponse("batch_gone"),
    413: problemResponse("too_large"),
    415: problemResponse("unsupported_media_type"),
    422: problemResponse("validation_failed", "unknown_grade"),
    ...AUTHENTICATION_PROBLEMS,
  },
});

export function reviewGrade(app: App): void {
  app.openapi(route, async (c) => {
    const { id, essay_id: essayId } = c.req.valid("param");
    const { reviewed_by: reviewedBy, grade } = c.req.valid("json");
    const batch = await findBatch(c, id);
    if (batch.kind !== "found") return answerMissing(c, id, batch);
    const { state, failure } = batch.overview;
    if (failure !== null) {
      return problem(
        c,
        "no_results",
        `Batch ${id} is ${state}, reason ${failure.reason}: ${failure.message}`,
      );
    }
    const request = { essayId, reviewedBy, grade: grade ?? null, caller: c.var.caller.name };
    const outcome = await callBatch(c.env, id, (object) => object.reviewGrade(request));
    if (outcome === null) return answerMissing(c, id, { kind: "gone" });
    switch (outcome.kind) {
      case "reviewed":
        return c.json(rankedEssayOf(outcome.essay, outcome.review), 200);
      case "not_ranked": {
        const detail = `Batch ${id} is ${state}: grades can be reviewed once it is COMPLETED.`;
        return problem(c, "results_not_ready", detail);
      }
      case "unknown_essay":
        return problem(
          c,
          "essay_not_found",
          `There is no essay ${JSON.stringify(essayId)} in the ranking of batch ${id}.`,
        );
      case "not_reviewable":
        return problem(c, "grade_not_reviewable", NOT_REVIEWABLE[outcome.why]);
      case "grade_expected": {
        const got = request.grade === null ? "none" : JSON.stringify(request.grade);
        const detail = `Expected grade to be one of ${outcome.grades.join(", ")}, got ${got}.`;
        return problem(c, "unknown_grade", detail);
      }
      case "too_many_reviews": {
        const detail = `The essay has ${MAX_REVIEWS_PER_ESSAY} reviews, which is the limit.`;
        return problem(c, "too_many_reviews", detail);
      }
    }
  });
}

const NOT_REVIEWABLE = {
  anchor: "The essay is an anchor: its grade came with the assignment.",
  no_grade_scale:
    "The batch was opened without an assignment, so it has no grade scale and its essays have no grades.",
} as const;
