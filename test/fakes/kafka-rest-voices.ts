import { z } from "zod";

/** The bridges the fake can be. Karapace and Redpanda take the requests of Confluent v2 and answer in their own way. */
export type FakeDialect = "confluent-v2" | "karapace" | "redpanda" | "confluent-v3" | "strimzi";

/** A record on its way to Kafka: `key` and `value` are the text of the bytes. */
export interface IncomingRecord {
  readonly key: string;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A record as Kafka holds it. */
export interface StoredRecord extends IncomingRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** Why Kafka refuses a record; every bridge has its own words for it. */
export const failureSchema = z.enum(["transient", "too_large", "topic_missing", "unauthorized"]);
export type RecordFailure = z.infer<typeof failureSchema>;

/** What became of one record: where it is, or why it is nowhere. */
export type Report = StoredRecord | RecordFailure;

export type ReadRequest =
  | { readonly kind: "records"; readonly records: readonly IncomingRecord[] }
  | { readonly kind: "unknown_format" }
  | { readonly kind: "invalid"; readonly message: string };

export interface Reply {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A dialect from the bridge's side. */
export interface Voice {
  readonly path: RegExp;
  readonly read: (contentType: string, body: string) => ReadRequest;
  readonly write: (reports: readonly Report[]) => Reply;
}

export const CLUSTER_PATH = "/kafka/v3/clusters/lkc-fake";

const V2_PATH = /^\/topics\/([^/]+)$/;
const V3_PATH = /^\/kafka\/v3\/clusters\/lkc-fake\/topics\/([^/]+)\/records$/;

/** How a bridge speaks of a record that was written and of one that was not. */
interface Phrases {
  readonly written: (record: StoredRecord) => object;
  readonly refused: Readonly<Record<RecordFailure, object>>;
}

const TIMED_OUT = "Expiring 1 record(s) for topic-0: 120000 ms has passed since batch creation";
const TOO_LARGE = "The message is 2000000 bytes when serialized which is larger than 1048576";

const CONFLUENT_V2: Phrases = {
  written: ({ partition, offset }) => ({ partition, offset, error_code: null, error: null }),
  refused: {
    transient: { partition: null, offset: null, error_code: 50003, error: TIMED_OUT },
    too_large: { partition: null, offset: null, error_code: 50002, error: TOO_LARGE },
    topic_missing: { partition: null, offset: null, error_code: 40403, error: "Unknown topic-partition." },
    unauthorized: { partition: null, offset: null, error_code: 40301, error: "Not authorized: [topic]" },
  },
};

const KARAPACE: Phrases = {
  written: ({ partition, offset }) => ({ offset, partition }),
  refused: {
    transient: { error_code: 1, error: "timed out waiting to publish message" },
    too_large: { error_code: 1, error: "Broker: Message size too large" },
    topic_missing: { error_code: 2, error: "Local: Unknown topic" },
    unauthorized: { error_code: 1, error: "Broker: Topic authorization failed" },
  },
};

/** Redpanda prints an offset even where there is an error. */
const REDPANDA: Phrases = {
  written: ({ partition, offset }) => ({ partition, offset }),
  refused: {
    transient: { partition: 0, error_code: 7, offset: -1 },
    too_large: { partition: 0, error_code: 10, offset: -1 },
    topic_missing: { partition: 0, error_code: 3, offset: -1 },
    unauthorized: { partition: 0, error_code: 29, offset: -1 },
  },
};

const STRIMZI: Phrases = {
  written: ({ partition, offset }) => ({ partition, offset }),
  refused: {
    transient: { error_code: 500, message: TIMED_OUT },
    too_large: { error_code: 500, message: TOO_LARGE },
    topic_missing: { error_code: 404, message: "Topic not present in metadata after 60000 ms." },
    unauthorized: { error_code: 403, message: "Not authorized to access topics: [topic]" },
  },
};

const CONFLUENT_V3: Phrases = {
  written: ({ topic, partition, offset, value }) => ({
    error_code: 200,
    cluster_id: "lkc-fake",
    topic_name: topic,
    partition_id: partition,
    offset,
    timestamp: "2026-02-07T09:15:00Z",
    value: { type: "JSON", size: value.length },
  }),
  refused: {
    transient: { error_code: 50003, message: TIMED_OUT },
    too_large: { error_code: 413, message: "The produce request is larger than the allowed size {1048576}." },
    topic_missing: { error_code: 404, message: "This server does not host this topic-partition." },
    unauthorized: { error_code: 40301, message: "Not authorized to access topics: [topic]" },
  },
};

const keyAndValue = { key: z.unknown().optional(), value: z.unknown() };
const v2Headers = z.array(z.strictObject({ key: z.string(), value: z.base64() })).optional();

export const VOICES: Readonly<Record<FakeDialect, Voice>> = {
  "confluent-v2": {
    path: V2_PATH,
    read: readV2(keyAndValue),
    write: (reports) => writeV2(CONFLUENT_V2, reports),
  },
  karapace: { path: V2_PATH, read: readV2(keyAndValue), write: writeKarapace },
  redpanda: { path: V2_PATH, read: readV2(keyAndValue), write: (reports) => writeV2(REDPANDA, reports) },
  strimzi: {
    path: V2_PATH,
    read: readV2({ ...keyAndValue, headers: v2Headers }),
    write: (reports) => writeV2(STRIMZI, reports),
  },
  "confluent-v3": { path: V3_PATH, read: readV3, write: writeV3 },
};

/** The embedded format says how key and value are turned into bytes: as JSON text, or from base64. Other fields are refused. */
function readV2(fields: z.core.$ZodShape): Voice["read"] {
  const bodySchema = z.strictObject({ records: z.array(z.strictObject(fields)).min(1) });
  const recordSchema = z.object({ ...keyAndValue, headers: v2Headers });
  return (contentType, body) => {
    const format = /^application\/vnd\.kafka\.(json|binary)\.v2\+json$/.exec(contentType)?.[1];
    if (format === undefined) return { kind: "unknown_format" };
    const read = bodySchema.safeParse(JSON.parse(body));
    if (!read.success) return { kind: "invalid", message: "Invalid request format" };
    const bytes = (part: unknown) =>
      format === "json" ? JSON.stringify(part) : fromBase64(z.base64().parse(part));
    const records = z
      .array(recordSchema)
      .parse(read.data.records)
      .map(({ key, value, headers }) => ({
        key: bytes(key),
        value: bytes(value),
        headers: Object.fromEntries((headers ?? []).map((header) => [header.key, fromBase64(header.value)])),
      }));
    return { kind: "records", records };
  };
}

const v3Part = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("BINARY"), data: z.base64().transform(fromBase64) }),
  z.strictObject({ type: z.literal("STRING"), data: z.string() }),
  z.strictObject({ type: z.literal("JSON"), data: z.unknown().transform((data) => JSON.stringify(data)) }),
]);
const v3Record = z.strictObject({
  key: v3Part,
  value: v3Part,
  headers: z.array(z.strictObject({ name: z.string(), value: z.base64().transform(fromBase64) })).default([]),
});

