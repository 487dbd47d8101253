import type { EventOutcome as PublishOutcome } from "../objects/assessment-batch.ts";
import { callBatch } from "../objects/batch-client.ts";
import { eventsMessageSchema } from "../objects/messages.ts";
import type { EventRow } from "../objects/outbox.ts";
import { log } from "../observability/logger.ts";
import { openDatabase } from "../results/database.ts";
import { writeDeadLetters } from "../results/dead-letters.ts";
import type { Settings } from "../settings/settings.ts";
import { recordHeaders } from "./event-headers.ts";
import { createKafkaBridge } from "./kafka-bridge/http-kafka-bridge.ts";
import type { KafkaBridge } from "./kafka-bridge/kafka-bridge.ts";
import { MAX_ATTEMPTS, pauseSeconds } from "./queues.ts";

const QUEUE = "cj-events";
/**
 * A consumer that died holds its lease for a while. Its message comes again before the lease ends, and must not be
 * acknowledged then: nobody else would publish the events.
 */
const LEASED_ELSEWHERE_SECONDS = 15;

/** Publishes what batches have to say, in each batch's own order. */
export async function consumeEvents(batch: MessageBatch, env: Env, settings: Settings): Promise<void> {
  const bridge = bridgeOf(settings);
  if (bridge === null) sayOnceThatEventsAreKept();
  const announced = Map.groupBy(
    batch.messages,
    (message) => eventsMessageSchema.parse(message.body).batch_id,
  );
  await Promise.all(
    [...announced].map(async ([batchId, messages]) => {
      const delaySeconds = await publishBatch(env, batchId, bridge);
      for (const message of messages) settle(message, delaySeconds, settings.KAFKA_BRIDGE_MAX_RETRY_SECONDS);
    }),
  );
}

/**
 * Leases the batch's unpublished events and produces them one after the other. Each has a topic of its own, so order is kept
 * by stopping at the first one that has to be tried again.
 *
 * @returns null when nothing is left to publish, else the least time to wait before the next try
 */
async function publishBatch(env: Env, batchId: string, bridge: KafkaBridge | null): Promise<number | null> {
  const lease = await callBatch(env, batchId, (object) => object.leaseEvents());
  if (lease.leasedElsewhere) return LEASED_ELSEWHERE_SECONDS;
  const { events, correlationId } = lease;
  const outcomes: PublishOutcome[] = [];
  let wait: number | null = null;
  for (const row of events) {
    const outcome =
      wait === null ? await publish(bridge, row, correlationId) : retryLater("an earlier event waits");
    if (outcome.status === "retry") wait = Math.max(wait ?? 0, outcome.waitSeconds);
    if (outcome.status === "dead")
      await buryEvent(env, batchId, correlationId, row, {
        reason: "publish_refused",
        detail: outcome.note ?? "",
      });
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
  const expired = await callBatch(env, batchId, (object) => object.recordPublished(outcomes));
  for (const row of expired) {
    const detail = `Not published for a day: ${row.note ?? "the bridge is away"}`;
    await buryEvent(env, batchId, correlationId, row, { reason: "attempts_exhausted", detail });
  }
  return wait;
}

interface Published {
  readonly status: PublishOutcome["status"];
  readonly note: string | null;
  readonly waitSeconds: number;
}

async function publish(
  bridge: KafkaBridge | null,
  { event }: EventRow,
  correlationId: string,
): Promise<Published> {
  if (bridge === null) return { status: "kept", note: "no Kafka bridge is configured", waitSeconds: 0 };
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
      return {
        status: "published",
        note: `partition ${outcome.partition}, offset ${outcome.offset}`,
        waitSeconds: 0,
      };
    case "retry":
      return retryLater(outcome.reason, outcome.retryAfterSeconds ?? 0);
    case "dead":
      return { status: "dead", note: outcome.reason, waitSeconds: 0 };
  }
}

function retryLater(reason: string, waitSeconds = 0): Published {
  return { status: "retry", note: reason, waitSeconds };
}

async function buryEvent(
  env: Env,
  batchId: string,
  correlationId: string,
  { event }: EventRow,
  fault: { readonly reason: "publish_refused" | "attempts_exhausted"; readonly detail: string },
): Promise<void> {
  const payload = JSON.stringify(event.envelope);
  const letter = { source: QUEUE, ...fault, batchId, correlationId, payload };
  await writeDeadLetters(openDatabase(env.DB), [letter], Date.now());
}

function settle(message: Message, waitSeconds: number | null, maxSeconds: number): void {
  // The object announces again by itself what the queue gives up on.
  if (waitSeconds === null || message.attempts >= MAX_ATTEMPTS[QUEUE]) {
    message.ack();
    return;
  }
  message.retry({ delaySeconds: pauseSeconds(message.attempts, Math.random(), waitSeconds, maxSeconds) });
}

function bridgeOf(settings: Settings): KafkaBridge | null {
  const url = settings.KAFKA_BRIDGE_URL;
  if (url === undefined) return null;
  return createKafkaBridge({
    url,
    dialect: settings.KAFKA_BRIDGE_DIALECT,
    recordFormat: settings.KAFKA_BRIDGE_RECORD_FORMAT,
    authorization: settings.KAFKA_BRIDGE_AUTHORIZATION,
    headers: accessHeaders(settings),
    timeoutMs: settings.KAFKA_BRIDGE_TIMEOUT_SECONDS * 1000,
  });
}

/** How Cloudflare Access knows a service: https://developers.cloudflare.com/cloudflare-one/identity/service-tokens/ */
function accessHeaders(settings: Settings): Readonly<Record<string, string>> {
  const { KAFKA_BRIDGE_ACCESS_CLIENT_ID: id, KAFKA_BRIDGE_ACCESS_CLIENT_SECRET: secret } = settings;
  if (id === undefined || secret === undefined) return {};
  return { "CF-Access-Client-Id": id, "CF-Access-Client-Secret": secret };
}

let saidThatEventsAreKept = false;

function sayOnceThatEventsAreKept(): void {
  if (saidThatEventsAreKept) return;
  saidThatEventsAreKept = true;
  log("warn", "no_kafka_bridge", {
    detail: "KAFKA_BRIDGE_URL is not set: events are kept and listed, not published.",
  });
}
