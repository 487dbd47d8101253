import { errorFields, log } from "../observability/logger.ts";
import { backoffSeconds } from "./queues.ts";

/**
 * Handles messages side by side, each for itself: one that fails comes back later and takes no other with it. When its
 * attempts run out the platform moves it to the dead-letter queue.
 */
export async function handleEach(
  batch: MessageBatch,
  handle: (message: Message) => Promise<void>,
): Promise<void> {
  await Promise.all(
    batch.messages.map(async (message) => {
      try {
        await handle(message);
      } catch (error) {
        log("error", "message_failed", {
          queue: batch.queue,
          attempt: message.attempts,
          ...errorFields(error),
        });
        message.retry({ delaySeconds: backoffSeconds(message.attempts, Math.random()) });
      }
    }),
  );
}
