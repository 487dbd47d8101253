import type { TextOutcome } from "../batch/commands/record-texts.ts";
import { callBatch } from "../objects/batch-client.ts";
import { textsMessageSchema } from "../objects/messages.ts";
import { log } from "../observability/logger.ts";
import type { Settings } from "../settings/settings.ts";
import { fetchContent } from "./content-service.ts";
import { handleEach } from "./message-loop.ts";
import { backoffSeconds, MAX_ATTEMPTS } from "./queues.ts";

const QUEUE = "cj-texts";

/** Fetches texts that came by reference. A text that stays out of reach is reported missing on the last attempt. */
export async function consumeTexts(batch: MessageBatch, env: Env, settings: Settings): Promise<void> {
  await handleEach(QUEUE, batch.messages, (message) => consumeMessage(message, env, settings));
}

async function consumeMessage(message: Message, env: Env, settings: Settings): Promise<void> {
  const { batch_id: batchId, essays, student_prompt: studentPrompt } = textsMessageSchema.parse(message.body);
  const { texts, correlationId } = await callBatch(env, batchId, (batch) =>
    batch.pendingTexts(essays, studentPrompt),
  );
  const lastAttempt = message.attempts >= MAX_ATTEMPTS[QUEUE];
  const outcomes: TextOutcome[] = [];
  let delaySeconds = 0;
  for (const { of, storageId } of texts) {
    const content = await fetchContent(settings, storageId);
    if (content.kind === "found") {
      outcomes.push({ of, kind: "fetched", text: content.text });
      continue;
    }
    log("warn", "text_not_fetched", {
      batch_id: batchId,
      correlation_id: correlationId,
      essay: String(of),
      reason: content.reason,
      attempt: message.attempts,
    });
    if (content.kind === "missing" || lastAttempt)
      outcomes.push({ of, kind: "missing", reason: content.reason });
    else
      delaySeconds = Math.max(
        delaySeconds,
        content.retryAfterSeconds ?? backoffSeconds(message.attempts, Math.random()),
      );
  }
  if (outcomes.length > 0) await callBatch(env, batchId, (batch) => batch.recordTexts(outcomes));
  if (outcomes.length === texts.length) message.ack();
  else message.retry({ delaySeconds });
}
