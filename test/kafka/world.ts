import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { type Broker, startBroker } from "../../scripts/kafka/broker.ts";
import type { Service } from "../../scripts/kafka/service.ts";
import { type LocalWorker, startLocalWorker } from "../../scripts/rank/local-worker.ts";
import { freePort } from "../e2e/free-port.ts";
import { startFakeUpstream } from "../fakes/upstream.ts";
import { BROKER_JARS, type BridgeKind } from "./bridge-kinds.ts";
import { createTopics, type KafkaRecord, produce, subscribe } from "./kafka-client.ts";
import {
  type AssessmentRequest,
  assessmentRequest,
  callbackTo,
  INBOUND_TOPICS,
  OUTBOUND_TOPICS,
  POLLED_TOPICS,
  POLLING_GROUP,
  type RequestOptions,
  TOPICS,
} from "./messages.ts";
import { type SinkConnector, startSinkConnector } from "./sink-connector.ts";

/** Settings under which a lost bridge or topic is noticed in seconds, and a burst is not held back. */
const WORKER_VARS = {
  ENVIRONMENT: "development",
  DEFAULT_JUDGE: "external",
  KAFKA_BRIDGE_TIMEOUT_SECONDS: "20",
  KAFKA_BRIDGE_MAX_RETRY_SECONDS: "2",
  KAFKA_SOURCE_TOPICS: Object.values(POLLED_TOPICS).join(),
  KAFKA_SOURCE_GROUP: POLLING_GROUP,
  KAFKA_SOURCE_POLL_SECONDS: "1",
  MAX_PAIRWISE_COMPARISONS: "32768",
  MAX_IN_FLIGHT: "32768",
  PAIRING_STRATEGY: "balanced_rounds",
  STRAGGLER_GRACE_SECONDS: "3600",
};

/** Everything around one Worker: the broker, a bridge out, a sink connector in, and a consumer that reads all events. */
export interface World {
  readonly broker: Broker;
  readonly worker: LocalWorker;
  readonly sink: SinkConnector;
  /** Everything there is on the outbound topics, in the order in which it was read. */
  readonly published: () => readonly KafkaRecord[];
  killBridge(): Promise<void>;
  startBridge(): Promise<void>;
  stop(): Promise<void>;
}

