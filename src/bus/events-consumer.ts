import type { EventOutcome as PublishOutcome } from "../objects/assessment-batch.ts";
import { callBatch } from "../objects/batch-client.ts";
import { DELIVERY_TIMEOUT_MS, withinTime } from "../objects/delivery-timeout.ts";
import { type EventsMessage, eventsMessageSchema } from "../objects/messages.ts";
import { EVENT_PATIENCE_MS, type EventRow } from "../objects/outbox.ts";
import { errorFields, log } from "../observability/logger.ts";
import type { Settings } from "../settings/settings.ts";
import { buryLetters } from "./bury-letters.ts";
import { recordHeaders } from "./event-headers.ts";
import { bridgeCredentials } from "./kafka-bridge/bridge-credentials.ts";
import { createKafkaBridge } from "./kafka-bridge/http-kafka-bridge.ts";
import type { KafkaBridge } from "./kafka-bridge/kafka-bridge.ts";
import { handleEach } from "./message-loop.ts";
import { MAX_ATTEMPTS, pauseSeconds } from "./queues.ts";

const QUEUE = "cj-events";

/** A batch publishes at most three events; the lease outlasts the slowest of them, so that nobody overtakes. */
const EVENTS_PER_BATCH = 3;
const LEASE_MARGIN_MS = 30_000;

/** One event may take as long as the bridge is given, and then its dead letter. */
function leaseMsOf({ KAFKA_BRIDGE_TIMEOUT_SECONDS: seconds }: Settings): number {
  return EVENTS_PER_BATCH * (seconds * 1000 + DELIVERY_TIMEOUT_MS) + LEASE_MARGIN_MS;
}

/** Publishes what batches have to say, in each batch's own order. */
export async function consumeEvents(batch: MessageBatch, env: Env, settings: Settings): Promise<void> {
  const bridge = bridgeOf(settings);
  if (bridge === null) sayOnceThatEventsAreKept();
  const leaseMs = leaseMsOf(settings);
  // Shorter than the hour after which an object announces again what nobody tried to publish.
  const maxSeconds = settings.KAFKA_BRIDGE_MAX_RETRY_SECONDS;
  await handleEach(QUEUE, batch.messages, async (message) => {
    const waitSeconds = await publishBatch(env, eventsMessageSchema.parse(message.body), bridge, leaseMs);
    // The object announces again by itself what the queue gives up on.
    if (waitSeconds === null || message.attempts >= MAX_ATTEMPTS[QUEUE]) message.ack();
    else
      message.retry({ delaySeconds: pauseSeconds(message.attempts, Math.random(), waitSeconds, maxSeconds) });
  });
}

/**
 * Leases the batch's unpublished events and produces them one after the other. Each has a topic of its own, so order is kept
 * by stopping at the first one that has to be tried again.
 *
 * @returns null when nothing is left to publish, else the least time to wait before the next try
 */
async function publishBatch(
  env: Env,
  { batch_id: batchId }: EventsMessage,
  bridge: KafkaBridge | null,
  leaseMs: number,
): Promise<number | null> {
  const { events, correlationId, leasedUntil } = await callBatch(env, batchId, (object) =>
    object.leaseEvents(leaseMs),
  );
  // Another consumer has them. Should it have died, this message must still be there when its lease ends.
  if (leasedUntil !== null) return Math.ceil(Math.max(leasedUntil - Date.now(), 0) / 1000);
  const outcomes: PublishOutcome[] = [];
  let wait: number | null = null;
  for (const row of events) {
    const published = wait === null ? await publish(bridge, row, correlationId) : waitBehind();
    const outcome =
      published.status === "dead" ? await buryEvent(env, batchId, correlationId, row, published) : published;
    if (outcome.status === "retry") wait = Math.max(wait ?? 0, outcome.waitSeconds);
    const { status, note } = outcome;
    outcomes.push({ seq: row.seq, status, note });
    log(status === "published" || status === "kept" ? "info" : "warn", "event_delivery", {
      batch_id: batchId,
      correlation_id: correlationId,
      event_id: row.event.eventId,
      topic: row.event.topic,
      status,
      note,
    });
  }
  if (outcomes.length > 0) await callBatch(env, batchId, (object) => object.recordPublished(outcomes));
  return wait;
}

type Published =
  | { readonly status: "published" | "kept"; readonly note: string | null }
  | { readonly status: "retry"; readonly note: string; readonly waitSeconds: number }
  | {
      readonly status: "dead";
      readonly note: string;
      readonly reason: "publish_refused" | "attempts_exhausted";
    };

async function publish(bridge: KafkaBridge | null, row: EventRow, correlationId: string): Promise<Published> {
  if (bridge === null) return { status: "kept", note: "no Kafka bridge is configured" };
  const { event } = row;
  const [outcome] = await bridge.produce(event.topic, [
    {
      topic: event.topic,
      key: event.key,
      value: event.envelope,
      headers: recordHeaders({
        eventId: event.eventId,
        eventType: event.envelope.event_type,
        correlationId,
      }),
    },
  ]);
  switch (outcome.kind) {
    case "written":
      return { status: "published", note: `partition ${outcome.partition}, offset ${outcome.offset}` };
    case "retry": {
      const { reason: note, retryAfterSeconds } = outcome;
      if (Date.now() - row.createdAt > EVENT_PATIENCE_MS)
        return { status: "dead", reason: "attempts_exhausted", note };
      return { status: "retry", note, waitSeconds: retryAfterSeconds ?? 0 };
    }
    case "dead":
      return { status: "dead", reason: "publish_refused", note: outcome.reason };
  }
}

function waitBehind(): Published {
  return { status: "retry", note: "an earlier event waits", waitSeconds: 0 };
}

/**
 * The letter is written before the event is given up: should D1 be away, both wait, and what was published before them is recorded
 * all the same, or it would be published again at every attempt.
 */
async function buryEvent(
  env: Env,
  batchId: string,
  correlationId: string,
  { event }: EventRow,
  dead: Extract<Published, { status: "dead" }>,
): Promise<Published> {
  const { reason, note: detail } = dead;
  const payload = JSON.stringify(event.envelope);
  try {
    await withinTime(buryLetters(env, [{ source: QUEUE, reason, detail, batchId, correlationId, payload }]));
    return dead;
  } catch (error) {
    log("error", "event_not_buried", {
      batch_id: batchId,
      correlation_id: correlationId,
      ...errorFields(error),
    });
    return { status: "retry", note: `its dead letter cannot be written: ${detail}`, waitSeconds: 0 };
  }
}

function bridgeOf(settings: Settings): KafkaBridge | null {
  const url = settings.KAFKA_BRIDGE_URL;
  if (url === undefined) return null;
  return createKafkaBridge({
    url,
    dialect: settings.KAFKA_BRIDGE_DIALECT,
    recordFormat: settings.KAFKA_BRIDGE_RECORD_FORMAT,
    headers: bridgeCredentials(settings),
    timeoutMs: settings.KAFKA_BRIDGE_TIMEOUT_SECONDS * 1000,
  });
}

let saidThatEventsAreKept = false;

function sayOnceThatEventsAreKept(): void {
  if (saidThatEventsAreKept) return;
  saidThatEventsAreKept = true;
  log("warn", "no_kafka_bridge", {
    detail: "KAFKA_BRIDGE_URL is not set: events are kept and listed, not published.",
  });
}
