import { createRoute, z } from "@hono/zod-openapi";
import { type ComparisonIdKeys, mintComparisonId } from "../../batch/comparison-id.ts";
import { comparisonIdKeys } from "../../bus/comparison-id-keys.ts";
import { type ComparisonBody, comparisonListSchema } from "../../contracts/api/audit-trail.ts";
import { MAX_BUDGET } from "../../contracts/api/open-batch.ts";
import { callBatch } from "../../objects/batch-client.ts";
import type { ComparisonView, Overview } from "../../objects/views.ts";
import { requireSettings } from "../../settings/settings.ts";
import type { App } from "../app-env.ts";
import { authenticate, securityOf } from "../authentication.ts";
import { MAX_COMPARISONS_PAGE_SIZE } from "../limits.ts";
import { wholeNumber } from "../paging.ts";
import { AUTHENTICATION_PROBLEMS, problemResponse } from "../problem.ts";
import { toWireOrNull } from "./batch-body.ts";
import { answerMissing, batchParams, findBatch } from "./found-batch.ts";

const query = z.strictObject({
  from: wholeNumber({ min: 0, max: 2 * MAX_BUDGET, fallback: 0 }),
  limit: wholeNumber({ min: 1, max: MAX_COMPARISONS_PAGE_SIZE, fallback: 100 }),
});

const route = createRoute({
  method: "get",
  path: "/v1/batches/{id}/comparisons",
  operationId: "readComparisons",
  summary: "Read the comparisons",
  description:
    "What was asked and what was answered, by number. `correlation_id` is the id that answers the current attempt, so that a " +
    "person can judge with `POST /v1/callbacks`.",
  tags: ["Audit trail"],
  security: securityOf("batches", "admin"),
  middleware: [authenticate("batches", "admin")] as const,
  request: { params: batchParams, query },
  responses: {
    200: { description: "One page.", content: { "application/json": { schema: comparisonListSchema } } },
    404: problemResponse("batch_not_found"),
    410: problemResponse("batch_gone"),
    422: problemResponse("validation_failed"),
    ...AUTHENTICATION_PROBLEMS,
  },
});

export function readComparisons(app: App): void {
  app.openapi(route, async (c) => {
    const { id } = c.req.valid("param");
    const { from, limit } = c.req.valid("query");
    const batch = await findBatch(c, id);
    if (batch.kind !== "found") return answerMissing(c, id, batch);
    const { overview } = batch;
    const views = await callBatch(c.env, id, (object) => object.comparisons(from, limit + 1));
    const keys = await comparisonIdKeys(requireSettings(c.env));
    const page = views.slice(0, limit).map((view) => comparisonBodyOf(keys, overview, view));
    return c.json(
      {
        batch_id: id,
        total_comparisons: overview.totalComparisons,
        comparisons: await Promise.all(page),
        next_from: views.length > limit ? from + limit : null,
      },
      200,
    );
  });
}

async function comparisonBodyOf(
  keys: ComparisonIdKeys,
  { batchId }: Overview,
  { number, attempt, verdict, ...view }: ComparisonView,
): Promise<ComparisonBody> {
  return {
    number,
    correlation_id: await mintComparisonId(keys, { batchId, number, attempt }),
    attempt,
    wave: view.wave,
    origin: view.origin,
    essay_a_id: view.essayAId,
    essay_b_id: view.essayBId,
    status: view.status,
    winner: view.winner,
    confidence: verdict?.confidence ?? null,
    justification: verdict?.justification ?? null,
    judge: view.judge.judge,
    copy_of: view.copyOf,
    judged_by: view.person,
    usage: usageBodyOf(view.usage),
    provider: verdict?.provider ?? null,
    model: verdict?.model ?? null,
    prompt_version: verdict?.promptVersion ?? null,
    prompt_sha256: verdict?.promptSha256 ?? null,
    prompt_tokens: verdict?.promptTokens ?? null,
    completion_tokens: verdict?.completionTokens ?? null,
    cost_usd: verdict?.costEstimate ?? null,
    cost_basis: verdict?.costBasis ?? null,
    response_time_ms: verdict?.responseTimeMs ?? null,
    error: errorOf(verdict),
    deadline_at: toWireOrNull(view.deadline),
    settled_at: toWireOrNull(view.settledAt),
    late_at: toWireOrNull(view.lateAt),
  };
}

function usageBodyOf(usage: ComparisonView["usage"]): ComparisonBody["usage"] {
  return {
    answers: usage.answers,
    refusals: usage.refusals,
    cost_usd: usage.nanoUsd / 1e9,
    prompt_tokens: usage.promptTokens,
    completion_tokens: usage.completionTokens,
    response_time_ms: usage.responseTimeMs,
  };
}

function errorOf(verdict: ComparisonView["verdict"]): ComparisonBody["error"] {
  const code = verdict?.errorCode ?? null;
  return code === null ? null : { code, message: verdict?.errorMessage ?? null };
}
