/** The consumer API of a bridge that cannot be had on this machine, in front of the real broker. */
import { setTimeout as sleep } from "node:timers/promises";
import { Consumer, type MessagesStream } from "@platformatic/kafka";
import { z } from "zod";
import type { Reply } from "../fakes/kafka-rest-voices.ts";

type Message =
  MessagesStream<Buffer, Buffer, Buffer, Buffer> extends AsyncIterable<infer Each> ? Each : never;

interface Instance {
  readonly consumer: Consumer;
  readonly waiting: Message[];
}

const PATH =
  /^\/consumers\/([^/]+)(?:\/instances\/([^/]+)(?:\/(subscription|records|offsets))?)?(?:\?(.*))?$/;
const POLL_MAX_RECORDS = 500;
const LOOK_MS = 20;
const offsetsSchema = z.object({
  offsets: z.array(z.object({ topic: z.string(), partition: z.int(), offset: z.int() })),
});

/** What Karapace and Strimzi's bridge do differently. */
export interface ConsumerHabits {
  /** what is committed when the bridge is told an offset: Karapace adds one */
  readonly committedOffset: (offset: number) => number;
  /** whether records that were read and did not fit into an answer are forgotten, as Karapace does */
  readonly forgetsWhatDidNotFit: boolean;
}

/** @returns answers a request, or null when its path is not of the consumer API */
export function standInConsumers(
  bootstrap: string,
  habits: ConsumerHabits,
): (method: string, path: string, body: string) => Promise<Reply | null> {
  const instances = new Map<string, Instance>();
  return async (method, path, body) => {
    const [, groupId, instanceName, part, query] = PATH.exec(path) ?? [];
    if (groupId === undefined) return null;
    if (instanceName === undefined) {
      const { name } = z.object({ name: z.string() }).parse(JSON.parse(body));
      instances.set(name, { consumer: createConsumer(bootstrap, groupId), waiting: [] });
      return { status: 200, body: JSON.stringify({ instance_id: name, base_uri: path }) };
    }
    const instance = instances.get(instanceName);
    if (instance === undefined)
      return {
        status: 404,
        body: JSON.stringify({ error_code: 40403, message: "Consumer instance not found." }),
      };
    if (method === "DELETE") {
      instances.delete(instanceName);
      await instance.consumer.close(true).catch(() => {});
      return NOTHING;
    }
    if (part === "subscription") return subscribe(instance, body);
    if (part === "records") return fetchRecords(instance, new URLSearchParams(query), habits);
    return commit(instance, body, habits);
  };
}

const NOTHING: Reply = { status: 204, body: "" };

function createConsumer(bootstrap: string, groupId: string): Consumer {
  const consumer = new Consumer({
    clientId: "stand-in-bridge",
    bootstrapBrokers: [bootstrap],
    groupId,
    sessionTimeout: 6_000,
    heartbeatInterval: 1_000,
    connectTimeout: 2_000,
    requestTimeout: 4_000,
    retries: 3,
    retryDelay: 500,
  });
  consumer.on("error", () => {});
  return consumer;
}

async function subscribe({ consumer, waiting }: Instance, body: string): Promise<Reply> {
  const { topics } = z.object({ topics: z.array(z.string()) }).parse(JSON.parse(body));
  const stream = await consumer.consume({
    topics,
    autocommit: false,
    mode: "committed",
    fallbackMode: "earliest",
    maxWaitTime: 100,
  });
  stream.on("error", () => {});
  stream.on("data", (message) => waiting.push(message));
  return NOTHING;
}

async function fetchRecords(
  { waiting }: Instance,
  query: URLSearchParams,
  { forgetsWhatDidNotFit }: ConsumerHabits,
): Promise<Reply> {
  const until = performance.now() + Number(query.get("timeout"));
  while (waiting.length === 0 && performance.now() < until) await sleep(LOOK_MS);
  const limit = Number(query.get("max_bytes") ?? Number.POSITIVE_INFINITY);
  const read = waiting.splice(0, POLL_MAX_RECORDS);
  let bytes = 0;
  const full = read.findIndex(({ key, value }) => {
    bytes += (key?.length ?? 0) + (value?.length ?? 0);
    return bytes >= limit;
  });
  const fitting = full === -1 ? read : read.slice(0, full + 1);
  if (!forgetsWhatDidNotFit) waiting.unshift(...read.slice(fitting.length));
  return { status: 200, body: JSON.stringify(fitting.map(say)) };
}

function say({ topic, partition, offset, key, value }: Message): object {
  const base64 = (bytes: Buffer | null) => bytes?.toString("base64") ?? null;
  return { topic, partition, offset: Number(offset), key: base64(key), value: base64(value) };
}

async function commit(
  { consumer }: Instance,
  body: string,
  { committedOffset }: ConsumerHabits,
): Promise<Reply> {
  const { offsets } = offsetsSchema.parse(JSON.parse(body));
  await consumer.commit({
    offsets: offsets.map(({ topic, partition, offset }) => ({
      topic,
      partition,
      offset: BigInt(committedOffset(offset)),
      leaderEpoch: -1,
    })),
  });
  return NOTHING;
}
