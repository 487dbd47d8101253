import { z } from "zod";
import { parseJson } from "../../encoding/json.ts";
import { base64, type EncodedRequest, type RecordFormat, valueText } from "./dialect.ts";
import type { BridgeRecord, RecordOutcome } from "./kafka-bridge.ts";
import { outcomeOfReport } from "./record-report.ts";

/** The form that Confluent REST v2 began and Karapace, Redpanda and Strimzi took over, with one difference: headers. */

/**
 * Writes `{"records": [...]}`.
 * @param fieldsOf what a record has beside its key and its value.
 */
export function encodeV2(
  topic: string,
  records: readonly BridgeRecord[],
  format: RecordFormat,
  fieldsOf: (record: BridgeRecord) => object,
): EncodedRequest {
  const encoded = records.map((record) => ({ ...keyAndValue(record, format), ...fieldsOf(record) }));
  return {
    path: `/topics/${encodeURIComponent(topic)}`,
    headers: {
      "content-type": `application/vnd.kafka.${format}.v2+json`,
      accept: "application/vnd.kafka.v2+json, application/json",
    },
    body: JSON.stringify({ records: encoded }),
  };
}

function keyAndValue(record: BridgeRecord, format: RecordFormat): object {
  const value = valueText(record);
  if (format === "binary") return { key: base64(record.key), value: base64(value) };
  return { key: record.key, value: record.value };
}

/** Any 2xx, and 422: that is how Karapace answers as soon as one record failed, though others may be written. */
export function offsetsUnder(status: number): boolean {
  return (status >= 200 && status <= 299) || status === 422;
}

const offsetsSchema = z.object({ offsets: z.array(z.unknown()) });

/**
 * Reads `{"offsets": [...]}`.
 * @returns null unless there is exactly one report per record: which of the records a shorter list speaks of, nobody knows.
 */
export function decodeOffsets(body: string, recordCount: number): readonly RecordOutcome[] | null {
  const read = offsetsSchema.safeParse(parseJson(body));
  if (!read.success || read.data.offsets.length !== recordCount) return null;
  return read.data.offsets.map(outcomeOfReport);
}
