import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { z } from "zod";
import { consumerFaultSchema, type FakeConsumers, fakeConsumers } from "./kafka-rest-consumers.ts";
import {
  CLUSTER_PATH,
  type FakeDialect,
  failureSchema,
  type IncomingRecord,
  type Reply,
  type StoredRecord,
  VOICES,
} from "./kafka-rest-voices.ts";
import { startLocalServer } from "./local-server.ts";

/**
 * A Kafka REST bridge in memory, for tests: it keeps what is produced and can be told to misbehave. It speaks the
 * dialects as the real bridges do, written from their documentation and not from this project's encoders.
 *
 * Code in another process (or in workerd) drives it over HTTP: `GET /__fake/records`, `GET /__fake/requests`,
 * `POST /__fake/faults` with a list of faults, `DELETE /__fake` to start afresh; for what it lets others read,
 * `POST /__fake/produced` with records, `POST /__fake/consumer-faults` and `GET /__fake/groups/{group}`.
 */

/** A request as it came. */
export interface ReceivedRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly recordCount: number;
}

const mishapSchema = z.discriminatedUnion("kind", [
  /** Answers with a status and writes nothing. */
  z.object({
    kind: z.literal("status"),
    status: z.int(),
    body: z.string().default(""),
    headers: z.record(z.string(), z.string()).default({}),
  }),
  /** Fails the records at these places and writes the others. */
  z.object({ kind: z.literal("record"), indexes: z.array(z.int()), failure: failureSchema }),
  /** Writes everything, and answers for fewer records. */
  z.object({ kind: z.literal("short_answer"), missing: z.int() }),
  /** Writes everything, and answers with this text. */
  z.object({ kind: z.literal("answer"), body: z.string(), status: z.int().default(200) }),
  /** Writes everything, and answers with the first half of the text. */
  z.object({ kind: z.literal("cut_answer") }),
  /** Writes everything, and never answers. */
  z.object({ kind: z.literal("silence") }),
  /** Closes the connection, after writing everything or before. */
  z.object({ kind: z.literal("hang_up"), written: z.boolean() }),
]);
/** With a key, the fault waits for a request that carries a record of that key and lets others pass. */
const faultSchema = z.object({ key: z.string().optional() }).and(mishapSchema);
/** What goes wrong with one request. Faults are used up in the order in which they were given. */
export type BridgeFault = z.input<typeof faultSchema>;
type Fault = z.infer<typeof faultSchema>;

export interface FakeKafkaRestOptions {
  readonly dialect?: FakeDialect;
  /** Default: any free port of the loopback interface. */
  readonly port?: number;
  /** The `Authorization` that is demanded. Default: none. */
  readonly authorization?: string;
  /** The topics there are. Default: every topic. */
  readonly topics?: readonly string[];
  /** Any request with a record whose value contains `text` is refused as a whole with `status`. */
  readonly poison?: { readonly text: string; readonly status: number };
}

export interface FakeKafkaRest {
  /** What a client appends its paths to. */
  readonly url: string;
  readonly records: () => readonly StoredRecord[];
  readonly requests: () => readonly ReceivedRequest[];
  readonly fail: (...faults: readonly BridgeFault[]) => void;
  /** Puts records into topics, as other producers do. */
  readonly produce: (...records: readonly ProducedRecord[]) => void;
  /** The consumer API. */
  readonly consumers: Omit<FakeConsumers, "answer">;
  readonly close: () => Promise<void>;
}

const producedSchema = z.object({
  topic: z.string(),
  key: z.string().default(""),
  /** empty for a tombstone */
  value: z.string(),
});
export type ProducedRecord = z.input<typeof producedSchema>;

/** Starts a bridge on the loopback interface. Close it at the end. */
export async function startFakeKafkaRest(options: FakeKafkaRestOptions = {}): Promise<FakeKafkaRest> {
  const records: StoredRecord[] = [];
  const consumers = fakeConsumers(options.dialect ?? "confluent-v2", records);
  const memory: Memory = { records, requests: [], faults: [], consumers };
  const server = await startLocalServer(
    (request, response) => serve(options, memory, request, response),
    options.port,
  );
  return {
    url: `${server.url}${options.dialect === "confluent-v3" ? CLUSTER_PATH : ""}`,
    records: () => memory.records,
    requests: () => memory.requests,
    fail: (...faults) => {
      memory.faults.push(...faults.map((fault) => faultSchema.parse(fault)));
    },
    produce: (...produced) => storeProduced(memory, produced),
    consumers,
    close: server.close,
  };
}

interface Memory {
  readonly records: StoredRecord[];
  readonly requests: ReceivedRequest[];
  readonly faults: Fault[];
  readonly consumers: FakeConsumers;
}

function storeProduced(memory: Memory, produced: readonly ProducedRecord[]): void {
  for (const record of produced) {
    const { topic, key, value } = producedSchema.parse(record);
    store(memory, topic, { key, value, headers: {} });
  }
}

async function serve(
  options: FakeKafkaRestOptions,
  memory: Memory,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await text(request);
  const path = request.url ?? "";
  const method = request.method ?? "";
  if (path.startsWith("/__fake")) {
    answer(response, control(memory, method, path, body));
    return;
  }
  const consumed = memory.consumers.answer({ method, path, accept: request.headers.accept ?? "", body });
  if (consumed === null) produce(options, memory, { path, headers: headersOf(request), body }, response);
  else if (consumed === "hang_up") response.destroy();
  else answerConsumer(options, memory, { path, headers: headersOf(request), body }, consumed, response);
}

function headersOf(request: IncomingMessage): Readonly<Record<string, string>> {
  return z.record(z.string(), z.string()).parse({ ...request.headers });
}

