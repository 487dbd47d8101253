import { z } from "zod";
import type { FakeDialect, Reply, StoredRecord } from "./kafka-rest-voices.ts";

/**
 * The consumer API of the v2 bridges, in memory: groups, instances, positions, commits and rebalances, written from the
 * bridges' own code and documentation. Each dialect keeps its own habits: who adds one to a committed offset, what
 * `max_bytes` does, and how automatic commits are switched off.
 */

export const PARTITIONS = 3;
/** Kafka's `max.poll.records` */
const POLL_MAX_RECORDS = 500;

const mishapSchema = z.discriminatedUnion("kind", [
  /** Answers with a status and does nothing. */
  z.object({
    kind: z.literal("status"),
    status: z.int(),
    body: z.string().default(""),
    headers: z.record(z.string(), z.string()).default({}),
  }),
  /** Closes the connection, after doing what was asked or before. */
  z.object({ kind: z.literal("hang_up"), done: z.boolean() }),
  /** Does what was asked, and answers with this text. */
  z.object({ kind: z.literal("answer"), body: z.string() }),
  /** Forgets every instance, as a bridge that was restarted; their members stay in the group until they time out. */
  z.object({ kind: z.literal("restart") }),
  /** Another member joins the group before the request is looked at, and takes some of the partitions. */
  z.object({ kind: z.literal("rebalance") }),
]);
const OPERATIONS = ["create", "subscribe", "fetch", "commit", "remove"] as const;
type Operation = (typeof OPERATIONS)[number];
export const consumerFaultSchema = z.object({ operation: z.enum(OPERATIONS) }).and(mishapSchema);
/** What goes wrong with one request. Faults of an operation are used up in the order in which they were given. */
export type ConsumerFault = z.input<typeof consumerFaultSchema>;

export type ConsumerAnswer = Reply | "hang_up";

interface Member {
  readonly topics: Set<string>;
  readonly autoCommit: boolean;
  /** next offset by partition; what is not in it goes on from the committed offset */
  readonly positions: Map<string, number>;
}

interface Group {
  readonly members: Map<string, Member>;
  readonly committed: Map<string, number>;
}

const creationSchema = z.strictObject({
  name: z.string(),
  format: z.literal("binary"),
  "auto.offset.reset": z.literal("earliest"),
  "auto.commit.enable": z.string().optional(),
  "enable.auto.commit": z.boolean().optional(),
});
const offsetsSchema = z.strictObject({
  offsets: z.array(z.strictObject({ topic: z.string(), partition: z.int(), offset: z.int() })),
});
const PATH =
  /^\/consumers\/([^/]+)(?:\/instances\/([^/]+)(?:\/(subscription|records|offsets))?)?(?:\?(.*))?$/;

export interface FakeConsumers {
  /** @returns null when the path is not one of the consumer API */
  readonly answer: (request: {
    readonly method: string;
    readonly path: string;
    readonly accept: string;
    readonly body: string;
  }) => ConsumerAnswer | null;
  readonly fail: (...faults: readonly ConsumerFault[]) => void;
  /** Next offsets of a group by `topic/partition`. */
  readonly committed: (group: string) => Readonly<Record<string, number>>;
  /** The names of a group's instances. */
  readonly members: (group: string) => readonly string[];
  readonly forget: () => void;
}

export function fakeConsumers(dialect: FakeDialect, records: readonly StoredRecord[]): FakeConsumers {
  const groups = new Map<string, Group>();
  const faults: z.infer<typeof consumerFaultSchema>[] = [];
  const groupOf = (name: string): Group => {
    const group = groups.get(name) ?? { members: new Map(), committed: new Map() };
    groups.set(name, group);
    return group;
  };
  const takeFault = (operation: Operation) => {
    const at = faults.findIndex((fault) => fault.operation === operation);
    return at === -1 ? undefined : faults.splice(at, 1).at(0);
  };
  return {
    answer({ method, path, accept, body }) {
      const [, groupName, name, part, query] = PATH.exec(path) ?? [];
      if (groupName === undefined) return null;
      const operation = operationOf(method, name, part);
      if (operation === null) return problem(405, 405, "HTTP 405 Method Not Allowed");
      const group = groupOf(decodeURIComponent(groupName));
      const fault = takeFault(operation);
      if (fault?.kind === "status") return fault;
      if (fault?.kind === "hang_up" && !fault.done) return "hang_up";
      if (fault?.kind === "restart") group.members.clear();
      if (fault?.kind === "rebalance") join(group, `another-${group.members.size}`, [], false);
      const request = { name: decodeURIComponent(name ?? ""), accept, body, query: query ?? "" };
      const reply = perform(dialect, records, group, operation, request);
      if (fault?.kind === "hang_up") return "hang_up";
      return fault?.kind === "answer" ? { status: 200, body: fault.body } : reply;
    },
    fail: (...more) => {
      faults.push(...more.map((fault) => consumerFaultSchema.parse(fault)));
    },
    committed: (group) => Object.fromEntries(groupOf(group).committed),
    members: (group) => [...groupOf(group).members.keys()],
    forget() {
      groups.clear();
      faults.length = 0;
    },
  };
}

function operationOf(method: string, name: string | undefined, part: string | undefined): Operation | null {
  if (name === undefined) return method === "POST" ? "create" : null;
  switch (`${method} ${part ?? ""}`) {
    case "POST subscription":
      return "subscribe";
    case "GET records":
      return "fetch";
    case "POST offsets":
      return "commit";
    case "DELETE ":
      return "remove";
    default:
      return null;
  }
}