/** @param topics the topics that exist at first */
export async function startWorld(kind: BridgeKind, topics: readonly string[]): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), "cj-edge-kafka-"));
  const stops: (() => Promise<void>)[] = [async () => rmSync(folder, { recursive: true, force: true })];
  const stop = async () => {
    for (const each of stops.splice(0).reverse()) await each();
  };
  try {
    const [port, controllerPort, bridgePort, workerPort] = [
      ...[await freePort(), await freePort(), await freePort(), await freePort()],
    ];
    const broker = await startBroker({
      jars: BROKER_JARS,
      folder: join(folder, "broker"),
      port,
      controllerPort,
    });
    stops.push(() => broker.stop());
    await createTopics(broker.bootstrap, topics);

    const bridgeOptions = { bootstrap: broker.bootstrap, folder: join(folder, "bridge"), port: bridgePort };
    let bridge: Service = await kind.start(bridgeOptions);
    stops.push(() => bridge.stop());
    const upstream = await startFakeUpstream();
    stops.push(() => upstream.close());

    const worker = await startLocalWorker({
      port: workerPort,
      stateFolder: join(folder, "worker"),
      vars: {
        ...WORKER_VARS,
        KAFKA_BRIDGE_URL: `http://127.0.0.1:${bridgePort}`,
        KAFKA_BRIDGE_DIALECT: kind.dialect,
        CONTENT_SERVICE_URL: `${upstream.url}/content`,
      },
      output: { file: join(folder, "worker.log") },
    });
    stops.push(() => worker.stop());

    const sink = startSinkConnector(broker.bootstrap, worker.url);
    stops.push(() => sink.stop());
    const records = new Map<string, KafkaRecord>();
    stops.push(
      subscribe({
        bootstrap: broker.bootstrap,
        topics: topics.filter((topic) => OUTBOUND_TOPICS.some((outbound) => outbound === topic)),
        maxRecords: 1_000,
        async take(read) {
          for (const record of read) records.set(placeOf(record), record);
        },
      }),
    );
    return {
      broker,
      worker,
      sink,
      published: () => [...records.values()],
      killBridge: () => bridge.kill(),
      async startBridge() {
        bridge = await kind.start(bridgeOptions);
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

const placeOf = ({ topic, partition, offset }: KafkaRecord) => `${topic}/${partition}/${offset}`;

/** A batch that upstream has asked for over Kafka. */
export interface RequestedBatch {
  readonly batchId: string;
  readonly bosBatchId: string;
  readonly request: AssessmentRequest;
  readonly asked: readonly Comparison[];
}

const comparison = z.object({
  correlation_id: z.string(),
  essay_a_id: z.string(),
  essay_b_id: z.string(),
  status: z.string(),
});
export type Comparison = z.infer<typeof comparison>;

/** Publishes a request and waits until every comparison is with the judge. */
export async function requestBatch(world: World, options: RequestOptions): Promise<RequestedBatch> {
  const request = assessmentRequest(options);
  await produce(world.broker.bootstrap, TOPICS.requests, [{ key: request.data.entity_id, value: request }]);
  return openedBatch(world, request);
}

/** Waits until a published request has become a batch whose every comparison is with the judge. */
export async function openedBatch(world: World, request: AssessmentRequest): Promise<RequestedBatch> {
  const batchId = await eventually("the request to be taken", async () => {
    const { batches } = batchList.parse(await get(world, "/v1/batches?limit=100"));
    return batches.find(({ bos_batch_id }) => bos_batch_id === request.data.entity_id)?.batch_id;
  });
  const asked = await eventually("all comparisons to be with the judge", async () => {
    const all = await comparisonsOf(world, batchId);
    return all.length > 0 && all.every(({ status }) => status === "dispatched") ? all : undefined;
  });
  return { batchId, bosBatchId: request.data.entity_id, request, asked };
}

const batchList = z.object({
  batches: z.array(z.object({ batch_id: z.string(), bos_batch_id: z.string() })),
});

/** Runs the cron sweep, which starts reading topics through the bridge. */
export async function sweep(world: World): Promise<void> {
  const response = await fetch(`${world.worker.url}/cdn-cgi/handler/scheduled`);
  if (!response.ok) throw new Error(`the sweep answered ${response.status}: ${await response.text()}`);
}

async function comparisonsOf(world: World, batchId: string): Promise<Comparison[]> {
  const all: Comparison[] = [];
  for (;;) {
    const page = z
      .object({ comparisons: z.array(comparison) })
      .parse(
        await get(world, `/v1/batches/${batchId}/comparisons?from=${all.length}&limit=1000`),
      ).comparisons;
    all.push(...page);
    if (page.length < 1_000) return all;
  }
}

/** The judge's answers, published without key as the provider service does. */
export function answer(world: World, asked: readonly Comparison[]): Promise<void> {
  const records = asked.map((each) => ({ value: callbackTo(each) }));
  return produce(world.broker.bootstrap, TOPICS.callbacks, records);
}

const batchView = z.object({
  state: z.string(),
  total_comparisons: z.number(),
  completed_comparisons: z.number(),
  failed_comparisons: z.number(),
  late_comparisons: z.number(),
});

export async function readBatch(world: World, batchId: string): Promise<z.infer<typeof batchView>> {
  return batchView.parse(await get(world, `/v1/batches/${batchId}`));
}

export async function untilCompleted(world: World, batchId: string): Promise<z.infer<typeof batchView>> {
  return eventually("the batch to complete", async () => {
    const batch = await readBatch(world, batchId);
    return batch.state === "COMPLETED" ? batch : undefined;
  });
}

const eventList = z.object({
  events: z.array(
    z.object({ topic: z.string(), event_id: z.string(), status: z.string(), note: z.string().nullable() }),
  ),
});

/** What the service says about its own events of a batch. */
async function eventsOf(world: World, batchId: string) {
  return eventList.parse(await get(world, `/v1/batches/${batchId}/events`)).events;
}

type EventView = z.infer<typeof eventList>["events"][number];

/** Waits until the service's own events of a batch are as `look` wants them. @throws Error with how they are */
export async function untilEvents(
  world: World,
  batchId: string,
  look: (events: readonly EventView[]) => boolean,
): Promise<readonly EventView[]> {
  let seen: readonly EventView[] = [];
  try {
    return await eventually("events", async () => {
      seen = await eventsOf(world, batchId);
      return look(seen) ? seen : undefined;
    });
  } catch (error) {
    throw new Error(`the events stayed as they are: ${JSON.stringify(seen)}`, { cause: error });
  }
}

/** The records of a batch, once its last event is there. */
export function untilPublished(
  world: World,
  { bosBatchId }: RequestedBatch,
): Promise<readonly KafkaRecord[]> {
  return eventually("the batch's last event to be read from Kafka", async () => {
    const records = world.published().filter(({ key }) => key?.toString() === bosBatchId);
    return records.some(({ topic }) => topic === TOPICS.resource) ? records : undefined;
  });
}

export async function get(world: World, path: string): Promise<unknown> {
  const response = await fetch(`${world.worker.url}${path}`);
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
  return response.json();
}

/** Waits until `look` finds what it looks for. @throws Error naming `what` after `timeoutMs` */
export async function eventually<Found>(
  what: string,
  look: () => Promise<Found | undefined>,
  timeoutMs = 300_000,
): Promise<Found> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs / 1_000} s for ${what}`);
    await sleep(200);
  }
}

export const ALL_TOPICS = [...INBOUND_TOPICS, ...OUTBOUND_TOPICS, ...Object.values(POLLED_TOPICS)];
