import { z } from "zod";
import type { RecordOutcome } from "./kafka-bridge.ts";

/** How long to wait for what only a person can change: a missing topic, refused credentials, a wrong address. */
export const OPERATOR_RETRY_SECONDS = 300;

/** Longest text of a bridge that is repeated in a reason. */
const MAX_QUOTED_LENGTH = 300;

/** A report on one record, in the words of any of the dialects. */
const reportSchema = z.object({
  partition: z.int().nonnegative().nullish(),
  partition_id: z.int().nonnegative().nullish(),
  offset: z.int().nullish(),
  error_code: z.int().nullish(),
  error: z.string().nullish(),
  message: z.string().nullish(),
});

/** Codes that mean "no error": absent, Kafka's own 0, and the v3 protocol's 200. */
const SUCCESS_CODES: ReadonlySet<number> = new Set([0, 200]);

/**
 * Says what became of a record. A report without an error counts as written only with a partition and an offset that
 * Kafka gave out: Karapace, for one, reports an unknown offset as -1.
 */
export function outcomeOfReport(report: unknown): RecordOutcome {
  const read = reportSchema.safeParse(report);
  if (!read.success) return retry(`the bridge's report does not parse: ${quote(JSON.stringify(report))}`);
  const { error_code: code, offset, error, message } = read.data;
  if (typeof code === "number" && !SUCCESS_CODES.has(code))
    return outcomeOfCode(code, error ?? message ?? "");
  const partition = read.data.partition ?? read.data.partition_id;
  if (typeof partition === "number" && typeof offset === "number" && offset >= 0)
    return { kind: "written", partition, offset };
  return retry("the bridge reports neither an error nor an offset; the record may have been written");
}

/**
 * Says what an error code of one record means. Three families share the field:
 * five digits are Confluent's (an HTTP status and two more digits), three digits are HTTP statuses (Strimzi and v3), and
 * small numbers are Kafka's own (Redpanda) or Karapace's 1 and 2.
 */
function outcomeOfCode(code: number, text: string): RecordOutcome {
  const reason = `record refused with code ${code}: ${quote(text)}`;
  if (SAYS_TOO_LARGE.test(text)) return { kind: "dead", reason };
  if (code >= 10_000) return outcomeOfStatus(Math.floor(code / 100), reason);
  if (code >= 400) return outcomeOfStatus(code, reason);
  return outcomeOfKafkaCode(code, reason);
}

/** No code tells a record that is too large from a broker that is out of order, only the text does, in any client's words. */
const SAYS_TOO_LARGE = /larger than|too large|too_large/i;

function outcomeOfStatus(status: number, reason: string): RecordOutcome {
  if (status === 401 || status === 403 || status === 404) return retry(reason, OPERATOR_RETRY_SECONDS);
  if (status === 408 || status === 425 || status === 429 || status >= 500) return retry(reason);
  return { kind: "dead", reason };
}

/** Kafka's protocol errors that end a record: MESSAGE_TOO_LARGE and INVALID_RECORD. */
const KAFKA_RECORD_FAULTS: ReadonlySet<number> = new Set([10, 87]);
/**
 * Kafka's protocol errors that only a person can change: UNKNOWN_TOPIC_OR_PARTITION, INVALID_TOPIC_EXCEPTION, the three
 * authorization failures and SASL_AUTHENTICATION_FAILED.
 */
const KAFKA_OPERATOR_FAULTS: ReadonlySet<number> = new Set([3, 17, 29, 30, 31, 58]);

/** Everything else is retried, Karapace's 1 as well: it stands for every error but a retriable one, timeouts included. */
function outcomeOfKafkaCode(code: number, reason: string): RecordOutcome {
  if (KAFKA_RECORD_FAULTS.has(code)) return { kind: "dead", reason };
  return retry(reason, KAFKA_OPERATOR_FAULTS.has(code) ? OPERATOR_RETRY_SECONDS : null);
}

function retry(reason: string, retryAfterSeconds: number | null = null): RecordOutcome {
  return { kind: "retry", reason, retryAfterSeconds };
}

/** Cuts what a bridge said to a length that fits a log line. */
export function quote(text: string): string {
  return text.length <= MAX_QUOTED_LENGTH ? text : `${text.slice(0, MAX_QUOTED_LENGTH)}…`;
}
