import { createRoute, z } from "@hono/zod-openapi";
import { mintComparisonId } from "../../batch/comparison-id.ts";
import { comparisonIdKeys } from "../../bus/comparison-id-keys.ts";
import { judgeIdSchema, nextComparisonSchema } from "../../contracts/api/judging.ts";
import { toWireDatetime } from "../../contracts/datetime.ts";
import { callBatch } from "../../objects/batch-client.ts";
import type { LentComparison } from "../../objects/views.ts";
import { requireSettings } from "../../settings/settings.ts";
import type { App } from "../app-env.ts";
import { authenticate, securityOf } from "../authentication.ts";
import { answerMissing, batchParams } from "../batches/found-batch.ts";
import { AUTHENTICATION_PROBLEMS, problem, problemResponse } from "../problem.ts";
import { findBatchToJudge, personOf } from "./batch-to-judge.ts";

const route = createRoute({
  method: "get",
  path: "/v1/batches/{id}/next-comparison",
  operationId: "nextComparison",
  summary: "Get a comparison to judge",
  description:
    "Two texts for a person to compare. Nobody else is given the same comparison until `expires_at`; asking again before it " +
    "is answered gives the same one. Without anything to judge, `comparison` is null.",
  tags: ["Judging"],
  security: securityOf("judging", "batches", "admin"),
  middleware: [authenticate("judging", "batches", "admin")] as const,
  request: { params: batchParams, query: z.strictObject({ judge_id: judgeIdSchema.optional() }) },
  responses: {
    200: {
      description: "A comparison, or word that there is none now.",
      links: {
        recordChoice: {
          operationId: "recordChoice",
          parameters: {
            id: "$response.body#/batch_id",
            comparison_id: "$response.body#/comparison/comparison_id",
          },
        },
      },
      content: { "application/json": { schema: nextComparisonSchema } },
    },
    404: problemResponse("batch_not_found"),
    409: problemResponse("not_for_people"),
    410: problemResponse("batch_gone"),
    422: problemResponse("validation_failed"),
    ...AUTHENTICATION_PROBLEMS,
  },
});

export function nextComparison(app: App): void {
  app.openapi(route, async (c) => {
    const { id } = c.req.valid("param");
    const batch = await findBatchToJudge(c, id);
    if (batch.kind === "not_for_people")
      return problem(c, "not_for_people", `Batch ${id} is judged by ${batch.overview.judge}, not by people.`);
    if (batch.kind !== "found") return answerMissing(c, id, batch);
    const person = personOf(c.var.caller, c.req.valid("query").judge_id);
    const lent = await callBatch(c.env, id, (object) => object.lendComparison(person));
    if (lent === null) return answerMissing(c, id, { kind: "gone" });
    const keys = await comparisonIdKeys(requireSettings(c.env));
    const body = {
      batch_id: id,
      state: lent.state,
      comparison: null,
      waiting: lent.waiting,
      retry_after_seconds: retryAfterSeconds(lent),
    };
    if (lent.comparison === null) return c.json(body, 200);
    const { number, attempt, until, prompt } = lent.comparison;
    const comparison = {
      comparison_id: await mintComparisonId(keys, { batchId: id, number, attempt }),
      prompt: prompt.studentPrompt,
      instructions: prompt.instructions,
      rubric: prompt.rubric,
      language: prompt.language,
      essay_a: prompt.first,
      essay_b: prompt.second,
      expires_at: toWireDatetime(until),
    };
    return c.json({ ...body, comparison }, 200);
  });
}

/** More comparisons may be issued while the batch goes on, so that an open one is worth another look. */
const LOOK_AGAIN_SECONDS = 60;
const ENDED: readonly string[] = ["COMPLETED", "FAILED", "CANCELLED"];

function retryAfterSeconds({ state, comparison, at }: LentComparison): number | null {
  if (comparison !== null || ENDED.includes(state)) return null;
  if (at === null) return LOOK_AGAIN_SECONDS;
  return Math.min(LOOK_AGAIN_SECONDS, Math.max(1, Math.ceil((at - Date.now()) / 1000)));
}