interface ConsumerRequest {
  readonly name: string;
  readonly accept: string;
  readonly body: string;
  readonly query: string;
}

function perform(
  dialect: FakeDialect,
  records: readonly StoredRecord[],
  group: Group,
  operation: Operation,
  request: ConsumerRequest,
): Reply {
  if (operation === "create") return create(dialect, group, request.body);
  const member = group.members.get(request.name);
  if (member === undefined) return problem(404, 40403, "Consumer instance not found.");
  switch (operation) {
    case "subscribe":
      for (const topic of z.object({ topics: z.array(z.string()) }).parse(JSON.parse(request.body)).topics)
        member.topics.add(topic);
      forgetPositions(group);
      return NOTHING;
    case "fetch":
      return fetchRecords(dialect, records, group, request, member);
    case "commit":
      return commit(dialect, group, request, member);
    case "remove":
      group.members.delete(request.name);
      forgetPositions(group);
      return NOTHING;
  }
}

const NOTHING: Reply = { status: 204, body: "" };

function create(dialect: FakeDialect, group: Group, body: string): Reply {
  const read = creationSchema.safeParse(JSON.parse(body));
  if (!read.success) return problem(422, 42204, "Invalid consumer configuration");
  const { name, "auto.commit.enable": confluent, "enable.auto.commit": strimzi } = read.data;
  if (group.members.has(name)) return problem(409, 40902, "Consumer instance already exists.");
  // A bridge does not know the other's word for it, and commits by itself.
  const manual = dialect === "strimzi" ? strimzi === false : confluent === "false";
  join(group, name, [], !manual);
  return { status: 200, body: JSON.stringify({ instance_id: name, base_uri: `http://inside/${name}` }) };
}

function join(group: Group, name: string, topics: readonly string[], autoCommit: boolean): void {
  group.members.set(name, { topics: new Set(topics), autoCommit, positions: new Map() });
  forgetPositions(group);
}

/** A rebalance: everybody goes on from what is committed. */
function forgetPositions(group: Group): void {
  for (const { positions } of group.members.values()) positions.clear();
}

/** The members share each topic's partitions in the order of their names; one that is not subscribed still takes its share. */
function owns(group: Group, name: string, partition: number): boolean {
  const names = [...group.members.keys()].toSorted();
  return names[partition % names.length] === name;
}

function fetchRecords(
  dialect: FakeDialect,
  records: readonly StoredRecord[],
  group: Group,
  { name, accept, query }: ConsumerRequest,
  member: Member,
): Reply {
  if (accept !== "application/vnd.kafka.binary.v2+json") return problem(406, 40601, "Unacceptable format");
  const limit = Number(new URLSearchParams(query).get("max_bytes") ?? Number.POSITIVE_INFINITY);
  const positionOf = (key: string) => member.positions.get(key) ?? group.committed.get(key) ?? 0;
  const waiting = records
    .filter(({ topic, partition }) => member.topics.has(topic) && owns(group, name, partition))
    .filter((record) => record.offset >= positionOf(keyOf(record)))
    .slice(0, POLL_MAX_RECORDS);
  const fitting = waiting.slice(0, countFitting(waiting, limit));
  // Karapace has read all it asked for, whatever it hands out; Strimzi too, and then says that it is too much.
  const read = dialect === "karapace" || dialect === "strimzi" ? waiting : fitting;
  for (const record of read) member.positions.set(keyOf(record), record.offset + 1);
  if (member.autoCommit) for (const [key, next] of member.positions) group.committed.set(key, next);
  if (dialect === "strimzi" && fitting.length < waiting.length)
    return problem(422, 422, "Response exceeds the maximum number of bytes the consumer can receive");
  return { status: 200, body: JSON.stringify(fitting.map(say)) };
}

function keyOf({ topic, partition }: { readonly topic: string; readonly partition: number }): string {
  return `${topic}/${partition}`;
}

/** The first record always fits; Confluent's proxy would answer for ever with nothing. */
function countFitting(records: readonly StoredRecord[], limit: number): number {
  let bytes = 0;
  let count = 0;
  for (const { key, value } of records) {
    if (bytes >= limit) break;
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
    count += 1;
  }
  return count;
}

function say({ topic, key, value, partition, offset }: StoredRecord): object {
  return { topic, partition, offset, key: base64(key), value: base64(value) };
}

/** Karapace makes no difference between nothing and no bytes. */
function base64(text: string): string | null {
  return text === "" ? null : Buffer.from(text, "utf8").toString("base64");
}

function commit(dialect: FakeDialect, group: Group, { name, body }: ConsumerRequest, member: Member): Reply {
  const { offsets } = offsetsSchema.parse(JSON.parse(body));
  const isMember = group.members.get(name) === member;
  if (!isMember || offsets.some(({ partition }) => !owns(group, name, partition)))
    return problem(500, 500, "Commit cannot be completed since the group has already rebalanced");
  const isNextOffset = dialect === "strimzi" || dialect === "redpanda";
  for (const each of offsets) group.committed.set(keyOf(each), isNextOffset ? each.offset : each.offset + 1);
  return NOTHING;
}

function problem(status: number, error_code: number, message: string): Reply {
  return { status, body: JSON.stringify({ error_code, message }) };
}
