/** Reading topics through a bridge's consumer API: whatever fails, no record is lost. */
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createBridgeConsumer } from "../../../src/bus/kafka-source/bridge-consumer.ts";
import { FETCH_MAX_BYTES } from "../../../src/bus/kafka-source/consumer-dialect.ts";
import { NEW_SOURCE, pollOnce, type SourceState } from "../../../src/bus/kafka-source/poll.ts";
import { readPolledRecords } from "../../../src/bus/kafka-source/polled-record.ts";
import type { SourceDialectName } from "../../../src/settings/kafka-bridge-url.ts";
import { type FakeKafkaRest, startFakeKafkaRest } from "../../fakes/kafka-rest.ts";
import type { ConsumerFault } from "../../fakes/kafka-rest-consumers.ts";
import type { FakeDialect } from "../../fakes/kafka-rest-voices.ts";

/** Every bridge that can be read from: the dialect that is configured, the bridge it meets. */
const BRIDGES: readonly { dialect: SourceDialectName; bridge: FakeDialect }[] = [
  { dialect: "confluent-v2", bridge: "confluent-v2" },
  { dialect: "confluent-v2", bridge: "karapace" },
  { dialect: "confluent-v2", bridge: "redpanda" },
  { dialect: "strimzi", bridge: "strimzi" },
];
const GROUP = "cj-edge";
const TOPICS = ["requests", "callbacks"];

/** One life of a source: what it remembers outlives a crash, what it was doing does not. */
class Life {
  state: SourceState = NEW_SOURCE;
  readonly taken: string[] = [];
  /** hand-overs that are to fail */
  blocked = 0;
  /** the process dies at this many saves from now */
  diesIn = Number.POSITIVE_INFINITY;
  instances = 0;
  readonly #url: string;
  readonly #dialect: SourceDialectName;
  readonly #topics: readonly string[];

  constructor(url: string, dialect: SourceDialectName, topics: readonly string[] = TOPICS) {
    this.#url = url;
    this.#dialect = dialect;
    this.#topics = topics;
  }

  async poll(): Promise<number> {
    const consumer = createBridgeConsumer({
      url: this.#url,
      dialect: this.#dialect,
      group: GROUP,
      topics: this.#topics,
      credentials: { authorization: "Bearer secret" },
      timeoutMs: 5_000,
    });
    return pollOnce(
      {
        consumer,
        save: (state) => {
          this.diesIn -= 1;
          if (this.diesIn < 0) throw new Error("evicted");
          this.state = state;
        },
        take: async (records) => {
          if (this.blocked-- > 0) throw new Error("the queue is away");
          this.taken.push(...records.map(({ text }) => text));
        },
        newName: () => `instance-${this.instances++}`,
        now: () => 1_000,
        jitter: () => 0,
        pollSeconds: 5,
      },
      this.state,
    );
  }

  /** {@link poll}, which may die on the way. */
  async pollOrDie(): Promise<void> {
    await this.poll().catch(() => {});
    this.diesIn = Number.POSITIVE_INFINITY;
  }
}

