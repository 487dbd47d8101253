import { callBatch } from "../objects/batch-client.ts";
import { judgementsMessageSchema, textsMessageSchema } from "../objects/messages.ts";
import { log } from "../observability/logger.ts";
import type { DeadLetter } from "../results/dead-letters.ts";
import type { Settings } from "../settings/settings.ts";
import { batchOfRequest } from "./assessment-intake.ts";
import { buryLetters } from "./bury-letters.ts";
import { batchOfRecord } from "./comparison-id-keys.ts";
import { callbackLetter } from "./inbound-consumer.ts";
import { messageText, readMessage } from "./inbound-record.ts";
import { failedAsk } from "./judgements-consumer.ts";
import { handleEach, idsOf } from "./message-loop.ts";
import type { QueueName } from "./queues.ts";

/**
 * Records messages whose consumer died on every attempt (`consumer_died`), and then tells the batch what it need not wait
 * for any more: dead judgements count as failed attempts, dead texts as missing.
 */
export async function consumeDeadMessages(
  batch: MessageBatch,
  env: Env,
  settings: Settings,
  queue: QueueName,
): Promise<void> {
  await handleEach(batch.queue, batch.messages, async (message) => {
    log("error", "consumer_died", { queue, ...idsOf(message.body) });
    await buryLetters(env, [await letterFor(message.body, settings, queue)]);
    await reportToBatch(message.body, env, queue);
    message.ack();
  });
}

async function letterFor(body: unknown, settings: Settings, queue: QueueName): Promise<DeadLetter> {
  const detail = `The consumer of ${queue} failed on every attempt at this message.`;
  const { batch_id: batchId, correlation_id: correlationId } = idsOf(body);
  const letter: DeadLetter = {
    source: queue,
    reason: "consumer_died",
    detail,
    batchId,
    correlationId,
    payload: messageText(body),
  };
  if (queue !== "cj-inbound") return letter;
  const record = readMessage(body);
  switch (record.kind) {
    case "comparison_result":
      return callbackLetter(settings, record.result, "consumer_died", detail);
    case "assessment_request":
      return {
        ...letter,
        batchId: await batchOfRequest(record),
        correlationId: record.envelope.correlation_id,
      };
    case "unusable":
      return {
        ...letter,
        batchId: (await batchOfRecord(settings, record)) ?? batchId,
        correlationId: record.correlationId ?? correlationId,
      };
  }
}

async function reportToBatch(body: unknown, env: Env, queue: QueueName): Promise<void> {
  switch (queue) {
    case "cj-judgements": {
      const message = judgementsMessageSchema.safeParse(body);
      if (!message.success) return;
      const failures = message.data.asks.map((ask) =>
        failedAsk(
          { judge: "unknown", model: null },
          ask,
          "LLM_PROVIDER_UNAVAILABLE",
          "The question could not be put to the judge.",
        ),
      );
      await callBatch(env, message.data.batch_id, (object) => object.recordVerdicts(failures));
      return;
    }
    case "cj-texts": {
      const message = textsMessageSchema.safeParse(body);
      if (!message.success) return;
      const { batch_id: batchId, essays, student_prompt: studentPrompt } = message.data;
      const reason = "the text could not be fetched";
      const of = studentPrompt ? [...essays, "student-prompt" as const] : essays;
      const outcomes = of.map((text) => ({ of: text, kind: "missing" as const, reason }));
      await callBatch(env, batchId, (object) => object.recordTexts(outcomes));
      return;
    }
    case "cj-inbound":
    case "cj-events":
      // A dead callback is only kept; unpublished events stay in the object, whose alarm announces them again.
      return;
  }
}
