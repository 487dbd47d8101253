import { z } from "zod";
import type { Callback, CallbackOutcome } from "../batch/commands/record-verdicts.ts";
import { type ComparisonRef, readComparisonId } from "../batch/comparison-id.ts";
import type { LlmComparisonResult } from "../contracts/comparison-result.ts";
import { callBatch } from "../objects/batch-client.ts";
import { errorFields, log } from "../observability/logger.ts";
import type { DeadLetter } from "../results/dead-letters.ts";
import type { Settings } from "../settings/settings.ts";
import { buryLetters } from "./bury-letters.ts";
import { comparisonIdKeys } from "./comparison-id-keys.ts";

export type AppliedOutcome = CallbackOutcome | "unreachable";
export type ReceivedOutcome = CallbackOutcome | "queued";

/**
 * The one path that every answer takes, whoever brings it: the id says which object, each object gets its callbacks in
 * one call.
 *
 * @returns one outcome per result, in their order; `unreachable` when the object could not be called
 */
export async function applyCallbacks(
  env: Env,
  settings: Settings,
  results: readonly LlmComparisonResult[],
): Promise<readonly AppliedOutcome[]> {
  const keys = await comparisonIdKeys(settings);
  const refs = await Promise.all(results.map((result) => readComparisonId(keys, result.correlation_id)));
  const outcomes: AppliedOutcome[] = results.map(() => "orphaned");
  const byBatch = Map.groupBy(
    refs.flatMap((ref, index) => (ref === undefined ? [] : [{ ref, index }])),
    ({ ref }) => ref.batchId,
  );
  await Promise.all(
    [...byBatch].map(async ([batchId, entries]) => {
      const callbacks = entries.map(({ ref, index }) => toCallback(ref, results[index]));
      const replies = await applyToBatch(env, batchId, callbacks);
      entries.forEach(({ index }, at) => {
        outcomes[index] = replies[at];
      });
    }),
  );
  return outcomes;
}

/**
 * {@link applyCallbacks}, with the inbound queue as the second chance of a callback whose object cannot be reached, and
 * dead letters for those that belong nowhere.
 *
 * @param source the queue or route that brought the callbacks, for dead letters
 */
export async function receiveCallbacks(
  env: Env,
  settings: Settings,
  results: readonly LlmComparisonResult[],
  source: string,
): Promise<readonly ReceivedOutcome[]> {
  const outcomes = await applyCallbacks(env, settings, results);
  await buryOrphans(
    env,
    results.filter((_, index) => outcomes[index] === "orphaned"),
    source,
  );
  return Promise.all(
    outcomes.map(async (outcome, index) => {
      if (outcome !== "unreachable") return outcome;
      await env.INBOUND_QUEUE.send(results[index]);
      return "queued";
    }),
  );
}

async function applyToBatch(
  env: Env,
  batchId: string,
  callbacks: readonly Callback[],
): Promise<readonly AppliedOutcome[]> {
  try {
    return await callBatch(env, batchId, (batch) => batch.recordVerdicts(callbacks));
  } catch (error) {
    log("error", "batch_unreachable", {
      batch_id: batchId,
      callbacks: callbacks.length,
      ...errorFields(error),
    });
    return callbacks.map(() => "unreachable");
  }
}

function toCallback(ref: ComparisonRef, result: LlmComparisonResult): Callback {
  return {
    number: ref.number,
    attempt: ref.attempt,
    answer: answerOf(result),
    requestId: result.request_id,
    provider: result.provider,
    model: result.model,
    responseTimeMs: result.response_time_ms,
    promptTokens: result.token_usage.prompt_tokens,
    completionTokens: result.token_usage.completion_tokens,
    costEstimate: result.cost_estimate,
    ...askedWith(result),
    person: null,
  };
}

/** What this service's own judges note about a question, and what a remote judge echoes of it. */
const echoSchema = z.object({
  cost_basis: echo(20),
  prompt_version: echo(20),
  prompt_sha256: echo(64),
});

function echo(maxLength: number) {
  return z.string().max(maxLength).nullable().default(null).catch(null);
}

function askedWith({ request_metadata }: LlmComparisonResult) {
  const { cost_basis, prompt_version, prompt_sha256 } = echoSchema.parse(request_metadata);
  return { costBasis: cost_basis, promptVersion: prompt_version, promptSha256: prompt_sha256 };
}

function answerOf({
  winner,
  confidence,
  justification,
  error_detail,
}: LlmComparisonResult): Callback["answer"] {
  if (winner !== null) return { kind: "verdict", winner, confidence, justification };
  if (error_detail === null) throw new Error("a comparison result without winner has no error either");
  return { kind: "error", code: error_detail.error_code, message: error_detail.message };
}

/** Keeps callbacks that belong to no comparison as dead letters, without what a judge wrote. */
export async function buryOrphans(
  env: Env,
  orphans: readonly LlmComparisonResult[],
  source: string,
): Promise<void> {
  if (orphans.length === 0) return;
  for (const { correlation_id } of orphans) log("warn", "callback_orphaned", { correlation_id, source });
  const letters = orphans.map(
    (result): DeadLetter => ({
      source,
      reason: "orphaned",
      detail:
        "The correlation id belongs to no comparison of this service: it is unknown, altered, or its batch was erased.",
      batchId: null,
      correlationId: result.correlation_id,
      payload: JSON.stringify(withoutWords(result)),
    }),
  );
  await buryLetters(env, letters);
}

/** What a judge wrote about somebody's essay, in a justification or an error, is not kept for a batch that does not exist. */
function withoutWords(result: LlmComparisonResult): LlmComparisonResult {
  const { error_detail: error } = result;
  const silent = error && { ...error, message: "not kept", details: {}, stack_trace: null };
  return { ...result, justification: null, error_detail: silent };
}
