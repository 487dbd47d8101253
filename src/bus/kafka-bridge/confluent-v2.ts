import type { BridgeDialect } from "./dialect.ts";
import { decodeOffsets, encodeV2, offsetsUnder } from "./v2-form.ts";

/**
 * Confluent REST Proxy v2, which Redpanda's HTTP Proxy and Karapace speak too. Records have a key and a value and
 * nothing else: Karapace and Redpanda refuse any other field, and there are no headers.
 */
export const confluentV2: BridgeDialect = {
  encode: (topic, records, format) => encodeV2(topic, records, format, () => ({})),
  reportsUnder: offsetsUnder,
  decode: decodeOffsets,
};