describe.each(BRIDGES)("a source on $bridge", ({ dialect, bridge }) => {
  let fake: FakeKafkaRest;
  beforeAll(async () => {
    fake = await startFakeKafkaRest({ dialect: bridge, authorization: "Bearer secret" });
  });
  afterEach(async () => {
    await fetch(`${fake.url}/__fake`, { method: "DELETE" });
  });
  afterAll(() => fake.close());

  const produce = (from: number, count: number, topic = "callbacks") =>
    fake.produce(...numbers(from, count).map((value) => ({ topic, key: value, value })));
  const live = (topics?: readonly string[]) => new Life(fake.url, dialect, topics);

  it("hands over every record of its topics, in each partition's order, and commits them", async () => {
    produce(0, 30);
    produce(30, 10, "requests");
    produce(40, 5, "others");
    const life = live();
    expect(await life.poll()).toBe(0);
    expect(sorted(life.taken)).toEqual(numbers(0, 40));
    const committed = Object.values(fake.consumers.committed(GROUP)).reduce((sum, next) => sum + next, 0);
    // Redpanda commits what it is told, which is the last record: it is handed out once more to the next instance.
    const partitions = Object.keys(fake.consumers.committed(GROUP)).length;
    expect(committed).toBe(bridge === "redpanda" ? 40 - partitions : 40);
    produce(50, 1);
    await life.poll();
    expect(life.taken.at(-1)).toBe("50");
    expect(life.instances).toBe(1);
  });

  it("waits longer while nothing comes, up to its pause, and reads on at once while something does", async () => {
    const life = live();
    const waits: number[] = [];
    for (let polls = 0; polls < 7; polls++) waits.push(await life.poll());
    expect(waits).toEqual([1_000, 2_000, 3_000, 4_000, 5_000, 5_000, 5_000]);
    produce(0, 1);
    expect(await life.poll()).toBe(0);
    expect(await life.poll()).toBe(1_000);
  });

  it.each<[string, readonly ConsumerFault[]]>([
    ["an answer to a fetch that is lost", [{ operation: "fetch", kind: "hang_up", done: true }]],
    ["an answer to a fetch that cannot be read", [{ operation: "fetch", kind: "answer", body: "<html>" }]],
    ["an answer to a commit that is lost", [{ operation: "commit", kind: "hang_up", done: true }]],
    ["a commit that does not arrive", [{ operation: "commit", kind: "hang_up", done: false }]],
    ["an instance that has vanished before a fetch", [{ operation: "fetch", kind: "restart" }]],
    ["an instance that has vanished before its commit", [{ operation: "commit", kind: "restart" }]],
    ["a rebalance before a commit", [{ operation: "commit", kind: "rebalance" }]],
    ["an answer to a creation that is lost", [{ operation: "create", kind: "hang_up", done: true }]],
    ["a subscription that does not arrive", [{ operation: "subscribe", kind: "hang_up", done: false }]],
    ["a bridge that is overloaded", [{ operation: "fetch", kind: "status", status: 503 }]],
    [
      "an instance that cannot be removed",
      [
        { operation: "fetch", kind: "hang_up", done: true },
        { operation: "remove", kind: "status", status: 500 },
      ],
    ],
  ])("loses no record to %s", async (_name, faults) => {
    produce(0, 20);
    const life = live();
    fake.consumers.fail(...faults);
    const waits: number[] = [];
    for (let polls = 0; polls < 4; polls++) waits.push(await life.poll());
    // The other member of a rebalance never reads: what is its share comes when it has gone.
    for (const name of fake.consumers.members(GROUP)) {
      if (name.startsWith("another")) await fetch(`${fake.url}/consumers/${GROUP}/instances/${name}`, REMOVE);
    }
    for (let polls = 0; polls < 2; polls++) await life.poll();
    expect(new Set(life.taken)).toEqual(new Set(numbers(0, 20)));
    expect(waits.some((wait) => wait > 0)).toBe(true);
    expect(life.state).toMatchObject({ failures: 0, problem: null });
  });

  it("commits nothing that was not handed over, and hands it over again", async () => {
    produce(0, 20);
    const life = live();
    life.blocked = 2;
    await life.poll();
    expect(life.state).toMatchObject({ failures: 1, problem: "handing over: the queue is away" });
    expect(fake.consumers.committed(GROUP)).toEqual({});
    await life.poll();
    await life.poll();
    expect(sorted(life.taken)).toEqual(numbers(0, 20));
  });

  it.each([1, 2, 3, 4])("loses no record when it is evicted at its save number %i", async (save) => {
    produce(0, 20);
    const life = live();
    life.diesIn = save - 1;
    await life.pollOrDie();
    produce(20, 20);
    for (let polls = 0; polls < 3; polls++) await life.poll();
    expect(new Set(life.taken)).toEqual(new Set(numbers(0, 40)));
    // Nobody is left behind who would hold partitions.
    expect(fake.consumers.members(GROUP)).toHaveLength(1);
  });

  it("pauses longer with every failure, and as long as it is asked to, up to five minutes", async () => {
    const life = live();
    fake.consumers.fail(
      ...Array.from({ length: 8 }, () => ({ operation: "create", kind: "status", status: 503 }) as const),
      { operation: "create", kind: "status", status: 429, headers: { "retry-after": "120" } },
      { operation: "create", kind: "status", status: 503, headers: { "retry-after": "3600" } },
    );
    const waits: number[] = [];
    for (let polls = 0; polls < 10; polls++) waits.push(await life.poll());
    expect(waits.slice(0, 5)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000]);
    expect(waits.slice(8)).toEqual([256_000, 300_000]);
    expect(life.state.problem).toContain("joining: HTTP 503");
  });

  it("leaves for another instance when its topics change", async () => {
    await live().poll();
    const life = live();
    await life.poll();
    const changed = live([...TOPICS, "others"]);
    changed.state = life.state;
    changed.instances = 7;
    fake.produce({ topic: "others", value: "new" });
    await changed.poll();
    expect(fake.consumers.members(GROUP)).not.toContain(life.state.instance?.name);
    for (let polls = 0; polls < 3; polls++) await changed.poll();
  });

  it("loses nothing of an answer that was full", async () => {
    const padding = "x".repeat(FETCH_MAX_BYTES / 8);
    fake.produce(
      ...numbers(0, 30).map((value) => ({ topic: "callbacks", key: value, value: `${value} ${padding}` })),
    );
    const life = live();
    for (let polls = 0; polls < 12; polls++) await life.poll();
    const taken = new Set(life.taken.map((text) => text.split(" ")[0]));
    expect(sorted([...taken])).toEqual(numbers(0, 30));
  });

  it("loses no record, whatever fails and whenever it dies", { timeout: 120_000 }, async () => {
    const fault = fc.oneof(
      fc.record({
        operation: fc.constantFrom("create", "subscribe", "fetch", "commit", "remove"),
        kind: fc.constant("hang_up"),
        done: fc.boolean(),
      }),
      fc.record({
        operation: fc.constantFrom("create", "subscribe", "fetch", "commit", "remove"),
        kind: fc.constant("status"),
        status: fc.constantFrom(404, 409, 422, 429, 500, 503),
      }),
      fc.record({ operation: fc.constantFrom("subscribe", "fetch", "commit"), kind: fc.constant("restart") }),
    );
    const step = fc.record({
      produced: fc.nat(5),
      faults: fc.array(fault, { maxLength: 2 }),
      diesIn: fc.oneof(fc.nat(4), fc.constant(Number.POSITIVE_INFINITY)),
      blocked: fc.constantFrom(0, 0, 0, 1),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        await fetch(`${fake.url}/__fake`, { method: "DELETE" });
        const life = live();
        let produced = 0;
        for (const { produced: more, faults, diesIn, blocked } of steps) {
          produce(produced, more);
          produced += more;
          fake.consumers.fail(...faults);
          life.diesIn = diesIn;
          life.blocked = blocked;
          await life.pollOrDie();
        }
        life.blocked = 0;
        // A bridge removes idle instances in time: those that could not be removed, or were said to be gone and were not.
        fake.consumers.fail({ operation: "fetch", kind: "restart" });
        // Faults that are left over take one poll each at most.
        for (let polls = 0; polls < 30; polls++) await life.poll();
        expect(new Set(life.taken)).toEqual(new Set(numbers(0, produced)));
      }),
      { numRuns: 60 },
    );
  });
});

