import type { LlmComparisonResult } from "../contracts/comparison-result.ts";
import { errorFields, log } from "../observability/logger.ts";
import type { DeadLetter, DeadLetterReason } from "../results/dead-letters.ts";
import type { Settings } from "../settings/settings.ts";
import { openFromEvent } from "./assessment-intake.ts";
import { buryLetters } from "./bury-letters.ts";
import { batchOfComparison, batchOfRecord } from "./comparison-id-keys.ts";
import { type InboundRecord, readReceived } from "./inbound-record.ts";
import { MESSAGE_MAX_BYTES, SEND_MAX_BYTES, SEND_MAX_MESSAGES } from "./queues.ts";
import type { ReceivedRecord } from "./split-records.ts";

/** The route's name in dead letters. */
const EVENTS_SOURCE = "/v1/events";

export interface EventOutcome {
  readonly outcome: "queued" | "opened" | "exists" | "dead_lettered";
  readonly batch_id: string | null;
  readonly event_id: string | null;
  readonly reason: DeadLetterReason | null;
  readonly detail: string | null;
}

interface Queued {
  readonly bytes: number;
  readonly result: LlmComparisonResult;
}

/**
 * Takes records from outside: opens batches, queues callbacks, and quarantines what cannot be used, so that one bad record
 * never holds up the good ones around it. When it returns, every record is durably somewhere.
 *
 * @param source the route or reader that brought the records, for dead letters
 * @returns one outcome per record, in their order
 * @throws when the queue, D1 or an object cannot be reached: the sender should send all of it again
 */
export async function receiveEvents(
  env: Env,
  settings: Settings,
  records: readonly ReceivedRecord[],
  source: string = EVENTS_SOURCE,
): Promise<readonly EventOutcome[]> {
  const letters: Unsourced[] = [];
  const queued: Queued[] = [];
  const outcomes: EventOutcome[] = [];
  for (const record of records) {
    const read = readReceived(record);
    outcomes.push(await receiveOne(env, settings, record, read, letters, queued));
  }
  await sendCallbacks(env, queued);
  const sourced = letters.map((letter) => ({ ...letter, source }));
  await buryLetters(env, sourced);
  return outcomes;
}

/** A dead letter before it is known who brought it. */
type Unsourced = Omit<DeadLetter, "source">;

async function receiveOne(
  env: Env,
  settings: Settings,
  received: ReceivedRecord,
  record: InboundRecord,
  letters: Unsourced[],
  queued: Queued[],
): Promise<EventOutcome> {
  switch (record.kind) {
    case "comparison_result": {
      const bytes = new TextEncoder().encode(JSON.stringify(record.result)).length;
      const { correlation_id: correlationId } = record.result;
      if (bytes > MESSAGE_MAX_BYTES) {
        const batchId = await batchOfComparison(settings, correlationId);
        const detail = `The callback is ${bytes} bytes long; at most ${MESSAGE_MAX_BYTES} fit into a message.`;
        return bury(letters, received, {
          reason: "too_large",
          detail,
          eventId: record.eventId,
          correlationId,
          batchId,
        });
      }
      queued.push({ bytes, result: record.result });
      return { outcome: "queued", batch_id: null, event_id: record.eventId, reason: null, detail: null };
    }
    case "assessment_request": {
      const { event_id: eventId, correlation_id: correlationId } = record.envelope;
      const opened = await openFromEvent(env, settings, record);
      if (opened.kind === "refused") {
        const { reason, detail, batchId } = opened;
        return bury(letters, received, { reason, detail, eventId, correlationId, batchId });
      }
      log("info", "assessment_requested", {
        batch_id: opened.batchId,
        correlation_id: correlationId,
        outcome: opened.kind,
      });
      return {
        outcome: opened.kind,
        batch_id: opened.batchId,
        event_id: eventId,
        reason: null,
        detail: null,
      };
    }
    case "unusable":
      return bury(letters, received, { ...record, batchId: await batchOfRecord(settings, record) });
  }
}

function bury(
  letters: Unsourced[],
  { text: payload, place }: ReceivedRecord,
  fault: {
    readonly reason: DeadLetterReason;
    readonly detail: string;
    readonly eventId: string | null;
    readonly correlationId: string | null;
    readonly batchId: string | null;
  },
): EventOutcome {
  const { reason, correlationId, batchId } = fault;
  const detail = place === undefined ? fault.detail : `${place}: ${fault.detail}`;
  letters.push({ reason, detail, batchId, correlationId, payload });
  log("warn", "record_dead_lettered", { batch_id: batchId, correlation_id: correlationId, reason });
  return { outcome: "dead_lettered", batch_id: batchId, event_id: fault.eventId, reason, detail };
}

async function sendCallbacks(env: Env, queued: readonly Queued[]): Promise<void> {
  let chunk: Queued[] = [];
  let bytes = 0;
  for (const message of queued) {
    if (chunk.length === SEND_MAX_MESSAGES || bytes + message.bytes > SEND_MAX_BYTES) {
      await sendChunk(env, chunk);
      chunk = [];
      bytes = 0;
    }
    chunk.push(message);
    // The platform adds about a hundred bytes to each message.
    bytes += message.bytes + 100;
  }
  await sendChunk(env, chunk);
}

async function sendChunk(env: Env, chunk: readonly Queued[]): Promise<void> {
  if (chunk.length === 0) return;
  try {
    await env.INBOUND_QUEUE.sendBatch(chunk.map(({ result }) => ({ body: result })));
  } catch (error) {
    log("error", "inbound_queue_unreachable", { callbacks: chunk.length, ...errorFields(error) });
    throw error;
  }
}