function answerConsumer(
  { authorization }: FakeKafkaRestOptions,
  memory: Memory,
  { path, headers }: ProduceRequest,
  reply: Reply,
  response: ServerResponse,
): void {
  memory.requests.push({ path, headers, recordCount: 0 });
  const refused = authorization !== undefined && headers["authorization"] !== authorization;
  answer(response, refused ? problem(401, 40101, "Unauthorized") : reply);
}

interface ProduceRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Answers as a healthy bridge would, unless a fault is waiting. */
function produce(
  options: FakeKafkaRestOptions,
  memory: Memory,
  request: ProduceRequest,
  response: ServerResponse,
): void {
  const voice = VOICES[options.dialect ?? "confluent-v2"];
  const topic = decodeURIComponent(voice.path.exec(request.path)?.[1] ?? "");
  const read = voice.read(request.headers["content-type"] ?? "", request.body);
  const records = read.kind === "records" ? read.records : [];
  memory.requests.push({ path: request.path, headers: request.headers, recordCount: records.length });
  const refusal = refusalOf(options, request, topic, records);
  if (refusal !== null) answer(response, refusal);
  else if (read.kind === "unknown_format")
    answer(response, problem(415, 415, "HTTP 415 Unsupported Media Type"));
  else if (read.kind === "invalid") answer(response, problem(422, 422, read.message));
  else write(options, memory, topic, records, response);
}

function refusalOf(
  options: FakeKafkaRestOptions,
  request: ProduceRequest,
  topic: string,
  records: readonly IncomingRecord[],
): Reply | null {
  const { authorization, topics, poison } = options;
  if (authorization !== undefined && request.headers["authorization"] !== authorization)
    return problem(401, 40101, "Unauthorized");
  if (topic === "") return problem(404, 404, "HTTP 404 Not Found");
  if (topics?.includes(topic) === false) return problem(404, 40401, "Topic not found.");
  const poisoned = poison !== undefined && records.some(({ value }) => value.includes(poison.text));
  return poisoned ? problem(poison.status, poison.status, "Request refused.") : null;
}

/** Writes the records as far as the next fault lets it, and answers as the fault wants. */
function write(
  options: FakeKafkaRestOptions,
  memory: Memory,
  topic: string,
  records: readonly IncomingRecord[],
  response: ServerResponse,
): void {
  const fault = takeFault(memory, records);
  if (fault?.kind === "status") {
    answer(response, fault);
    return;
  }
  if (fault?.kind === "hang_up" && !fault.written) {
    response.destroy();
    return;
  }
  const reports = records.map((record, index) =>
    fault?.kind === "record" && fault.indexes.includes(index) ? fault.failure : store(memory, topic, record),
  );
  const { write: say } = VOICES[options.dialect ?? "confluent-v2"];
  switch (fault?.kind) {
    case "silence":
      return;
    case "hang_up":
      response.destroy();
      return;
    case "answer":
      answer(response, fault);
      return;
    case "cut_answer": {
      const { body, ...reply } = say(reports);
      answer(response, { ...reply, body: body.slice(0, body.length / 2) });
      return;
    }
    case "short_answer":
      answer(response, say(reports.slice(0, reports.length - fault.missing)));
      return;
    default:
      answer(response, say(reports));
  }
}

function takeFault(memory: Memory, records: readonly IncomingRecord[]): Fault | undefined {
  const index = memory.faults.findIndex(
    ({ key }) => key === undefined || records.some((one) => one.key === key),
  );
  return index === -1 ? undefined : memory.faults.splice(index, 1).at(0);
}

function answer(response: ServerResponse, reply: Reply): void {
  response.writeHead(reply.status, { "content-type": "application/json", ...reply.headers }).end(reply.body);
}

function problem(status: number, error_code: number, message: string): Reply {
  return { status, body: JSON.stringify({ error_code, message }) };
}

function control(memory: Memory, method: string, path: string, body: string): Reply {
  switch (`${method} ${path}`) {
    case "GET /__fake/records":
      return { status: 200, body: JSON.stringify(memory.records) };
    case "GET /__fake/requests":
      return { status: 200, body: JSON.stringify(memory.requests) };
    case "POST /__fake/faults":
      memory.faults.push(...z.array(faultSchema).parse(JSON.parse(body)));
      return { status: 204, body: "" };
    case "POST /__fake/produced":
      storeProduced(memory, z.array(producedSchema).parse(JSON.parse(body)));
      return { status: 204, body: "" };
    case "POST /__fake/consumer-faults":
      memory.consumers.fail(...z.array(consumerFaultSchema).parse(JSON.parse(body)));
      return { status: 204, body: "" };
    case "DELETE /__fake":
      for (const list of [memory.records, memory.requests, memory.faults]) list.length = 0;
      memory.consumers.forget();
      return { status: 204, body: "" };
    default: {
      const group = /^GET \/__fake\/groups\/([^/]+)$/.exec(`${method} ${path}`)?.[1];
      if (group !== undefined) {
        const { committed, members } = memory.consumers;
        return {
          status: 200,
          body: JSON.stringify({ committed: committed(group), members: members(group) }),
        };
      }
      return problem(404, 404, `no such control: ${method} ${path}`);
    }
  }
}

/** As Kafka does: the key chooses among three partitions, and each partition counts its own offsets. */
function store(memory: Memory, topic: string, record: IncomingRecord): StoredRecord {
  const partition = Array.from(record.key).reduce(
    (sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) % 3,
    0,
  );
  const offset = memory.records.filter((kept) => kept.topic === topic && kept.partition === partition).length;
  const stored = { topic, ...record, partition, offset };
  memory.records.push(stored);
  return stored;
}
