/** The configurations of docs/kafka.md are copied as they stand, so they are held to what `/v1/events` takes. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { readRecordText } from "../../../src/bus/inbound-record.ts";
import { RECORDS_MAX, splitRecords } from "../../../src/bus/split-records.ts";

const PAGE = readFileSync(fileURLToPath(new URL("../../../docs/kafka.md", import.meta.url).href), "utf8");
const STRING_CONVERTER = "org.apache.kafka.connect.storage.StringConverter";
const INBOUND = ["huleedu.els.cj_assessment.requested.v1", "huleedu.llm_provider.comparison_result.v1"];

const connector = z.object({ name: z.string(), config: z.record(z.string(), z.string()) });
const CONFIGURATIONS = [...PAGE.matchAll(/```json\n([\s\S]*?)```/g)].map(
  ([, text]) => connector.parse(JSON.parse(text)).config,
);

describe("the connector configurations of docs/kafka.md", () => {
  it("are those of Aiven and of Confluent", () => {
    expect(CONFIGURATIONS.map((config) => config["connector.class"])).toEqual([
      "io.aiven.kafka.connect.http.HttpSinkConnector",
      "io.confluent.connect.http.HttpSinkConnector",
    ]);
  });

  it.each(CONFIGURATIONS)("read both topics and post their values unchanged to /v1/events", (config) => {
    expect(config["topics"].split(",")).toEqual(INBOUND);
    expect([config["key.converter"], config["value.converter"]]).toEqual([
      STRING_CONVERTER,
      STRING_CONVERTER,
    ]);
    expect(config["http.url"] ?? config["http.api.url"]).toMatch(/^https:.*\/v1\/events$/);
    expect(JSON.stringify(config)).toContain("application/x-ndjson");
  });

  it.each(CONFIGURATIONS)("make batches that the route takes", (config) => {
    const size = Number(config["batch.max.size"]);
    expect(size).toBeLessThanOrEqual(RECORDS_MAX);
    const unescaped = (text: string) => text.replaceAll("\\n", "\n");
    const values = Array.from({ length: size }, (_, number) => JSON.stringify({ number }));
    const body =
      unescaped(config["batch.prefix"]) +
      values.join(unescaped(config["batch.separator"])) +
      unescaped(config["batch.suffix"]);
    const split = splitRecords(body);
    expect(split.kind === "records" && split.records.map(({ text }) => text)).toEqual(values);
  });

  it.each(CONFIGURATIONS)("keep trying for a quarter of an hour, and hold no key", (config) => {
    const patienceMs = Number(config["max.retries"]) * Number(config["retry.backoff.ms"]);
    expect(patienceMs).toBeGreaterThanOrEqual(15 * 60_000);
    expect(patienceMs).toBeLessThan(Number(config["consumer.override.max.poll.interval.ms"]));
    expect(JSON.stringify(config)).toContain("Bearer ${file:");
  });
});

describe("the example request of docs/kafka.md", () => {
  it("is a request that opens a batch", () => {
    const [, body] = /-d '(\{[\s\S]*?\n\})'/.exec(PAGE) ?? [];
    expect(readRecordText(body ?? "").kind).toBe("assessment_request");
  });
});
