import { errorFields, log } from "../observability/logger.ts";
import { requireSettings } from "../settings/settings.ts";
import { consumeDeadMessages } from "./dead-message-consumer.ts";
import { consumeEvents } from "./events-consumer.ts";
import { consumeInbound } from "./inbound-consumer.ts";
import { consumeJudgements } from "./judgements-consumer.ts";
import { backoffSeconds, queueOf } from "./queues.ts";
import { consumeTexts } from "./texts-consumer.ts";

/** The Worker's queue handler: hands a batch of messages to the consumer of its queue. */
export async function consume(batch: MessageBatch, env: Env): Promise<void> {
  const origin = queueOf(batch.queue);
  if (origin === undefined) throw new Error(`no consumer for queue ${batch.queue}`);
  try {
    const settings = requireSettings(env);
    if (origin.dead) return await consumeDeadMessages(batch, env, settings, origin.queue);
    switch (origin.queue) {
      case "cj-inbound":
        return await consumeInbound(batch, env, settings);
      case "cj-texts":
        return await consumeTexts(batch, env, settings);
      case "cj-judgements":
        return await consumeJudgements(batch, env, settings);
      case "cj-events":
        return await consumeEvents(batch, env, settings);
    }
  } catch (error) {
    log("error", "consumer_failed", {
      queue: batch.queue,
      messages: batch.messages.length,
      ...errorFields(error),
    });
    // Messages that were already acknowledged stay so: the first call on a message wins.
    for (const message of batch.messages)
      message.retry({ delaySeconds: backoffSeconds(message.attempts, Math.random()) });
  }
}
