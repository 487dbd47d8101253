import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { Admin, Consumer, Producer } from "@platformatic/kafka";

const CONNECTION = {
  connectTimeout: 5_000,
  requestTimeout: 10_000,
  timeout: 5_000,
  retries: 5,
  retryDelay: 500,
};
const RECONNECT_MS = 500;
const PARTITIONS = 3;
/** What Kafka's protocol calls the offset behind the last record. */
const LATEST = -1n;
/** A broker that was just started listens before its partitions have a leader. */
const PRODUCE_PATIENCE_MS = 60_000;
/** A broker takes a megabyte at once. */
const BYTES_PER_REQUEST = 500_000;

/** A record as it lies in Kafka. */
export interface KafkaRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  /** null for a record without key */
  readonly key: Buffer | null;
  /** null for a tombstone */
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
}

export async function createTopics(bootstrap: string, topics: readonly string[]): Promise<void> {
  const admin = new Admin({ clientId: "cj-edge-tests", bootstrapBrokers: [bootstrap], ...CONNECTION });
  try {
    await admin.createTopics({ topics: [...topics], partitions: PARTITIONS, replicas: 1 });
  } finally {
    await admin.close();
  }
}

/** @returns how many records of these topics a consumer group has still before it */
export async function lagOf(bootstrap: string, groupId: string, topics: readonly string[]): Promise<number> {
  const admin = new Admin({ clientId: "cj-edge-tests", bootstrapBrokers: [bootstrap], ...CONNECTION });
  try {
    const partitions = Array.from({ length: PARTITIONS }, (_, partitionIndex) => ({
      partitionIndex,
      timestamp: LATEST,
    }));
    const ends = await admin.listOffsets({ topics: topics.map((name) => ({ name, partitions })) });
    const groups = await admin.listConsumerGroupOffsets({ groups: [groupId] });
    const produced = ends.flatMap((topic) => topic.partitions.map(({ offset }) => Number(offset)));
    const committed = groups
      .flatMap((group) => group.topics)
      .filter(({ name }) => topics.includes(name))
      .flatMap((topic) =>
        topic.partitions.map(({ committedOffset }) => Math.max(Number(committedOffset), 0)),
      );
    return sumOf(produced) - sumOf(committed);
  } finally {
    await admin.close();
  }
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0);
}

/** What is to be produced: JSON values, or bytes as they are; null is a tombstone. */
export interface OutgoingRecord {
  readonly key?: string | Buffer;
  readonly value: object | Buffer | null;
}

/** Produces records to a topic, acknowledged by the broker when it returns; some may be there twice if it had to be asked again. */
export async function produce(
  bootstrap: string,
  topic: string,
  records: readonly OutgoingRecord[],
): Promise<void> {
  const producer = new Producer({ clientId: "cj-edge-tests", bootstrapBrokers: [bootstrap], ...CONNECTION });
  try {
    const messages = records.map(({ key, value }) => ({
      topic,
      ...(value === null
        ? {}
        : { value: Buffer.isBuffer(value) ? value : Buffer.from(JSON.stringify(value)) }),
      ...(key === undefined ? {} : { key: Buffer.from(key) }),
    }));
    while (messages.length > 0) {
      let bytes = 0;
      const end = messages.findIndex(({ value }) => {
        bytes += value?.length ?? 0;
        return bytes > BYTES_PER_REQUEST;
      });
      const chunk = messages.splice(0, end === -1 ? messages.length : Math.max(end, 1));
      await persist(() => producer.send({ messages: chunk, acks: -1 }));
    }
  } finally {
    await producer.close();
  }
}

async function persist(work: () => Promise<unknown>): Promise<void> {
  const deadline = performance.now() + PRODUCE_PATIENCE_MS;
  for (;;) {
    try {
      await work();
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await sleep(RECONNECT_MS);
    }
  }
}

/** Hands over records in the order of their partitions; offsets are committed after `take` has returned. */
export interface Subscription {
  readonly bootstrap: string;
  readonly topics: readonly string[];
  /** Default: a group of its own, so that everything is read from the beginning. */
  readonly group?: string;
  readonly maxRecords: number;
  readonly take: (records: readonly KafkaRecord[]) => Promise<void>;
}

/**
 * Reads topics for as long as it is not stopped. When the connection or `take` fails it starts again behind the last
 * commit, so `take` may see a record twice and never misses one.
 * @returns a function that stops it
 */
export function subscribe(subscription: Subscription): () => Promise<void> {
  const stop = new AbortController();
  const group = subscription.group ?? `cj-edge-tests-${randomUUID()}`;
  const running = (async () => {
    while (!stop.signal.aborted) {
      await readUntilFailure(subscription, group, stop.signal).catch(() => {});
      await sleep(RECONNECT_MS);
    }
  })();
  return async () => {
    stop.abort();
    await running;
  };
}

async function readUntilFailure(
  { bootstrap, topics, maxRecords, take }: Subscription,
  groupId: string,
  stop: AbortSignal,
): Promise<void> {
  const consumer = new Consumer({
    clientId: "cj-edge-tests",
    bootstrapBrokers: [bootstrap],
    groupId,
    ...CONNECTION,
    sessionTimeout: 6_000,
    heartbeatInterval: 1_000,
  });
  const failure = new AbortController();
  consumer.on("error", (error: unknown) => failure.abort(error));
  try {
    const stream = await consumer.consume({
      topics: [...topics],
      autocommit: false,
      mode: "committed",
      fallbackMode: "earliest",
      maxWaitTime: 100,
    });
    const received: KafkaRecord[] = [];
    stream.on("error", (error: unknown) => failure.abort(error));
    stream.on("close", () => failure.abort(new Error("the stream ended")));
    stream.on("data", ({ topic, partition, offset, key, value, headers }) => {
      received.push({ topic, partition, offset, key, value, headers: textHeaders(headers) });
    });
    while (!stop.aborted) {
      failure.signal.throwIfAborted();
      const records = received.splice(0, maxRecords);
      if (records.length === 0) {
        await sleep(20);
        continue;
      }
      await take(records);
      await consumer.commit({ offsets: offsetsBehind(records) });
    }
  } finally {
    await consumer.close(true).catch(() => {});
  }
}

function textHeaders(headers: ReadonlyMap<Buffer, Buffer>): Record<string, string> {
  return Object.fromEntries([...headers].map(([name, value]) => [name.toString(), value.toString()]));
}

function offsetsBehind(records: readonly KafkaRecord[]) {
  const newest = new Map(records.map((record) => [`${record.topic}/${record.partition}`, record]));
  return [...newest.values()].map(({ topic, partition, offset }) => ({
    topic,
    partition,
    offset: offset + 1n,
    leaderEpoch: -1,
  }));
}
