import { z } from "zod";

/** Records per call of `/v1/events`. */
export const RECORDS_MAX = 500;

export type SplitRecords =
  | { readonly kind: "records"; readonly records: readonly { readonly text: string }[] }
  | {
      readonly kind: "problem";
      readonly code: "malformed_body" | "too_many_records";
      readonly detail: string;
    };

/**
 * Splits what sink connectors send: one JSON object, a JSON array, or newline-delimited JSON. A body that is a JSON array as
 * a whole is an array; otherwise each non-blank line is a record, unless the whole is one JSON value over several lines. A bad
 * line among good ones is still a record: it is for the intake to quarantine.
 */
export function splitRecords(body: string): SplitRecords {
  const text = body.trim();
  if (text === "")
    return problem("malformed_body", "Expected at least one record: a JSON object, a JSON array or NDJSON.");
  const whole = parse(text);
  if (whole.ok) {
    const array = z.array(z.unknown()).safeParse(whole.value);
    return limited(array.success ? array.data.map((value) => JSON.stringify(value)) : [text]);
  }
  if (text.startsWith("["))
    return problem("malformed_body", `The JSON array cannot be parsed: ${whole.message}`);
  return limited(text.split(/\r?\n/).filter((line) => line.trim() !== ""));
}

function limited(texts: readonly string[]): SplitRecords {
  if (texts.length === 0)
    return problem("malformed_body", "The JSON array is empty: expected at least one record.");
  if (texts.length > RECORDS_MAX) {
    return problem(
      "too_many_records",
      `${texts.length} records in one call; at most ${RECORDS_MAX} are taken.`,
    );
  }
  return { kind: "records", records: texts.map((text) => ({ text })) };
}

function parse(
  text: string,
): { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly message: string } {
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.message : String(error) };
  }
}

function problem(code: "malformed_body" | "too_many_records", detail: string): SplitRecords {
  return { kind: "problem", code, detail };
}
