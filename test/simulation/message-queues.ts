/** Queues that deliver at least once, in any order, sometimes twice, and move what fails too often to a dead-letter queue. */

import { MAX_ATTEMPTS, QUEUES, type QueueName } from "../../src/bus/queues.ts";
import { judgementsMessageSchema } from "../../src/objects/messages.ts";
import type { ObjectHost } from "./object-host.ts";
import { kill, overTheWire, type Process, startProcess, strikes, type World } from "./world.ts";

/** `max_batch_size` of wrangler.toml; `test/unit/configuration.test.ts` compares them. */
export const BATCH_SIZE: Readonly<Record<QueueName, number>> = {
  "cj-inbound": 100,
  "cj-texts": 10,
  "cj-judgements": 2,
  "cj-events": 20,
};
const DEAD_BATCH_SIZE = 20;
const DEAD_ATTEMPTS = 101;
/** `max_batch_timeout`: a consumer is not started for the first message at once, but with what has come until then. */
const GATHER_MS = 1_000;
/** While all consumers are busy messages gather for longer, so that one run gets many at once. */
const BACKLOG_MS = 180_000;
/** A consumer that has not ended by then is ended. */
const CONSUMER_LIMIT_MS = 15 * 60_000;

interface StoredMessage {
  readonly id: string;
  readonly body: unknown;
  attempts: number;
  availableAt: number;
}

export interface MessageQueues {
  producerFor(caller: Process, queue: QueueName): object;
  /** Puts a message into a queue from outside. */
  put(queue: QueueName, body: unknown): void;
  waiting(): number;
}

export interface MessageQueuesOptions {
  readonly world: World;
  hostOf(): ObjectHost;
  consume(batch: MessageBatch, process: Process): Promise<void>;
}

export function createMessageQueues({ world, hostOf, consume }: MessageQueuesOptions): MessageQueues {
  const { timeline, chance, weather } = world;
  const stored = new Map<string, StoredMessage[]>(
    QUEUES.flatMap((name) => [
      [name, []],
      [`${name}-dlq`, []],
    ]),
  );
  // An isolate that has done its work takes the next: starting one, with all its settings, is most of what a run costs.
  const idle: Process[] = [];
  let ids = 0;
  let inFlight = 0;

  const messagesOf = (queue: string) => stored.get(queue) ?? [];
  const store = (queue: string, message: StoredMessage): void => {
    messagesOf(queue).push(message);
    const gatherMs = chance.integer(0, chance.happens(0.3) ? BACKLOG_MS : GATHER_MS);
    timeline.after(message.availableAt - timeline.now() + gatherMs, () => deliver(queue));
  };
  const enqueue = (queue: string, body: unknown, delayMs: number): void => {
    const copies = strikes(world, weather.duplicateMessage) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      const lateMs = chance.happens(0.1) ? chance.integer(0, 300_000) : chance.integer(10, 3_000);
      ids += 1;
      const availableAt = timeline.now() + delayMs + lateMs;
      store(queue, { id: `m${ids}`, body: structuredClone(body), attempts: 1, availableAt });
    }
  };

  const deliver = (queue: string): void => {
    const now = timeline.now();
    const all = messagesOf(queue);
    const due = chance.shuffle(all.filter(({ availableAt }) => availableAt <= now));
    if (due.length === 0) return;
    const dead = queue.endsWith("-dlq");
    const name = nameOf(queue);
    const taken = due.slice(0, chance.integer(1, dead ? DEAD_BATCH_SIZE : BATCH_SIZE[name]));
    stored.set(
      queue,
      all.filter((message) => !taken.includes(message)),
    );
    if (due.length > taken.length) timeline.after(chance.integer(1, 500), () => deliver(queue));
    runConsumer(queue, taken);
  };

  const runConsumer = (queue: string, taken: readonly StoredMessage[]): void => {
    const process = idle.pop() ?? startProcess("a consumer");
    const settled = new Map<string, { readonly retry: boolean; readonly delayMs: number }>();
    const settle = (id: string, retry: boolean, delaySeconds = 0) => {
      // The first word on a message counts.
      if (!settled.has(id)) settled.set(id, { retry, delayMs: delaySeconds * 1_000 });
    };
    inFlight += 1;
    let over = false;
    const end = (died: boolean) => {
      if (over) return;
      over = true;
      inFlight -= 1;
      if (!died) {
        process.onDeath = [];
        idle.push(process);
      }
      for (const message of taken) {
        const word = settled.get(message.id) ?? { retry: false, delayMs: 0 };
        const again = died || word.retry || strikes(world, weather.lostAcknowledgement);
        if (again) comeBack(queue, message, died ? chance.integer(500, 30_000) : word.delayMs);
      }
    };
    process.onDeath.push(() => end(true));
    timeline.after(CONSUMER_LIMIT_MS, () => {
      if (!over) kill(process);
    });
    consume(batchOf(queue, taken, settle), process).then(
      () => end(false),
      (error: unknown) => {
        if (process.alive) world.note(`consumer of ${queue} threw: ${String(error)}`);
        end(true);
      },
    );
  };

  const comeBack = (queue: string, message: StoredMessage, delayMs: number): void => {
    const dead = queue.endsWith("-dlq");
    const limit = dead ? DEAD_ATTEMPTS : MAX_ATTEMPTS[nameOf(queue)];
    if (message.attempts < limit) {
      const availableAt = timeline.now() + Math.max(delayMs, 100) + chance.integer(0, 500);
      store(queue, { ...message, attempts: message.attempts + 1, availableAt });
    } else if (dead) world.violate(`a message of ${queue} was given up`);
    else {
      world.note(`a message of ${queue} goes to its dead-letter queue`);
      enqueue(`${queue}-dlq`, message.body, 0);
    }
  };

  const accept = (queue: QueueName, messages: readonly { body: unknown; delaySeconds?: number }[]): void => {
    for (const { body, delaySeconds } of messages) {
      if (queue === "cj-judgements") checkAsksCommitted(world, hostOf(), body);
      enqueue(queue, body, (delaySeconds ?? 0) * 1_000);
    }
  };

  return {
    producerFor: (caller, queue) => ({
      send: (body: unknown, options?: { delaySeconds?: number }) =>
        overTheWire(world, caller, "queues", () => accept(queue, [{ body, ...options }])),
      sendBatch: (messages: readonly { body: unknown; delaySeconds?: number }[]) => {
        // What leaves is what stands there now.
        const copies = [...messages];
        return overTheWire(world, caller, "queues", () => accept(queue, copies));
      },
    }),
    put: (queue, body) => enqueue(queue, body, 0),
    waiting: () => inFlight + [...stored.values()].reduce((sum, messages) => sum + messages.length, 0),
  };
}

