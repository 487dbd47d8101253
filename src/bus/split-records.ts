import { z } from "zod";
import { parseJson } from "../encoding/json.ts";
import { findExcess, isDeeperThan, MAX_JSON_DEPTH, MAX_JSON_VALUES } from "../encoding/json-limits.ts";
import { splitBrokenArray } from "./broken-array.ts";

/** Records per call of `/v1/events`. */
export const RECORDS_MAX = 500;
/** The longest record that is read, in bytes of UTF-8. */
export const RECORD_MAX_BYTES = 8 * 1024 * 1024;

/** A record as it came, before anybody has read it. */
export interface ReceivedRecord {
  readonly text: string;
  /** Why it cannot be used, whatever it says. */
  readonly fault?: RecordFault;
  /** Where it lay, for the one who has to look for it. */
  readonly place?: string;
}

export interface RecordFault {
  readonly reason: "unparseable" | "too_large" | "too_deeply_nested";
  readonly detail: string;
}

/** What is wrong with a record that is nested more than {@link MAX_JSON_DEPTH} levels deep. */
export const NESTED_TOO_DEEPLY: RecordFault = {
  reason: "too_deeply_nested",
  detail: `The record is nested more than ${MAX_JSON_DEPTH} levels deep, which is the limit.`,
};

const TOO_MANY_VALUES: RecordFault = {
  reason: "too_large",
  detail: `The record holds more than ${MAX_JSON_VALUES} JSON values, which is the limit.`,
};

export type SplitRecords =
  | { readonly kind: "records"; readonly records: readonly ReceivedRecord[] }
  | {
      readonly kind: "problem";
      readonly code: "malformed_body" | "too_many_records";
      readonly detail: string;
    };

/**
 * Splits what sink connectors send: one JSON object, a JSON array, or newline-delimited JSON. What begins with a bracket is
 * an array; otherwise each non-blank line is a record, unless the whole is one JSON value over several lines, or looks like one
 * that is broken. A bad record among good ones is still a record: it is for the intake to quarantine.
 *
 * @param replaced whether bytes that are no UTF-8 were replaced by U+FFFD: a record with that character is then not as it was
 *   sent, and must not be used
 */
export function splitRecords(body: string, replaced = false): SplitRecords {
  const text = body.trim();
  if (text === "")
    return problem("malformed_body", "Expected at least one record: a JSON object, a JSON array or NDJSON.");
  const texts = textsOf(text);
  if (texts.length === 0)
    return problem("malformed_body", "The JSON array is empty: expected at least one record.");
  if (texts.length > RECORDS_MAX) {
    const detail = `More than ${RECORDS_MAX} records in one call, which is the limit.`;
    return problem("too_many_records", detail);
  }
  return { kind: "records", records: texts.map((each) => withFault(each, replaced)) };
}

const INDENTED_OBJECT = /^\{[^\n]*\n[ \t]/;

function textsOf(text: string): readonly string[] {
  // One more than are taken says that there are too many.
  const most = RECORDS_MAX + 1;
  // What is nested too deeply is never written as JSON again: that recurses, and runs out of stack. What holds too many values,
  // however deep, is never parsed as a whole.
  const tooRich = isTooRich(text);
  const apart = tooRich || isDeeperThan(text, MAX_JSON_DEPTH + 1);
  if (text.startsWith("[") && apart) return splitBrokenArray(text, most);
  const whole = tooRich ? undefined : parseJson(text);
  if (whole !== undefined) {
    const array = z.array(z.unknown()).safeParse(whole);
    return array.success ? array.data.map((value) => JSON.stringify(value)) : [text];
  }
  if (text.startsWith("[")) return splitBrokenArray(text, most);
  const lines = linesOf(text, most);
  const isOne =
    INDENTED_OBJECT.test(text) &&
    (tooRich || lines.every((line) => !isTooRich(line) && parseJson(line) === undefined));
  return isOne ? [text] : lines;
}

/** Whether a text holds too many values to be parsed. A line may although the whole does not: there a quote too many hides them. */
function isTooRich(text: string): boolean {
  return findExcess(text, Number.POSITIVE_INFINITY, MAX_JSON_VALUES) !== null;
}

/** The lines that are not blank, up to so many. */
function linesOf(text: string, most: number): string[] {
  const lines: string[] = [];
  for (let at = 0; at < text.length && lines.length < most; ) {
    const newline = text.indexOf("\n", at);
    const end = newline === -1 ? text.length : newline;
    const line = text.slice(at, end);
    if (line.trim() !== "") lines.push(line.endsWith("\r") ? line.slice(0, -1) : line);
    at = end + 1;
  }
  return lines;
}

function withFault(text: string, replaced: boolean): ReceivedRecord {
  if (replaced && text.includes("\uFFFD")) {
    const detail = "The record is not encoded in UTF-8; what could not be read was replaced by U+FFFD.";
    return { text, fault: { reason: "unparseable", detail } };
  }
  return receivedRecord(text);
}

/** A record that is UTF-8, with its fault if it is nested too deeply, or too long or too rich in values to be read. */
export function receivedRecord(text: string): ReceivedRecord {
  const excess = findExcess(text, MAX_JSON_DEPTH, MAX_JSON_VALUES);
  if (excess !== null) return { text, fault: excess === "depth" ? NESTED_TOO_DEEPLY : TOO_MANY_VALUES };
  const bytes = byteLengthOf(text);
  if (bytes <= RECORD_MAX_BYTES) return { text };
  const detail = `The record is ${bytes} bytes long; at most ${RECORD_MAX_BYTES} are taken.`;
  return { text, fault: { reason: "too_large", detail } };
}

/** Exact only where it matters: a character takes three bytes at most for each unit of length. */
function byteLengthOf(text: string): number {
  return text.length * 3 <= RECORD_MAX_BYTES ? text.length : new TextEncoder().encode(text).length;
}

function problem(code: "malformed_body" | "too_many_records", detail: string): SplitRecords {
  return { kind: "problem", code, detail };
}
