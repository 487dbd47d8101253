import { parseRetryAfter } from "../../encoding/retry-after.ts";
import type { SourceDialectName } from "../../settings/kafka-bridge-url.ts";
import {
  MAX_ANSWER_BYTES,
  messageIn,
  type ReceivedAnswer,
  receiveAnswer,
} from "../kafka-bridge/http-answer.ts";
import { quote } from "../kafka-bridge/record-report.ts";
import { CONSUMER_DIALECTS, FETCH_MAX_BYTES } from "./consumer-dialect.ts";
import { type PolledRecord, readPolledRecords } from "./polled-record.ts";

/** What a bridge answered to a step. */
export type Reply<Value> =
  | { readonly kind: "done"; readonly value: Value }
  /** It knows no such consumer instance: it was restarted, or has removed an idle one. */
  | { readonly kind: "gone"; readonly reason: string }
  | { readonly kind: "failed"; readonly reason: string; readonly retryAfterSeconds: number | null };

/** Consumer instances of one group at one bridge. Failures of the bridge, of Kafka and of the network are replies. */
export interface BridgeConsumer {
  /** What an instance is subscribed to; one that was subscribed to something else is of no use. */
  readonly subscription: string;
  create(name: string): Promise<Reply<null>>;
  subscribe(name: string): Promise<Reply<null>>;
  /** Reads on. A fetch whose answer is lost has moved the instance past records that nobody has seen. */
  fetch(name: string): Promise<Reply<readonly PolledRecord[]>>;
  /** Has the group go on behind these records, whoever reads next. */
  commit(name: string, records: readonly PolledRecord[]): Promise<Reply<null>>;
  remove(name: string): Promise<Reply<null>>;
  /** Whether an answer may have left out records that the instance has read. */
  mayHaveLeftOut(records: readonly PolledRecord[]): boolean;
}

export interface BridgeConsumerSettings {
  readonly url: string;
  readonly dialect: SourceDialectName;
  readonly group: string;
  readonly topics: readonly string[];
  /** Sent with every request. */
  readonly credentials: Readonly<Record<string, string>>;
  readonly fetch?: typeof fetch | undefined;
  /** Longest wait for an answer. Default 30 s. */
  readonly timeoutMs?: number | undefined;
}

const TIMEOUT_MS = 30_000;
const V2_JSON = "application/vnd.kafka.v2+json";
const BINARY_RECORDS = "application/vnd.kafka.binary.v2+json";
/** Base64 takes a third more, and each record some names and numbers; what is longer could not be held in memory. */
const RECORDS_MAX_BYTES = 8 * FETCH_MAX_BYTES;

export function createBridgeConsumer(settings: BridgeConsumerSettings): BridgeConsumer {
  const { group, topics } = settings;
  const dialect = CONSUMER_DIALECTS[settings.dialect];
  const base = `/consumers/${encodeURIComponent(group)}`;
  const instance = (name: string) => `${base}/instances/${encodeURIComponent(name)}`;
  const post = (path: string, body: object) => ask(settings, "POST", path, V2_JSON, body);
  return {
    subscription: topics.join(","),
    create: async (name) => nothing(await post(base, dialect.creation(name))),
    subscribe: async (name) => nothing(await post(`${instance(name)}/subscription`, { topics })),
    async fetch(name) {
      const path = `${instance(name)}/records?${dialect.fetchQuery}`;
      const reply = await ask(settings, "GET", path, BINARY_RECORDS, null);
      if (reply.kind !== "done") return reply;
      const records = readPolledRecords(reply.value);
      return records === null ? failed("the bridge's answer is no list of records", null) : done(records);
    },
    async commit(name, records) {
      const newest = newestOf(records).map(({ topic, partition, offset }) => ({
        topic,
        partition,
        offset: dialect.commitOf(offset),
      }));
      return nothing(await post(`${instance(name)}/offsets`, { offsets: newest }));
    },
    remove: async (name) => nothing(await ask(settings, "DELETE", instance(name), V2_JSON, null)),
    mayHaveLeftOut(records) {
      const bytes = records.reduce((sum, record) => sum + record.bytes, 0);
      return dialect.fullAnswerBytes !== null && bytes >= dialect.fullAnswerBytes;
    },
  };
}

/** The record with the largest offset of each partition. */
function newestOf(records: readonly PolledRecord[]): readonly PolledRecord[] {
  const newest = new Map<string, PolledRecord>();
  for (const record of records) {
    const partition = `${record.topic}/${record.partition}`;
    if (record.offset > (newest.get(partition)?.offset ?? -1)) newest.set(partition, record);
  }
  return [...newest.values()];
}

async function ask(
  settings: BridgeConsumerSettings,
  method: "GET" | "POST" | "DELETE",
  path: string,
  accept: string,
  body: object | null,
): Promise<Reply<string>> {
  const timeoutMs = settings.timeoutMs ?? TIMEOUT_MS;
  // Called through a variable of its own, because workerd's fetch must not be called as a method.
  const fetchBridge = settings.fetch ?? fetch;
  const limit = method === "GET" ? RECORDS_MAX_BYTES : MAX_ANSWER_BYTES;
  try {
    const response = await fetchBridge(`${settings.url.replace(/\/+$/, "")}${path}`, {
      method,
      headers: {
        accept,
        ...(body === null ? {} : { "content-type": V2_JSON }),
        ...settings.credentials,
      },
      body: body === null ? null : JSON.stringify(body),
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutMs),
    });
    return interpret(await receiveAnswer(response, limit), limit);
  } catch (error) {
    const timedOut = error instanceof Error && error.name === "TimeoutError";
    return failed(
      timedOut
        ? `the bridge did not answer within ${timeoutMs} ms`
        : `the bridge could not be reached: ${quote(error instanceof Error ? error.message : String(error))}`,
      null,
    );
  }
}

function interpret({ status, retryAfter, body, cut }: ReceivedAnswer, limit: number): Reply<string> {
  if (cut)
    return failed(`the bridge's answer is longer than ${limit} bytes: lower its max.poll.records`, null);
  if (status >= 200 && status <= 299) return done(body);
  const said = `HTTP ${status}: ${quote(messageIn(body))}`;
  if (status === 404) return { kind: "gone", reason: said };
  return failed(said, parseRetryAfter(retryAfter, Date.now()));
}

function done<Value>(value: Value): Reply<Value> {
  return { kind: "done", value };
}

function failed(reason: string, retryAfterSeconds: number | null): Reply<never> {
  return { kind: "failed", reason, retryAfterSeconds };
}

function nothing(reply: Reply<string>): Reply<null> {
  return reply.kind === "done" ? done(null) : reply;
}
