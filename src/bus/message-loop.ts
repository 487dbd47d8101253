import { z } from "zod";
import { errorFields, log } from "../observability/logger.ts";
import { backoffSeconds } from "./queues.ts";

const idsSchema = z.object({
  batch_id: z.string().nullish().catch(null),
  correlation_id: z.string().nullish().catch(null),
});

/** Whose message it is, as far as it says so: for logs and dead letters. */
export function idsOf(body: unknown): {
  readonly batch_id: string | null;
  readonly correlation_id: string | null;
} {
  const ids = idsSchema.safeParse(body);
  return { batch_id: ids.data?.batch_id ?? null, correlation_id: ids.data?.correlation_id ?? null };
}

/**
 * Handles messages side by side, each for itself: one that fails comes back later and takes no other with it. When its
 * attempts run out the platform moves it to the dead-letter queue.
 */
export async function handleEach(
  queue: string,
  messages: readonly Message[],
  handle: (message: Message) => Promise<void>,
): Promise<void> {
  await Promise.all(messages.map((message) => handleOne(queue, message, handle)));
}

async function handleOne(
  queue: string,
  message: Message,
  handle: (message: Message) => Promise<void>,
): Promise<void> {
  try {
    await handle(message);
  } catch (error) {
    const fields = { queue, attempt: message.attempts, ...idsOf(message.body), ...errorFields(error) };
    log("error", "message_failed", fields);
    message.retry({ delaySeconds: backoffSeconds(message.attempts, Math.random()) });
  }
}
