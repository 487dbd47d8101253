import type { LlmComparisonResult } from "../contracts/comparison-result.ts";
import { openDatabase } from "../results/database.ts";
import { type DeadLetter, writeDeadLetters } from "../results/dead-letters.ts";
import type { Settings } from "../settings/settings.ts";
import { openFromEvent } from "./assessment-intake.ts";
import { applyCallbacks } from "./callback-intake.ts";
import { type InboundRecord, readRecord } from "./inbound-record.ts";
import { backoffSeconds, MAX_ATTEMPTS } from "./queues.ts";

const QUEUE = "cj-inbound";

/**
 * Applies queued callbacks, one call per batch, and whatever other producers put into the queue, bare or enveloped. What
 * cannot be used becomes a dead letter; what could not be delivered comes back until its attempts run out.
 */
export async function consumeInbound(batch: MessageBatch, env: Env, settings: Settings): Promise<void> {
  const callbacks: { readonly message: Message; readonly result: LlmComparisonResult }[] = [];
  for (const message of batch.messages) {
    const record = readRecord(message.body);
    if (record.kind === "comparison_result") callbacks.push({ message, result: record.result });
    else await consumeOther(message, record, env, settings);
  }
  const outcomes = await applyCallbacks(
    env,
    settings,
    callbacks.map(({ result }) => result),
    QUEUE,
  );
  for (const [index, { message, result }] of callbacks.entries()) {
    if (outcomes[index] !== "unreachable") message.ack();
    else await tryAgain(message, env, result.correlation_id);
  }
}

async function consumeOther(
  message: Message,
  record: Exclude<InboundRecord, { kind: "comparison_result" }>,
  env: Env,
  settings: Settings,
): Promise<void> {
  const payload = JSON.stringify(message.body);
  if (record.kind === "unusable") {
    const { reason, detail, correlationId } = record;
    await bury(env, { source: QUEUE, reason, detail, batchId: null, correlationId, payload });
  } else {
    const outcome = await openFromEvent(env, settings, record);
    if (outcome.kind === "refused") {
      const { reason, detail, batchId } = outcome;
      const correlationId = record.envelope.correlation_id;
      await bury(env, { source: QUEUE, reason, detail, batchId, correlationId, payload });
    }
  }
  message.ack();
}

async function tryAgain(message: Message, env: Env, correlationId: string): Promise<void> {
  if (message.attempts < MAX_ATTEMPTS[QUEUE]) {
    message.retry({ delaySeconds: backoffSeconds(message.attempts, Math.random()) });
    return;
  }
  await bury(env, {
    source: QUEUE,
    reason: "attempts_exhausted",
    detail: `The batch's object could not be reached in ${message.attempts} attempts.`,
    batchId: null,
    correlationId,
    payload: JSON.stringify(message.body),
  });
  message.ack();
}

async function bury(env: Env, letter: DeadLetter): Promise<void> {
  await writeDeadLetters(openDatabase(env.DB), [letter], Date.now());
}
