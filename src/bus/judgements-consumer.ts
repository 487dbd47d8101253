import type { Callback } from "../batch/commands/record-verdicts.ts";
import { mintComparisonId } from "../batch/comparison-id.ts";
import type { AskRef } from "../batch/decision.ts";
import { type LlmConfigOverrides, llmConfigOverridesSchema } from "../contracts/llm-config.ts";
import type { Ask, AskOutcome } from "../judges/judge.ts";
import { createJudge } from "../judges/registry.ts";
import { callBatch } from "../objects/batch-client.ts";
import { judgementsMessageSchema } from "../objects/messages.ts";
import { log } from "../observability/logger.ts";
import type { Settings } from "../settings/settings.ts";
import { receiveCallbacks } from "./callback-intake.ts";
import { comparisonIdKeys } from "./comparison-id-keys.ts";
import { handleEach } from "./message-loop.ts";
import { backoffSeconds, MAX_ATTEMPTS } from "./queues.ts";

const QUEUE = "cj-judgements";

/**
 * Asks judges. The object gives out only attempts that are current and with nobody yet, so a message that comes twice asks
 * once, and one that comes back asks only what is left.
 */
export async function consumeJudgements(batch: MessageBatch, env: Env, settings: Settings): Promise<void> {
  await handleEach(QUEUE, batch.messages, (message) => consumeMessage(message, env, settings));
}

async function consumeMessage(message: Message, env: Env, settings: Settings): Promise<void> {
  const { batch_id: batchId, asks: refs } = judgementsMessageSchema.parse(message.body);
  const prompts = await callBatch(env, batchId, (batch) => batch.prompts(refs));
  if (prompts === null || prompts.asks.length === 0) {
    message.ack();
    return;
  }
  const keys = await comparisonIdKeys(settings);
  const overrides = readOverrides(prompts.overrides);
  const asks: Ask[] = await Promise.all(
    prompts.asks.map(async ({ number, attempt, essayAId, essayBId, prompt }) => ({
      comparisonId: await mintComparisonId(keys, { batchId, number, attempt }),
      prompt,
      model: null,
      overrides,
      metadata: {
        essay_a_id: essayAId,
        essay_b_id: essayBId,
        bos_batch_id: prompts.bosBatchId,
        cj_batch_id: batchId,
        cj_source: "els",
        cj_request_type: attempt === 0 ? "cj_comparison" : "cj_retry",
      },
    })),
  );
  const outcomes = await createJudge(settings, prompts.judge).ask(asks);
  const sorted = sortOutcomes(prompts.asks, outcomes);

  if (sorted.submitted.length > 0)
    await callBatch(env, batchId, (object) => object.recordDispatched(sorted.submitted));
  if (sorted.answered.length > 0) await receiveCallbacks(env, settings, sorted.answered, QUEUE);
  const refused = sorted.refused.map(({ ref, errorCode, message: text }) =>
    failedAsk(prompts.judge, ref, errorCode, text),
  );
  const lastAttempt = message.attempts >= MAX_ATTEMPTS[QUEUE];
  const givenUp = lastAttempt
    ? sorted.unavailable.map(({ ref, errorCode, message: text }) =>
        failedAsk(prompts.judge, ref, errorCode, text),
      )
    : [];
  const failures = [...refused, ...givenUp];
  if (failures.length > 0) await callBatch(env, batchId, (object) => object.recordVerdicts(failures));

  for (const { errorCode } of [...sorted.refused, ...sorted.unavailable]) {
    log("warn", "judge_did_not_accept", {
      batch_id: batchId,
      correlation_id: prompts.correlationId,
      judge: prompts.judge,
      error_code: errorCode,
      attempt: message.attempts,
    });
  }
  if (sorted.unavailable.length === 0 || lastAttempt) message.ack();
  else message.retry({ delaySeconds: retryDelay(sorted.unavailable, message.attempts) });
}

type OutcomeOf<Kind extends AskOutcome["kind"]> = Extract<AskOutcome, { kind: Kind }>;

function sortOutcomes(refs: readonly AskRef[], outcomes: readonly AskOutcome[]) {
  const submitted: AskRef[] = [];
  const answered: OutcomeOf<"answered">["result"][] = [];
  const refused: (OutcomeOf<"refused"> & { readonly ref: AskRef })[] = [];
  const unavailable: (OutcomeOf<"unavailable"> & { readonly ref: AskRef })[] = [];
  outcomes.forEach((outcome, index) => {
    const { number, attempt } = refs[index];
    const ref = { number, attempt };
    switch (outcome.kind) {
      case "submitted":
        submitted.push(ref);
        return;
      case "answered":
        answered.push(outcome.result);
        return;
      case "refused":
        refused.push({ ...outcome, ref });
        return;
      case "unavailable":
        unavailable.push({ ...outcome, ref });
        return;
    }
  });
  return { submitted, answered, refused, unavailable };
}

/** An attempt that no judge took on, as the error callback that a judge would have sent. */
export function failedAsk(judge: string, ref: AskRef, code: string, message: string): Callback {
  return {
    ...ref,
    answer: { kind: "error", code, message: message.slice(0, 2_000) },
    requestId: "none",
    provider: judge,
    model: "unknown",
    responseTimeMs: 0,
    promptTokens: 0,
    completionTokens: 0,
    costEstimate: 0,
  };
}

function readOverrides(stored: string | null): LlmConfigOverrides | null {
  return stored === null ? null : llmConfigOverridesSchema.parse(JSON.parse(stored));
}

function retryDelay(unavailable: readonly OutcomeOf<"unavailable">[], attempts: number): number {
  const asked = unavailable.map(({ retryAfterSeconds }) => retryAfterSeconds ?? 0);
  return Math.min(Math.max(backoffSeconds(attempts, Math.random()), ...asked), 3_600);
}
