/**
 * Stands in for a bridge that cannot be had on this machine: speaks its dialect in front of the real broker.
 * `node stand-in-bridge.ts DIALECT PORT BOOTSTRAP`
 */
import { createServer, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { Producer } from "@platformatic/kafka";
import { z } from "zod";
import { type IncomingRecord, type Reply, type Report, VOICES } from "../fakes/kafka-rest-voices.ts";
import { standInConsumers } from "./stand-in-consumers.ts";

const [dialectName, port, bootstrap] = z
  .tuple([z.string(), z.coerce.number(), z.string()])
  .parse(process.argv.slice(2));
const dialect = z.enum(["strimzi", "karapace"]).parse(dialectName);
const voice = VOICES[dialect];
const consumers = standInConsumers(bootstrap, {
  committedOffset: (offset) => (dialect === "karapace" ? offset + 1 : offset),
  forgetsWhatDidNotFit: dialect === "karapace",
});
const producer = new Producer({
  clientId: "stand-in-bridge",
  bootstrapBrokers: [bootstrap],
  connectTimeout: 2_000,
  requestTimeout: 4_000,
  retries: 1,
  retryDelay: 500,
});
producer.on("error", () => {});

createServer((request, response) => {
  void answer(request).then(
    ({ status, body }) => response.writeHead(status, { "content-type": "application/json" }).end(body),
    (error: unknown) => response.writeHead(500).end(String(error)),
  );
}).listen(port, "127.0.0.1");

async function answer(request: IncomingMessage): Promise<Reply> {
  const body = await text(request);
  const consumed = await consumers(request.method ?? "", request.url ?? "", body);
  if (consumed !== null) return consumed;
  const topic = voice.path.exec(request.url ?? "")?.[1];
  if (topic === undefined) return { status: 404, body: "{}" };
  const read = voice.read(request.headers["content-type"] ?? "", body);
  if (read.kind !== "records") return { status: 422, body: "{}" };
  const reports: Report[] = [];
  for (const record of read.records) reports.push(await write(decodeURIComponent(topic), record));
  return voice.write(reports);
}

async function write(topic: string, record: IncomingRecord): Promise<Report> {
  const { key, value, headers } = record;
  const message = {
    topic,
    key: Buffer.from(key),
    value: Buffer.from(value),
    headers: new Map(Object.entries(headers).map(([name, text]) => [Buffer.from(name), Buffer.from(text)])),
  };
  try {
    const { offsets } = await producer.send({ messages: [message], acks: -1 });
    const place = offsets?.at(0);
    if (place === undefined) return "transient";
    return { ...record, topic, partition: place.partition, offset: Number(place.offset) };
  } catch (error) {
    return /UNKNOWN_TOPIC/i.test(causesOf(error)) ? "topic_missing" : "transient";
  }
}

function causesOf(error: unknown): string {
  const nested = z
    .looseObject({ errors: z.array(z.unknown()).default([]), cause: z.unknown() })
    .safeParse(error);
  if (!(error instanceof Error) || !nested.success) return String(error);
  const { errors, cause } = nested.data;
  const id = z.looseObject({ apiId: z.string() }).safeParse(error).data?.apiId ?? "";
  return [error.message, id, ...[...errors, ...(cause === undefined ? [] : [cause])].map(causesOf)].join(" ");
}
