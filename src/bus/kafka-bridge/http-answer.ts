import { z } from "zod";
import { parseJson } from "../../encoding/json.ts";
import { readBody } from "../../encoding/limited-body.ts";
import { parseRetryAfter } from "../../encoding/retry-after.ts";
import type { BridgeDialect } from "./dialect.ts";
import type { RecordOutcome, RecordToRetry } from "./kafka-bridge.ts";
import { OPERATOR_RETRY_SECONDS, quote } from "./record-report.ts";

/** Longest answer that is read, in bytes. A longer one is cut, does not parse, and counts as unknown. */
export const MAX_ANSWER_BYTES = 1_048_576;

/** What a bridge said to one request. */
export type Answer =
  /** It reported on every record. */
  | { readonly kind: "reported"; readonly outcomes: readonly RecordOutcome[] }
  /** It did not do the work, or did not say what it did. No record is to blame. */
  | { readonly kind: "unavailable"; readonly outcome: RecordToRetry }
  /** It refused the request because of what is in it. */
  | { readonly kind: "refused"; readonly reason: string };

/** An HTTP answer, complete. */
export interface ReceivedAnswer {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly body: string;
  /** whether the body was longer than what is read */
  readonly cut: boolean;
}

/** Reads an answer to its end or its limit. @throws what reading throws, such as a lost connection or a timeout. */
export async function receiveAnswer(
  response: Response,
  maxBytes: number = MAX_ANSWER_BYTES,
): Promise<ReceivedAnswer> {
  return {
    status: response.status,
    retryAfter: response.headers.get("retry-after"),
    ...(await readBody(response, maxBytes)),
  };
}

/**
 * Says what an answer means for the request.
 * @param now milliseconds since the epoch, against which a Retry-After date is read.
 */
export function interpretAnswer(
  received: ReceivedAnswer,
  dialect: BridgeDialect,
  recordCount: number,
  now: number,
): Answer {
  const { status, body } = received;
  const reported = dialect.reportsUnder(status) ? dialect.decode(body, recordCount) : null;
  if (reported !== null) return { kind: "reported", outcomes: reported };
  return answerToWhole(status, body, parseRetryAfter(received.retryAfter, now));
}

/** What it means that no answer came. */
export function unreachable(error: unknown, timeoutMs: number): Answer {
  const timedOut = error instanceof Error && error.name === "TimeoutError";
  const reason = timedOut
    ? `the bridge did not answer within ${timeoutMs} ms; the records may have been written`
    : `the bridge could not be reached: ${quote(error instanceof Error ? error.message : String(error))}`;
  return unavailable(reason, null);
}

function answerToWhole(status: number, body: string, retryAfterSeconds: number | null): Answer {
  const said = `HTTP ${status}: ${quote(messageIn(body))}`;
  if (status >= 200 && status <= 299)
    return unavailable(`${said} is no report on every record; some may have been written`, retryAfterSeconds);
  if (status === 400 || status === 413 || status === 422) return { kind: "refused", reason: said };
  if (status === 408 || status === 425 || status === 429 || status >= 500)
    return unavailable(said, retryAfterSeconds);
  return unavailable(`${said} (${adviceFor(status)})`, retryAfterSeconds ?? OPERATOR_RETRY_SECONDS);
}

/** What is left needs a person, and no record is to blame: the same answer would come to all of them. */
function adviceFor(status: number): string {
  if (status === 401 || status === 403) return "check the bridge's credentials and the topic's permissions";
  if (status === 404) return "create the topic, or check the bridge's URL";
  return "check the bridge's URL and dialect, and whether a gateway asks to log in";
}

function unavailable(reason: string, retryAfterSeconds: number | null): Answer {
  return { kind: "unavailable", outcome: { kind: "retry", reason, retryAfterSeconds } };
}

const errorBodySchema = z.object({ message: z.string() });

/** @returns what a bridge says went wrong, in its own words */
export function messageIn(body: string): string {
  const read = errorBodySchema.safeParse(parseJson(body));
  return read.success ? read.data.message : body;
}
