import { type BridgeDialectName, bridgeUrlProblem } from "../../settings/kafka-bridge-url.ts";
import { confluentV2 } from "./confluent-v2.ts";
import { confluentV3 } from "./confluent-v3.ts";
import type { BridgeDialect, EncodedRequest, RecordFormat } from "./dialect.ts";
import {
  type Answer,
  interpretAnswer,
  type ReceivedAnswer,
  receiveAnswer,
  unreachable,
} from "./http-answer.ts";
import type { BridgeRecord, KafkaBridge, RecordOutcome, RecordToRetry } from "./kafka-bridge.ts";
import { strimzi } from "./strimzi.ts";

const DIALECTS: Readonly<Record<BridgeDialectName, BridgeDialect>> = {
  "confluent-v2": confluentV2,
  "confluent-v3": confluentV3,
  strimzi,
};

/** Most records in one request. Isolating bad records costs at most twice as many requests as there are records. */
export const MAX_RECORDS_PER_REQUEST = 100;

/** Where the bridge is and how to speak to it. */
export interface KafkaBridgeSettings {
  /** `http` or `https`, without credentials; see {@link bridgeUrlProblem}. */
  readonly url: string;
  readonly dialect: BridgeDialectName;
  /** The `Authorization` header, verbatim: `Basic …` or `Bearer …`. */
  readonly authorization?: string | undefined;
  /** More headers, such as `CF-Access-Client-Id` and `CF-Access-Client-Secret`. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Longer than the bridge's own timeout (Strimzi 60 s, Confluent 120 s), or late writes turn into duplicates. */
  readonly timeoutMs: number;
  /** Default `json`. */
  readonly recordFormat?: RecordFormat | undefined;
  readonly fetch?: typeof fetch | undefined;
  /** Milliseconds since the epoch, for reading Retry-After dates. Default `Date.now`. */
  readonly now?: (() => number) | undefined;
}

/**
 * Builds the bridge that the settings describe.
 * @throws TypeError when {@link bridgeUrlProblem} finds fault with the URL.
 */
export function createKafkaBridge(settings: KafkaBridgeSettings): KafkaBridge {
  const problem = bridgeUrlProblem(settings.dialect, settings.url);
  if (problem !== null) throw new TypeError(`Kafka bridge: ${problem}`);
  const send = (topic: string, records: readonly BridgeRecord[]) => sendRecords(settings, topic, records);
  return {
    async produce(topic, records) {
      refuseForeignRecords(topic, records);
      const progress: Progress = { outcomes: new Map(), heldKeys: new Map(), halt: null };
      for (let start = 0; start < records.length; start += MAX_RECORDS_PER_REQUEST)
        await produceSlice(send, topic, records.slice(start, start + MAX_RECORDS_PER_REQUEST), progress);
      return records.map((record) => outcomeOf(record, progress));
    },
  };
}

type Send = (topic: string, records: readonly BridgeRecord[]) => Promise<Answer>;

/** What is known so far about the records of one call. */
interface Progress {
  readonly outcomes: Map<BridgeRecord, RecordOutcome>;
  /** Keys of which a record waits for a retry, with that record's outcome. */
  readonly heldKeys: Map<string, RecordToRetry>;
  /** Set when the bridge as a whole did not answer: asking on would wait for the same timeout again. */
  halt: RecordToRetry | null;
}

/** Produces records in one request, or in ever smaller ones until what the bridge refuses stands alone. */
async function produceSlice(
  send: Send,
  topic: string,
  slice: readonly BridgeRecord[],
  progress: Progress,
): Promise<void> {
  const records = slice.filter((record) => !progress.heldKeys.has(record.key));
  if (records.length === 0 || progress.halt !== null) return;
  const answer = await send(topic, records);
  switch (answer.kind) {
    case "reported":
      for (const [index, outcome] of answer.outcomes.entries()) settle(records[index], outcome, progress);
      return;
    case "unavailable":
      progress.halt = answer.outcome;
      return;
    case "refused": {
      if (records.length === 1) {
        settle(records[0], { kind: "dead", reason: answer.reason }, progress);
        return;
      }
      const middle = Math.ceil(records.length / 2);
      await produceSlice(send, topic, records.slice(0, middle), progress);
      await produceSlice(send, topic, records.slice(middle), progress);
    }
  }
}

function settle(produced: BridgeRecord, outcome: RecordOutcome, progress: Progress): void {
  progress.outcomes.set(produced, outcome);
  if (outcome.kind === "retry") progress.heldKeys.set(produced.key, outcome);
}

/** A record that was never sent waits for what holds its key, or for the bridge. */
function outcomeOf(produced: BridgeRecord, progress: Progress): RecordOutcome {
  const outcome = progress.outcomes.get(produced);
  if (outcome !== undefined) return outcome;
  const held = progress.heldKeys.get(produced.key);
  if (held !== undefined)
    return { ...held, reason: `held back behind a record of the same key: ${held.reason}` };
  if (progress.halt !== null) return progress.halt;
  throw new Error(`a record with key ${produced.key} was neither sent nor held back`);
}

function refuseForeignRecords(topic: string, records: readonly BridgeRecord[]): void {
  const foreign = records.find((candidate) => candidate.topic !== topic);
  if (foreign !== undefined)
    throw new TypeError(`expected records of topic ${topic}, got one of topic ${foreign.topic}`);
}

async function sendRecords(
  settings: KafkaBridgeSettings,
  topic: string,
  records: readonly BridgeRecord[],
): Promise<Answer> {
  const dialect = DIALECTS[settings.dialect];
  const request = dialect.encode(topic, records, settings.recordFormat ?? "json");
  const received = await post(settings, request).catch((error: unknown) => ({ error }));
  if ("error" in received) return unreachable(received.error, settings.timeoutMs);
  return interpretAnswer(received, dialect, records.length, (settings.now ?? Date.now)());
}

async function post(settings: KafkaBridgeSettings, request: EncodedRequest): Promise<ReceivedAnswer> {
  // Called through a variable of its own, because workerd's fetch must not be called as a method.
  const fetchBridge = settings.fetch ?? fetch;
  const response = await fetchBridge(`${settings.url.replace(/\/+$/, "")}${request.path}`, {
    method: "POST",
    headers: { ...request.headers, ...settings.headers, ...authorizationOf(settings) },
    body: request.body,
    // A redirect of a POST would arrive as a GET, and most often leads to a login page.
    redirect: "manual",
    signal: AbortSignal.timeout(settings.timeoutMs),
  });
  return receiveAnswer(response);
}

function authorizationOf(settings: KafkaBridgeSettings): Record<string, string> {
  return settings.authorization === undefined ? {} : { authorization: settings.authorization };
}
