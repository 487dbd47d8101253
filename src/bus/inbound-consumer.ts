import type { LlmComparisonResult } from "../contracts/comparison-result.ts";
import type { DeadLetter, DeadLetterReason } from "../results/dead-letters.ts";
import type { Settings } from "../settings/settings.ts";
import { openFromEvent } from "./assessment-intake.ts";
import { buryLetters } from "./bury-letters.ts";
import { applyCallbacks, buryOrphans } from "./callback-intake.ts";
import { batchOfComparison, batchOfRecord } from "./comparison-id-keys.ts";
import { type InboundRecord, messageText, readMessage } from "./inbound-record.ts";
import { handleEach } from "./message-loop.ts";
import { backoffSeconds, MAX_ATTEMPTS } from "./queues.ts";

const QUEUE = "cj-inbound";

/**
 * Applies queued callbacks, one call per batch, and whatever other producers put into the queue, bare or enveloped. What
 * cannot be used becomes a dead letter; what could not be delivered comes back until its attempts run out. Verdicts are
 * applied first: no fault of another message may hold them up.
 */
export async function consumeInbound(batch: MessageBatch, env: Env, settings: Settings): Promise<void> {
  const records = new Map(batch.messages.map((message) => [message, readMessage(message.body)]));
  const results = [...records.values()].flatMap((record) =>
    record.kind === "comparison_result" ? [record.result] : [],
  );
  const applied = await applyCallbacks(env, settings, results);
  const outcomes = new Map(results.map((result, index) => [result, applied[index]]));
  await handleEach(QUEUE, batch.messages, async (message) => {
    const record = records.get(message);
    if (record === undefined) throw new Error("a message that was not read");
    if (record.kind !== "comparison_result") {
      await consumeOther(message, record, env, settings);
      return;
    }
    const outcome = outcomes.get(record.result);
    if (outcome === "orphaned") await buryOrphans(env, [record.result], QUEUE);
    if (outcome === "unreachable") await tryAgain(message, env, settings, record.result);
    else message.ack();
  });
}

async function consumeOther(
  message: Message,
  record: Exclude<InboundRecord, { kind: "comparison_result" }>,
  env: Env,
  settings: Settings,
): Promise<void> {
  const payload = messageText(message.body);
  if (record.kind === "unusable") {
    const { reason, detail, correlationId } = record;
    const batchId = await batchOfRecord(settings, record);
    await buryLetters(env, [{ source: QUEUE, reason, detail, batchId, correlationId, payload }]);
  } else {
    const outcome = await openFromEvent(env, settings, record);
    if (outcome.kind === "refused") {
      const { reason, detail, batchId } = outcome;
      const correlationId = record.envelope.correlation_id;
      await buryLetters(env, [{ source: QUEUE, reason, detail, batchId, correlationId, payload }]);
    }
  }
  message.ack();
}

async function tryAgain(
  message: Message,
  env: Env,
  settings: Settings,
  result: LlmComparisonResult,
): Promise<void> {
  if (message.attempts < MAX_ATTEMPTS[QUEUE]) {
    message.retry({ delaySeconds: backoffSeconds(message.attempts, Math.random()) });
    return;
  }
  const detail = `The batch's object could not be reached in ${message.attempts} attempts.`;
  await buryLetters(env, [await callbackLetter(settings, result, "attempts_exhausted", detail)]);
  message.ack();
}

/** A callback as a dead letter of its batch, so that it is erased with it. */
export async function callbackLetter(
  settings: Settings,
  result: LlmComparisonResult,
  reason: DeadLetterReason,
  detail: string,
): Promise<DeadLetter> {
  const batchId = await batchOfComparison(settings, result.correlation_id);
  const payload = messageText(result);
  return { source: QUEUE, reason, detail, batchId, correlationId: result.correlation_id, payload };
}