describe("a bridge that wants credentials", () => {
  it("is not read from with others, and the source says what it heard", async () => {
    const fake = await startFakeKafkaRest({ authorization: "Bearer another" });
    const life = new Life(fake.url, "confluent-v2");
    await life.poll();
    expect(life.state.problem).toContain("HTTP 401");
    await fake.close();
  });
});

describe("a record as the bridge hands it out", () => {
  const place = { topic: "t", partition: 1, offset: 7 };
  const read = (value: unknown) =>
    readPolledRecords(JSON.stringify([{ ...place, key: "aw==", value }]))?.at(0);

  it("is its value's text, with the place where it lay", () => {
    expect(read(Buffer.from("é\u{1F30A}").toString("base64"))).toMatchObject({
      ...place,
      bytes: 7,
      received: { text: "é\u{1F30A}", place: "t, partition 1, offset 7" },
    });
  });

  it("without a value is a tombstone", () => {
    expect(read(null)).toMatchObject({ received: { text: "null" } });
    expect(read(undefined)).toMatchObject({ received: { text: "null" } });
  });

  it("is marked when it is not UTF-8 or not base64, and keeps nobody from its neighbours", () => {
    expect(read(Buffer.from([0x22, 0xff, 0x22]).toString("base64"))?.received.fault?.reason).toBe(
      "unparseable",
    );
    expect(read("not base64!")?.received.fault?.reason).toBe("unparseable");
    expect(read({ parsed: true })?.received.fault?.reason).toBe("unparseable");
  });

  it("is marked when it is nested too deeply, so that it does not hold up its partition for ever", () => {
    const deep = `{"metadata":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
    expect(read(Buffer.from(deep).toString("base64"))?.received).toMatchObject({
      text: deep,
      fault: { reason: "too_deeply_nested" },
      place: "t, partition 1, offset 7",
    });
  });

  it.each(["", "{}", '[{"topic":"t"}]', '[{"topic":"t","partition":0,"offset":-1}]', "[", "<html>"])(
    "in an answer that does not say where it lay is not taken: %j",
    (answer) => {
      expect(readPolledRecords(answer)).toBeNull();
    },
  );
});

const REMOVE = { method: "DELETE", headers: { authorization: "Bearer secret" } };

function numbers(from: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) => String(from + index));
}

function sorted(texts: readonly string[]): string[] {
  return [...texts].toSorted((left, right) => Number(left) - Number(right));
}
