import { parseJson } from "../../encoding/json.ts";
import { type BridgeDialect, base64, type RecordFormat, valueText } from "./dialect.ts";
import type { BridgeRecord, RecordOutcome } from "./kafka-bridge.ts";
import { outcomeOfReport } from "./record-report.ts";

/**
 * Confluent REST v3, on premises and in Confluent Cloud: records go up as concatenated JSON, and one report per
 * record comes back in the same order, each with its own code, under an HTTP 200. The bridge's URL ends with the
 * cluster: `https://host/kafka/v3/clusters/lkc-1`. (`records:batch` is not used: it takes ten records at most unless
 * configured, and older proxies do not have it.)
 */
export const confluentV3: BridgeDialect = {
  encode(topic, records, format) {
    return {
      path: `/topics/${encodeURIComponent(topic)}/records`,
      headers: { "content-type": "application/json", accept: "application/json" },
      body: records.map((record) => JSON.stringify(encodeRecord(record, format))).join("\n"),
    };
  },
  // The refusal of a whole request looks like the report on one record; only the status tells them apart.
  reportsUnder: (status) => status === 200,
  decode: decodeReports,
};

function encodeRecord(record: BridgeRecord, format: RecordFormat): object {
  const headers = Object.entries(record.headers).map(([name, text]) => ({ name, value: base64(text) }));
  const value = valueText(record);
  if (format === "binary") return { headers, key: binary(record.key), value: binary(value) };
  return {
    headers,
    key: { type: "STRING", data: record.key },
    value: { type: "JSON", data: record.value },
  };
}

function binary(text: string): object {
  return { type: "BINARY", data: base64(text) };
}

/** A stream that ends early still tells about the records it came to; the rest is unknown. */
function decodeReports(body: string, recordCount: number): readonly RecordOutcome[] | null {
  const parsed = splitConcatenatedJson(body).map(parseJson);
  const end = parsed.indexOf(undefined);
  const reports = end === -1 ? parsed : parsed.slice(0, end);
  if (reports.length === 0 || reports.length > recordCount) return null;
  const missing = Array.from({ length: recordCount - reports.length }, (): RecordOutcome => UNREPORTED);
  return [...reports.map(outcomeOfReport), ...missing];
}

const UNREPORTED: RecordOutcome = {
  kind: "retry",
  reason: "the bridge's answer ended before this record; it may have been written",
  retryAfterSeconds: null,
};

/** @returns the complete top-level objects of concatenated JSON, as text. */
function splitConcatenatedJson(text: string): string[] {
  const objects: string[] = [];
  let depth = 0;
  let start = 0;
  for (const { 0: token, index } of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"|[{}]/gs)) {
    if (token === "{" && depth === 0) start = index;
    if (token === "{") depth += 1;
    if (token === "}") depth -= 1;
    if (token === "}" && depth === 0) objects.push(text.slice(start, index + 1));
  }
  return objects;
}