function nameOf(queue: string): QueueName {
  const name = QUEUES.find((candidate) => queue === candidate || queue === `${candidate}-dlq`);
  if (name === undefined) throw new Error(`no queue ${queue}`);
  return name;
}

function batchOf(
  queue: string,
  taken: readonly StoredMessage[],
  settle: (id: string, retry: boolean, delaySeconds?: number) => void,
): MessageBatch {
  const messages = taken.map(({ id, body, attempts }) => ({
    id,
    body: structuredClone(body),
    attempts,
    timestamp: new Date(),
    ack: () => settle(id, false),
    retry: (options?: QueueRetryOptions) => settle(id, true, options?.delaySeconds),
  }));
  return {
    queue,
    messages,
    metadata: { metrics: { backlogCount: 0, backlogBytes: 0, oldestMessageTimestamp: new Date() } },
    ackAll() {
      for (const { id } of messages) settle(id, false);
    },
    retryAll(options) {
      for (const { id } of messages) settle(id, true, options?.delaySeconds);
    },
  };
}

/** Nobody is asked about a comparison that is not in the object's storage. */
function checkAsksCommitted(world: World, host: ObjectHost, body: unknown): void {
  const { batch_id: batchId, asks } = judgementsMessageSchema.parse(body);
  const hosted = host.objects.get(batchId);
  for (const { number, attempt } of asks) {
    const [row] = hosted?.sqlite.all("SELECT attempt FROM comparisons WHERE number = ?", number) ?? [];
    const erased = hosted !== undefined && hosted.sqlite.all("SELECT 1 FROM tombstone").length > 0;
    if (!erased && (row === undefined || Number(row["attempt"]) < attempt))
      world.violate(
        `${batchId}: attempt ${attempt} of comparison ${number} was sent before it was committed`,
      );
  }
}
