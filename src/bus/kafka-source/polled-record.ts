import { z } from "zod";
import { parseJson } from "../../encoding/json.ts";
import { type ReceivedRecord, receivedRecord } from "../split-records.ts";

/** A record of a topic, as a bridge hands it out in its binary form. */
export interface PolledRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Bytes of key and value. */
  readonly bytes: number;
  readonly received: ReceivedRecord;
}

const answerSchema = z.array(
  z.object({
    topic: z.string(),
    partition: z.int().nonnegative(),
    offset: z.int().nonnegative(),
    key: z.unknown().optional(),
    value: z.unknown().optional(),
  }),
);

/** @returns the records of a fetch, or null when the answer does not say which they are */
export function readPolledRecords(body: string): readonly PolledRecord[] | null {
  const answer = answerSchema.safeParse(parseJson(body));
  if (!answer.success) return null;
  return answer.data.map(({ topic, partition, offset, key, value }) => ({
    topic,
    partition,
    offset,
    bytes: byteLengthOf(key) + byteLengthOf(value),
    received: { ...receive(value), place: `${topic}, partition ${partition}, offset ${offset}` },
  }));
}

/** A tombstone has no value; JSON's word for that is `null`, as connectors send it. */
function receive(value: unknown): ReceivedRecord {
  if (value === null || value === undefined) return { text: "null" };
  const bytes = typeof value === "string" ? bytesOf(value) : null;
  if (bytes === null)
    return unreadable(JSON.stringify(value), "The bridge did not send the value as base64.");
  try {
    return receivedRecord(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const text = new TextDecoder("utf-8", { fatal: false, ignoreBOM: false }).decode(bytes);
    return unreadable(
      text,
      "The value is not encoded in UTF-8; what could not be read was replaced by U+FFFD.",
    );
  }
}

function unreadable(text: string, detail: string): ReceivedRecord {
  return { text, fault: { reason: "unparseable", detail } };
}

/** @returns null when the text is not base64 */
function bytesOf(base64: string): Uint8Array | null {
  try {
    const binary = atob(base64);
    const bytes = new Uint8Array(binary.length);
    for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at);
    return bytes;
  } catch {
    return null;
  }
}

function byteLengthOf(base64: unknown): number {
  return typeof base64 === "string" ? Math.floor((base64.replace(/=+$/, "").length * 3) / 4) : 0;
}
