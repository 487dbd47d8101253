import type { BridgeRecord, RecordOutcome } from "./kafka-bridge.ts";

/**
 * How keys and values travel to the bridge.
 * - `json`: readable, and supported by everything. The two v2 dialects then write the key as JSON, with its
 *   quotation marks, and a bridge may rewrite numbers of the value.
 * - `binary`: base64. The bytes in Kafka are exactly the key's text and the value's JSON.
 */
const RECORD_FORMATS = ["json", "binary"] as const;
export type RecordFormat = (typeof RECORD_FORMATS)[number];

/** A produce request in a dialect; `path` is appended to the bridge's URL. */
export interface EncodedRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What differs between bridges: how to ask, and how to read the answer. */
export interface BridgeDialect {
  readonly encode: (topic: string, records: readonly BridgeRecord[], format: RecordFormat) => EncodedRequest;
  /** Whether an answer of this HTTP status can hold reports on records. A 2xx is worth no more than its body says. */
  readonly reportsUnder: (status: number) => boolean;
  /**
   * Reads the report of each record.
   * @returns one outcome per record in order, or null when the body does not say what became of every record.
   */
  readonly decode: (body: string, recordCount: number) => readonly RecordOutcome[] | null;
}

/** @returns the JSON text of a record's value. @throws TypeError when it has none, which is a bug in the caller. */
export function valueText(record: BridgeRecord): string {
  const text = JSON.stringify(record.value);
  if (text === undefined)
    throw new TypeError(
      `expected a JSON value for the record with key ${record.key}, got ${typeof record.value}`,
    );
  return text;
}

/** @returns the base64 of the UTF-8 of `text`. */
export function base64(text: string): string {
  return btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(""));
}