/** The fake takes one record per line; the real proxy takes any concatenation. */
function readV3(contentType: string, body: string): ReadRequest {
  if (contentType !== "application/json") return { kind: "unknown_format" };
  const read = z.array(v3Record).safeParse(body.split("\n").map((line): unknown => JSON.parse(line)));
  if (!read.success) return { kind: "invalid", message: "Invalid request format" };
  const records = read.data.map(({ key, value, headers }) => ({
    key: key.data,
    value: value.data,
    headers: Object.fromEntries(headers.map((header) => [header.name, header.value])),
  }));
  return { kind: "records", records };
}

function say(phrases: Phrases, report: Report): object {
  return typeof report === "string" ? phrases.refused[report] : phrases.written(report);
}

function writeV2(phrases: Phrases, reports: readonly Report[]): Reply {
  const offsets = reports.map((report) => say(phrases, report));
  return { status: 200, body: JSON.stringify({ offsets, key_schema_id: null, value_schema_id: null }) };
}

/** Karapace answers 422 as soon as one record failed, though the others are written. */
function writeKarapace(reports: readonly Report[]): Reply {
  const failed = reports.some((report) => typeof report === "string");
  return { ...writeV2(KARAPACE, reports), status: failed ? 422 : 200 };
}

function writeV3(reports: readonly Report[]): Reply {
  return {
    status: 200,
    body: reports.map((report) => JSON.stringify(say(CONFLUENT_V3, report))).join("\r\n"),
  };
}

function fromBase64(encoded: string): string {
  return Buffer.from(encoded, "base64").toString("utf8");
}
