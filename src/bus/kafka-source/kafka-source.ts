import { DurableObject } from "cloudflare:workers";
import { z } from "zod";
import { chunksOf } from "../../encoding/chunks.ts";
import { errorFields, log } from "../../observability/logger.ts";
import { requireSettings, type Settings, sourceOf } from "../../settings/settings.ts";
import { receiveEvents } from "../event-intake.ts";
import { bridgeCredentials } from "../kafka-bridge/bridge-credentials.ts";
import { RECORDS_MAX, type ReceivedRecord } from "../split-records.ts";
import { type BridgeConsumer, createBridgeConsumer } from "./bridge-consumer.ts";
import { NEW_SOURCE, pollOnce, type SourceState, sourceStateSchema } from "./poll.ts";

/** The intake's name in dead letters. */
const SOURCE = "kafka-source";

const STATE_KEY = "state";
const GROUP_KEY = "group";
/** An alarm this far behind its time is taken for lost and set again. */
const ALARM_OVERDUE_MS = 60_000;
const ALARM_AFTER_ERROR_MS = 30_000;

/** How a source is doing, for health and metrics. */
export interface SourceStatus {
  /** The last poll succeeded, or there has been none yet. */
  readonly well: boolean;
  readonly failures: number;
  readonly records: number;
  /** epoch milliseconds */
  readonly polledAt: number | null;
  readonly problem: string | null;
}

/**
 * Reads topics through a bridge's consumer API, for those who can run no sink connector. One object per consumer group,
 * started and watched by the sweep. Each alarm is one poll (`poll.ts`): records go the way of `/v1/events`, and their offsets are
 * committed only when each of them is durably somewhere.
 */
export class KafkaSource extends DurableObject<Env> {
  /** Starts polling unless it is polling already. @param group the consumer group, which is also the object's name */
  async start(group: string): Promise<void> {
    this.ctx.storage.kv.put(GROUP_KEY, group);
    const alarm = await this.ctx.storage.getAlarm();
    if (alarm === null || alarm < Date.now() - ALARM_OVERDUE_MS) await this.ctx.storage.setAlarm(Date.now());
  }

  async status(): Promise<SourceStatus> {
    const { failures, records, polledAt, problem } = this.#load();
    return { well: failures === 0, failures, records, polledAt, problem };
  }

  /** Never throws: an alarm that throws is deleted after six tries. */
  override async alarm(): Promise<void> {
    let waitMs: number | null = ALARM_AFTER_ERROR_MS;
    try {
      waitMs = await this.#poll(requireSettings(this.env));
    } catch (error) {
      log("error", "kafka_source_broken", errorFields(error));
    }
    if (waitMs !== null) await this.ctx.storage.setAlarm(Date.now() + waitMs);
  }

  /** @returns milliseconds until the next poll, or null when this group is not to be read any more */
  async #poll(settings: Settings): Promise<number | null> {
    const group = z.string().parse(this.ctx.storage.kv.get(GROUP_KEY));
    const source = sourceOf(settings);
    const consumer =
      source === null
        ? null
        : createBridgeConsumer({ ...source, group, credentials: bridgeCredentials(settings) });
    if (consumer === null || source?.group !== group) return this.#leave(group, consumer);
    const before = this.#load();
    const waitMs = await pollOnce(
      {
        consumer,
        save: (state) => this.ctx.storage.kv.put(STATE_KEY, state),
        take: (records) => this.#take(settings, group, records),
        newName: () => `cj-edge-${crypto.randomUUID()}`,
        now: Date.now,
        jitter: Math.random,
        pollSeconds: settings.KAFKA_SOURCE_POLL_SECONDS,
      },
      before,
    );
    logChange(group, before, this.#load(), waitMs);
    return waitMs;
  }

  /** The settings have changed: nobody reads this group from here any more, so its partitions are given back. */
  async #leave(group: string, consumer: BridgeConsumer | null): Promise<null> {
    const { instance } = this.#load();
    if (instance !== null) await consumer?.remove(instance.name);
    await this.ctx.storage.deleteAll();
    log("info", "kafka_source_stopped", { group });
    return null;
  }

  async #take(settings: Settings, group: string, records: readonly ReceivedRecord[]): Promise<void> {
    const totals = new Map<string, number>();
    for (const chunk of chunksOf(records, RECORDS_MAX)) {
      for (const { outcome } of await receiveEvents(this.env, settings, chunk, SOURCE))
        totals.set(outcome, (totals.get(outcome) ?? 0) + 1);
    }
    log("info", "kafka_source_took", { group, records: records.length, ...Object.fromEntries(totals) });
  }

  #load(): SourceState {
    const stored = sourceStateSchema.safeParse(this.ctx.storage.kv.get(STATE_KEY));
    // What another version has left behind is not worth a migration: its instance is removed by the bridge in time.
    return stored.success ? stored.data : NEW_SOURCE;
  }
}

/** A line for what has changed; a poll that brought nothing is no news. */
function logChange(group: string, before: SourceState, after: SourceState, waitMs: number): void {
  const instance = after.instance?.name ?? null;
  if (after.failures > 0) {
    const { problem, failures } = after;
    log("warn", "kafka_source_failed", { group, instance, problem, failures, retry_seconds: waitMs / 1_000 });
    return;
  }
  if (before.failures > 0) log("info", "kafka_source_recovered", { group, failures: before.failures });
  if (instance !== null && instance !== before.instance?.name)
    log("info", "kafka_source_joined", { group, instance });
}
