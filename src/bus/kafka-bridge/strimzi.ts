import { type BridgeDialect, base64 } from "./dialect.ts";
import type { BridgeRecord } from "./kafka-bridge.ts";
import { decodeOffsets, encodeV2, offsetsUnder } from "./v2-form.ts";

/** The Strimzi Kafka Bridge: the v2 form with headers, whose values are base64. */
export const strimzi: BridgeDialect = {
  encode: (topic, records, format) => encodeV2(topic, records, format, encodeHeaders),
  reportsUnder: offsetsUnder,
  decode: decodeOffsets,
};

function encodeHeaders(record: BridgeRecord): object {
  return { headers: Object.entries(record.headers).map(([key, text]) => ({ key, value: base64(text) })) };
}
