import { z } from "zod";
import { callBatch } from "../objects/batch-client.ts";
import { judgementsMessageSchema, textsMessageSchema } from "../objects/messages.ts";
import { log } from "../observability/logger.ts";
import { openDatabase } from "../results/database.ts";
import { writeDeadLetters } from "../results/dead-letters.ts";
import type { Settings } from "../settings/settings.ts";
import { failedAsk } from "./judgements-consumer.ts";
import { handleEach } from "./message-loop.ts";
import type { QueueName } from "./queues.ts";

const anyMessage = z.object({ batch_id: z.string().optional(), correlation_id: z.string().optional() });

/**
 * Records messages whose consumer died on every attempt (`consumer_died`), and tells the batch what it need not wait for
 * any more: dead judgements count as failed attempts, dead texts as missing.
 */
export async function consumeDeadMessages(
  batch: MessageBatch,
  env: Env,
  settings: Settings,
  queue: QueueName,
): Promise<void> {
  await handleEach(batch, async (message) => {
    await reportToBatch(message.body, env, settings, queue);
    const ids = anyMessage.safeParse(message.body);
    const batchId = ids.data?.batch_id ?? null;
    const correlationId = ids.data?.correlation_id ?? null;
    await writeDeadLetters(
      openDatabase(env.DB),
      [
        {
          source: queue,
          reason: "consumer_died",
          detail: `The consumer of ${queue} failed on every attempt at this message.`,
          batchId,
          correlationId,
          payload: JSON.stringify(message.body),
        },
      ],
      Date.now(),
    );
    log("error", "consumer_died", { queue, batch_id: batchId, correlation_id: correlationId });
    message.ack();
  });
}

async function reportToBatch(body: unknown, env: Env, settings: Settings, queue: QueueName): Promise<void> {
  switch (queue) {
    case "cj-judgements": {
      const message = judgementsMessageSchema.safeParse(body);
      if (!message.success) return;
      const failures = message.data.asks.map((ask) =>
        failedAsk(
          settings.DEFAULT_JUDGE,
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
