import { createRoute, z } from "@hono/zod-openapi";
import { type ComparisonRef, readComparisonId } from "../../batch/comparison-id.ts";
import { comparisonIdKeys } from "../../bus/comparison-id-keys.ts";
import { choiceOutcomeSchema, choiceSchema } from "../../contracts/api/judging.ts";
import { callBatch } from "../../objects/batch-client.ts";
import { requireSettings } from "../../settings/settings.ts";
import type { App, AppContext } from "../app-env.ts";
import { authenticate, securityOf } from "../authentication.ts";
import { answerMissing, batchParams } from "../batches/found-batch.ts";
import { MAX_CALLBACK_BYTES } from "../limits.ts";
import { AUTHENTICATION_PROBLEMS, problem, problemResponse } from "../problem.ts";
import { limitBody, requireUtf8 } from "../request-body.ts";
import { findBatchToJudge, personOf } from "./batch-to-judge.ts";

const params = batchParams.extend({
  comparison_id: z.string().openapi({
    param: { name: "comparison_id", in: "path" },
    description: "as `next-comparison` gave it",
    examples: ["26e16c15-8a1d-81f0-b200-000b9de3f5c1"],
  }),
});

const route = createRoute({
  method: "post",
  path: "/v1/batches/{id}/comparisons/{comparison_id}/choice",
  operationId: "recordChoice",
  summary: "Choose the better essay",
  description:
    "A person's verdict. After `expires_at` it still counts, as long as nobody else has answered. Sending it twice is harmless.",
  tags: ["Judging"],
  security: securityOf("judging", "batches", "admin"),
  middleware: [
    authenticate("judging", "batches", "admin"),
    limitBody(MAX_CALLBACK_BYTES),
    requireUtf8(),
  ] as const,
  request: {
    params,
    body: { required: true, content: { "application/json": { schema: choiceSchema } } },
  },
  responses: {
    200: {
      description: "What became of the choice.",
      content: { "application/json": { schema: choiceOutcomeSchema } },
    },
    400: problemResponse("malformed_body", "too_deeply_nested"),
    404: problemResponse("batch_not_found", "comparison_not_found"),
    409: problemResponse("not_for_people"),
    410: problemResponse("batch_gone"),
    413: problemResponse("too_large"),
    415: problemResponse("unsupported_media_type"),
    422: problemResponse("validation_failed"),
    ...AUTHENTICATION_PROBLEMS,
  },
});

export function recordChoice(app: App): void {
  app.openapi(route, async (c) => {
    const { id, comparison_id: comparisonId } = c.req.valid("param");
    const batch = await findBatchToJudge(c, id);
    if (batch.kind === "not_for_people")
      return problem(c, "not_for_people", `Batch ${id} is judged by ${batch.overview.judge}, not by people.`);
    if (batch.kind !== "found") return answerMissing(c, id, batch);
    const ref = await refOf(c, comparisonId);
    if (ref?.batchId !== id) return answerNoComparison(c, id, comparisonId);
    const { winner, confidence, justification, judge_id: judgeId } = c.req.valid("json");
    const outcome = await callBatch(c.env, id, (object) =>
      object.recordChoice({
        number: ref.number,
        attempt: ref.attempt,
        person: personOf(c.var.caller, judgeId),
        winner,
        confidence: confidence ?? null,
        justification: justification ?? null,
      }),
    );
    if (outcome === null) return answerMissing(c, id, { kind: "gone" });
    if (outcome === "not_for_people") return answerNoComparison(c, id, comparisonId);
    return c.json({ outcome }, 200);
  });
}

async function refOf(c: AppContext, comparisonId: string): Promise<ComparisonRef | undefined> {
  return readComparisonId(await comparisonIdKeys(requireSettings(c.env)), comparisonId);
}

function answerNoComparison(c: AppContext, batchId: string, comparisonId: string) {
  return problem(
    c,
    "comparison_not_found",
    `Batch ${batchId} has no comparison ${JSON.stringify(comparisonId.slice(0, 100))} for people to judge.`,
  );
}
