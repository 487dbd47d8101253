import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { consumeEvents } from "../../../src/bus/events-consumer.ts";
import type { EventOutcome } from "../../../src/objects/assessment-batch.ts";
import { DELIVERY_TIMEOUT_MS } from "../../../src/objects/delivery-timeout.ts";
import { requireSettings } from "../../../src/settings/settings.ts";
import { openReadModel } from "./read-model.ts";

const BRIDGE = "http://bridge.example";
const REFUSED_TOPIC = "refused.v1";
const BATCH_ID = "0123456789abc";

const variables = { ENVIRONMENT: "development", DEFAULT_JUDGE: "offline", KAFKA_BRIDGE_URL: BRIDGE };
const settings = requireSettings(variables);

/** A batch's object with three events, of which the bridge will refuse the second. */
function batchWithEvents() {
  const leases: number[] = [];
  const recorded: EventOutcome[] = [];
  const events = ["first.v1", REFUSED_TOPIC, "last.v1"].map((topic, at) => ({
    seq: at + 1,
    createdAt: Date.now(),
    event: { topic, key: "bos", eventId: `event-${at + 1}`, envelope: { event_type: topic } },
  }));
  return {
    leases,
    recorded,
    object: {
      erased: async () => null,
      leaseEvents: async (leaseMs: number) => {
        leases.push(leaseMs);
        const settled = recorded.filter(({ status }) => status !== "retry").map(({ seq }) => seq);
        const left = events.filter(({ seq }) => !settled.includes(seq));
        return { events: left, correlationId: "correlation", leasedUntil: null };
      },
      recordPublished: async (outcomes: readonly EventOutcome[]) => void recorded.push(...outcomes),
    },
  };
}

function envWith(object: object, database: object): Env {
  const bindings = { ...variables, DB: database, ASSESSMENT_BATCH: { getByName: () => object } };
  const env: Env = Object.create(null, Object.getOwnPropertyDescriptors(bindings));
  return env;
}

/** D1 as drizzle sees it, which never answers or is away. */
function databaseThat(answer: () => Promise<never>): object {
  const statement = { bind: () => statement };
  return { prepare: () => statement, batch: answer };
}

const away = () => Promise.reject(new Error("D1 is away"));
const hangs = () => new Promise<never>(() => undefined);

async function deliver(env: Env): Promise<string | undefined> {
  const words: string[] = [];
  const message = {
    id: "m",
    timestamp: new Date(),
    attempts: 1,
    body: { batch_id: BATCH_ID },
    ack: () => void words.push("acked"),
    retry: () => void words.push("retried"),
  };
  const metadata = { metrics: { backlogCount: 0, backlogBytes: 0, oldestMessageTimestamp: new Date() } };
  const batch = { queue: "cj-events", messages: [message], metadata, ackAll: () => {}, retryAll: () => {} };
  await consumeEvents(batch, env, settings);
  return words.at(0);
}

const produced: string[] = [];

beforeEach(() => {
  produced.splice(0);
  for (const level of ["log", "warn", "error"] as const)
    vi.spyOn(console, level).mockImplementation(() => {});
  vi.stubGlobal("fetch", async (address: string) => {
    const topic = z.string().parse(new URL(address).pathname.split("/").at(-1));
    produced.push(topic);
    return topic === REFUSED_TOPIC
      ? Response.json({ error_code: 42202, message: "refused" }, { status: 422 })
      : Response.json({ offsets: [{ partition: 0, offset: produced.length }] });
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

describe("an event that the bridge refuses while D1 is away", () => {
  it("waits for its dead letter, and what was published before it is not published again", async () => {
    const { object, recorded } = batchWithEvents();
    for (let attempt = 0; attempt < 3; attempt++)
      expect(await deliver(envWith(object, databaseThat(away)))).toBe("retried");
    expect(produced).toEqual(["first.v1", REFUSED_TOPIC, REFUSED_TOPIC, REFUSED_TOPIC]);

    const { database, sqlite } = openReadModel();
    expect(await deliver(envWith(object, database))).toBe("acked");
    expect(produced.filter((topic) => topic !== REFUSED_TOPIC)).toEqual(["first.v1", "last.v1"]);
    expect(recorded.filter(({ status }) => status !== "retry").map(({ status }) => status)).toEqual([
      "published",
      "dead",
      "published",
    ]);
    expect(sqlite.all("SELECT reason, batch_id FROM dead_letters")).toMatchObject([
      { reason: "publish_refused", batch_id: BATCH_ID },
    ]);
  });

  it("waits for a D1 that hangs no longer than the lease allows for", async () => {
    vi.useFakeTimers();
    const { object, leases, recorded } = batchWithEvents();
    const delivered = deliver(envWith(object, databaseThat(hangs)));
    await vi.advanceTimersByTimeAsync(DELIVERY_TIMEOUT_MS);
    expect(await delivered).toBe("retried");
    expect(recorded.map(({ status }) => status)).toEqual(["published", "retry", "retry"]);
    const longest = 3 * (settings.KAFKA_BRIDGE_TIMEOUT_SECONDS * 1_000 + DELIVERY_TIMEOUT_MS);
    expect(leases[0]).toBeGreaterThan(longest);
  });
});
