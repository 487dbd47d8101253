/** The four queues of the bus and their dead-letter queues, as wrangler.toml declares them. */
export const QUEUES = ["cj-inbound", "cj-texts", "cj-judgements", "cj-events"] as const;
export type QueueName = (typeof QUEUES)[number];

/**
 * Deliveries of one message, the first included: `max_retries` of wrangler.toml plus one. On the last one the consumer
 * writes the dead letter itself; what reaches a dead-letter queue is a message whose consumer died.
 */
export const MAX_ATTEMPTS: Readonly<Record<QueueName, number>> = {
  "cj-inbound": 11,
  "cj-texts": 7,
  "cj-judgements": 101,
  "cj-events": 101,
};

/** A message of 128 KB (of 1,000 bytes) is the platform's limit; its own metadata counts. */
export const MESSAGE_MAX_BYTES = 127_000;
export const SEND_MAX_BYTES = 255_000;
export const SEND_MAX_MESSAGES = 100;

const DELAY_BASE_SECONDS = 2;
const DELAY_MAX_SECONDS = 900;

/** Exponential backoff with jitter between half and the whole of it. @param attempts deliveries so far, from 1 */
export function backoffSeconds(attempts: number, jitter: number): number {
  const delay = Math.min(DELAY_BASE_SECONDS * 2 ** (attempts - 1), DELAY_MAX_SECONDS);
  return Math.ceil(delay * (0.5 + jitter / 2));
}

/**
 * {@link backoffSeconds}, unless the other side asked for more time.
 * @param askedSeconds what it asked for, such as a Retry-After
 * @param maxSeconds how much it is given at most
 */
export function pauseSeconds(
  attempts: number,
  jitter: number,
  askedSeconds: number,
  maxSeconds: number,
): number {
  return Math.min(Math.max(askedSeconds, backoffSeconds(attempts, jitter)), maxSeconds);
}

/**
 * Which queue a message came from. Queue names are unique in an account, so another environment's carry a prefix
 * (`staging-cj-inbound`).
 */
export function queueOf(name: string): { readonly queue: QueueName; readonly dead: boolean } | undefined {
  const dead = name.endsWith("-dlq");
  const base = dead ? name.slice(0, -"-dlq".length) : name;
  const queue = QUEUES.find((candidate) => base === candidate || base.endsWith(`-${candidate}`));
  return queue === undefined ? undefined : { queue, dead };
}
