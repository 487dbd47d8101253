import { afterEach, describe, expect, it } from "vitest";
import { MAX_ANSWER_BYTES } from "../../../src/bus/kafka-bridge/http-answer.ts";
import {
  createKafkaBridge,
  type KafkaBridgeSettings,
  MAX_RECORDS_PER_REQUEST,
} from "../../../src/bus/kafka-bridge/http-kafka-bridge.ts";
import type { BridgeRecord, RecordOutcome } from "../../../src/bus/kafka-bridge/kafka-bridge.ts";
import { type BridgeDialectName, bridgeUrlProblem } from "../../../src/settings/kafka-bridge-url.ts";
import {
  type BridgeFault,
  type FakeKafkaRest,
  type FakeKafkaRestOptions,
  startFakeKafkaRest,
} from "../../fakes/kafka-rest.ts";
import type { FakeDialect } from "../../fakes/kafka-rest-voices.ts";

const TOPIC = "huleedu.cj_assessment.completed.v1";

/** Every bridge that the service supports: the dialect it is configured with, the bridge it meets. */
const BRIDGES: readonly {
  dialect: BridgeDialectName;
  bridge: FakeDialect;
  headers: boolean;
  quotedKeys: boolean;
}[] = [
  { dialect: "confluent-v2", bridge: "confluent-v2", headers: false, quotedKeys: true },
  { dialect: "confluent-v2", bridge: "karapace", headers: false, quotedKeys: true },
  { dialect: "confluent-v2", bridge: "redpanda", headers: false, quotedKeys: true },
  { dialect: "confluent-v3", bridge: "confluent-v3", headers: true, quotedKeys: false },
  { dialect: "strimzi", bridge: "strimzi", headers: true, quotedKeys: true },
];

const running: FakeKafkaRest[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((bridge) => bridge.close()));
});

async function start(options: FakeKafkaRestOptions): Promise<FakeKafkaRest> {
  const fake = await startFakeKafkaRest(options);
  running.push(fake);
  return fake;
}

function event(key: string, number: number): BridgeRecord {
  const headers = {
    event_id: `event-${number}`,
    traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
  };
  return { topic: TOPIC, key, value: { number, text: "å “quoted” {brace}" }, headers };
}

function kinds(outcomes: readonly RecordOutcome[]): string[] {
  return outcomes.map((outcome) => outcome.kind);
}

function reasonOf(outcome: RecordOutcome | undefined): string {
  return outcome === undefined || outcome.kind === "written" ? "" : outcome.reason;
}

describe.each(BRIDGES)("the $dialect dialect before $bridge", ({ dialect, bridge, headers, quotedKeys }) => {
  async function connect(settings: Partial<KafkaBridgeSettings> = {}, options: FakeKafkaRestOptions = {}) {
    const fake = await start({ dialect: bridge, ...options });
    return { fake, client: createKafkaBridge({ url: fake.url, dialect, timeoutMs: 2_000, ...settings }) };
  }

  async function produceAmid(faults: readonly BridgeFault[], records: readonly BridgeRecord[]) {
    const { fake, client } = await connect();
    fake.fail(...faults);
    return { fake, outcomes: await client.produce(TOPIC, records) };
  }

  const three = [event("a", 1), event("b", 2), event("c", 3)];

  it("writes every record and says where it is", async () => {
    const { fake, outcomes } = await produceAmid([], [event("batch-1", 1), event("batch-1", 2)]);
    expect(kinds(outcomes)).toEqual(["written", "written"]);
    expect(outcomes).toEqual(
      fake.records().map(({ partition, offset }) => ({ kind: "written", partition, offset })),
    );
    expect(fake.records().map((record) => [record.topic, JSON.parse(record.value)])).toEqual([
      [TOPIC, { number: 1, text: "å “quoted” {brace}" }],
      [TOPIC, { number: 2, text: "å “quoted” {brace}" }],
    ]);
  });

  it("in the json format, the key is the text, with quotation marks where the bridge embeds JSON", async () => {
    const { fake } = await produceAmid([], [event("batch-1", 1)]);
    expect(fake.records().at(0)?.key).toBe(quotedKeys ? '"batch-1"' : "batch-1");
  });

  it("in the binary format, key and value arrive byte for byte", async () => {
    const { fake, client } = await connect({ recordFormat: "binary" });
    expect(kinds(await client.produce(TOPIC, [event("böck-1", 7)]))).toEqual(["written"]);
    expect(fake.records().at(0)).toMatchObject({
      key: "böck-1",
      value: JSON.stringify(event("böck-1", 7).value),
    });
  });

  it(headers ? "carries headers" : "leaves headers out, because the bridge would refuse them", async () => {
    const { fake } = await produceAmid([], [event("a", 1)]);
    expect(fake.records().at(0)?.headers).toEqual(headers ? event("a", 1).headers : {});
  });

  it("asks nothing when there is nothing to write", async () => {
    const { fake, outcomes } = await produceAmid([], []);
    expect(outcomes).toEqual([]);
    expect(fake.requests()).toEqual([]);
  });

  it("escapes the topic in the path", async () => {
    const { fake, client } = await connect();
    const odd = "a/b?c";
    expect(kinds(await client.produce(odd, [{ ...event("a", 1), topic: odd }]))).toEqual(["written"]);
    expect(fake.records().at(0)?.topic).toBe(odd);
  });

  it("retries the record that failed for the moment and no other, whatever the HTTP status", async () => {
    const { fake, outcomes } = await produceAmid(
      [{ kind: "record", indexes: [1], failure: "transient" }],
      three,
    );
    expect(kinds(outcomes)).toEqual(["written", "retry", "written"]);
    expect(fake.records()).toHaveLength(2);
  });

  it("gives up the record that is too large and no other", async () => {
    const { outcomes } = await produceAmid([{ kind: "record", indexes: [0], failure: "too_large" }], three);
    expect(kinds(outcomes)).toEqual(["dead", "written", "written"]);
  });

  it.each(["topic_missing", "unauthorized"] as const)(
    "a record failing as %s is nobody's loss: it is retried",
    async (failure) => {
      const { outcomes } = await produceAmid([{ kind: "record", indexes: [2], failure }], three);
      expect(kinds(outcomes)).toEqual(["written", "written", "retry"]);
    },
  );

  it.each([408, 425, 429, 500, 502, 503, 504])("HTTP %i: everything is retried", async (status) => {
    const { outcomes } = await produceAmid([{ kind: "status", status }], three);
    expect(outcomes).toEqual(
      three.map(() => ({ kind: "retry", reason: `HTTP ${status}: `, retryAfterSeconds: null })),
    );
  });

  it("Retry-After is honoured", async () => {
    const { outcomes } = await produceAmid(
      [{ kind: "status", status: 503, headers: { "retry-after": "17" } }],
      three,
    );
    expect(outcomes.at(2)).toMatchObject({ kind: "retry", retryAfterSeconds: 17 });
  });

  it.each([401, 403])(
    "HTTP %i: everything is retried, slowly, because no record is to blame",
    async (status) => {
      const { outcomes } = await produceAmid([{ kind: "status", status }], three);
      expect(outcomes).toEqual(
        three.map(() => ({
          kind: "retry",
          reason: expect.stringContaining("credentials"),
          retryAfterSeconds: 300,
        })),
      );
    },
  );

  it("sends its credentials and further headers", async () => {
    const gate = { "cf-access-client-id": "id", "cf-access-client-secret": "secret" };
    const settings = { authorization: "Bearer token", headers: gate };
    const { fake, client } = await connect(settings, { authorization: "Bearer token" });
    expect(kinds(await client.produce(TOPIC, three))).toEqual(["written", "written", "written"]);
    expect(fake.requests().at(0)?.headers).toMatchObject(gate);
  });

  it("never repeats its credentials in a reason", async () => {
    const { client } = await connect({ authorization: "Bearer wrong" }, { authorization: "Bearer right" });
    expect(JSON.stringify(await client.produce(TOPIC, three))).not.toContain("wrong");
  });

  it("a topic that does not exist is waited for", async () => {
    const { client } = await connect({}, { topics: ["another"] });
    const outcomes = await client.produce(TOPIC, three);
    expect(outcomes.at(0)).toMatchObject({ kind: "retry", retryAfterSeconds: 300 });
    expect(reasonOf(outcomes.at(0))).toContain("create the topic");
  });

  it.each([302, 405, 415])("HTTP %i: the configuration is wrong, not the records", async (status) => {
    const fault: BridgeFault = { kind: "status", status, headers: { location: "/login" } };
    const { outcomes } = await produceAmid([fault], three);
    expect(outcomes.at(0)).toMatchObject({ kind: "retry", retryAfterSeconds: 300 });
    expect(reasonOf(outcomes.at(0))).toContain("check the bridge's URL and dialect");
  });

  it.each([400, 413, 422])(
    "HTTP %i for a whole request: it is split until the bad record stands alone",
    async (status) => {
      const { fake, client } = await connect({}, { poison: { text: '"number":5', status } });
      const records = Array.from({ length: 8 }, (_, number) => event(`key-${number}`, number));
      const outcomes = await client.produce(TOPIC, records);
      expect(kinds(outcomes)).toEqual(records.map((_, number) => (number === 5 ? "dead" : "written")));
      expect(reasonOf(outcomes.at(5))).toBe(`HTTP ${status}: Request refused.`);
      expect(fake.records()).toHaveLength(7);
      expect(fake.requests().length).toBeLessThanOrEqual(2 * records.length);
    },
  );

  it.each<[string, BridgeFault]>([
    ["a body that is no JSON", { kind: "answer", body: "<html>OK</html>" }],
    ["an empty body", { kind: "answer", body: "" }],
    ["a body without reports", { kind: "answer", body: '{"status":"ok"}' }],
    ["HTTP 204", { kind: "answer", body: "", status: 204 }],
    ["a body beyond all measure", { kind: "answer", body: " ".repeat(MAX_ANSWER_BYTES + 1) }],
  ])("%s after the write is no proof: everything is retried", async (_name, fault) => {
    const { fake, outcomes } = await produceAmid([fault], three);
    expect(kinds(outcomes)).toEqual(["retry", "retry", "retry"]);
    expect(reasonOf(outcomes.at(0))).toContain("may have been written");
    expect(fake.records()).toHaveLength(3);
  });

  it.each<BridgeFault>([{ kind: "short_answer", missing: 1 }, { kind: "cut_answer" }])(
    "fewer reports than records ($kind): what is not reported is retried",
    async (fault) => {
      const { fake, outcomes } = await produceAmid([fault], three);
      expect(kinds(outcomes).at(-1)).toBe("retry");
      expect(fake.records()).toHaveLength(3);
    },
  );

  it("no answer in time: everything is retried, and the reason says it may be there", async () => {
    const { fake, client } = await connect({ timeoutMs: 100 });
    fake.fail({ kind: "silence" });
    const outcomes = await client.produce(TOPIC, three);
    expect(outcomes.at(0)).toEqual({
      kind: "retry",
      reason: "the bridge did not answer within 100 ms; the records may have been written",
      retryAfterSeconds: null,
    });
    expect(fake.records()).toHaveLength(3);
  });

  it.each([true, false])("a lost connection (written: %s): everything is retried", async (written) => {
    const { fake, outcomes } = await produceAmid([{ kind: "hang_up", written }], three);
    expect(kinds(outcomes)).toEqual(["retry", "retry", "retry"]);
    expect(fake.records()).toHaveLength(written ? 3 : 0);
  });

  it("a bridge that is not there: everything is retried", async () => {
    const { fake, client } = await connect();
    await fake.close();
    const outcomes = await client.produce(TOPIC, three);
    expect(kinds(outcomes)).toEqual(["retry", "retry", "retry"]);
    expect(reasonOf(outcomes.at(0))).toContain("could not be reached");
  });
});

describe("the order of records with one key", () => {
  async function connect(options: FakeKafkaRestOptions = {}) {
    const fake = await start(options);
    return { fake, client: createKafkaBridge({ url: fake.url, dialect: "confluent-v2", timeoutMs: 2_000 }) };
  }

  it("travels in one request", async () => {
    const { fake, client } = await connect();
    await client.produce(TOPIC, [event("a", 1), event("a", 2), event("a", 3)]);
    expect(fake.requests().map((request) => request.recordCount)).toEqual([3]);
    expect(fake.records().map((record) => JSON.parse(record.value).number)).toEqual([1, 2, 3]);
  });

  it("is kept over requests: once a record waits, later ones of its key wait behind it and others go on", async () => {
    const { fake, client } = await connect();
    fake.fail({ kind: "record", indexes: [0], failure: "transient" });
    const first = Array.from({ length: MAX_RECORDS_PER_REQUEST }, (_, number) =>
      event(`key-${number}`, number),
    );
    const outcomes = await client.produce(TOPIC, [...first, event("key-0", 100), event("key-1", 101)]);
    expect(outcomes.at(0)?.kind).toBe("retry");
    expect(reasonOf(outcomes.at(100))).toContain("held back behind a record of the same key");
    expect(outcomes.at(101)?.kind).toBe("written");
    expect(fake.requests().map((request) => request.recordCount)).toEqual([100, 1]);
  });

  it("is kept when a request is split", async () => {
    const { fake, client } = await connect({ poison: { text: '"number":3', status: 400 } });
    fake.fail({ kind: "record", indexes: [0], failure: "transient" });
    const outcomes = await client.produce(TOPIC, [
      event("a", 0),
      event("b", 1),
      event("a", 2),
      event("c", 3),
    ]);
    expect(kinds(outcomes)).toEqual(["retry", "written", "retry", "dead"]);
    expect(fake.records().map((record) => JSON.parse(record.value).number)).toEqual([1]);
  });

  it("does not wait for a record that is given up", async () => {
    const { client } = await connect({ poison: { text: '"number":0', status: 413 } });
    expect(kinds(await client.produce(TOPIC, [event("a", 0), event("a", 1)]))).toEqual(["dead", "written"]);
  });

  it("after a request that got no answer, nothing more is sent", async () => {
    const { fake, client } = await connect();
    fake.fail({ kind: "status", status: 503, headers: { "retry-after": "9" } });
    const records = Array.from({ length: 2 * MAX_RECORDS_PER_REQUEST }, (_, number) =>
      event(`key-${number}`, number),
    );
    const outcomes = await client.produce(TOPIC, records);
    expect(outcomes).toHaveLength(200);
    expect(new Set(outcomes.map((outcome) => JSON.stringify(outcome))).size).toBe(1);
    expect(outcomes.at(199)).toMatchObject({ kind: "retry", retryAfterSeconds: 9 });
    expect(fake.requests()).toHaveLength(1);
  });
});

describe("a v3 answer that ends early", () => {
  it("still tells about the records it came to", async () => {
    const fake = await start({ dialect: "confluent-v3" });
    const client = createKafkaBridge({ url: fake.url, dialect: "confluent-v3", timeoutMs: 2_000 });
    fake.fail({ kind: "short_answer", missing: 2 });
    const outcomes = await client.produce(TOPIC, [event("a", 1), event("b", 2), event("c", 3)]);
    expect(kinds(outcomes)).toEqual(["written", "retry", "retry"]);
    expect(reasonOf(outcomes.at(2))).toContain("ended before this record");
  });

  it("is believed up to the first report that does not parse", async () => {
    const fake = await start({ dialect: "confluent-v3" });
    const client = createKafkaBridge({ url: fake.url, dialect: "confluent-v3", timeoutMs: 2_000 });
    fake.fail({ kind: "answer", body: '{"error_code":200,"partition_id":0,"offset":1}{oops}' });
    expect(kinds(await client.produce(TOPIC, [event("a", 1), event("b", 2)]))).toEqual(["written", "retry"]);
  });

  it("with more reports than records is not believed", async () => {
    const fake = await start({ dialect: "confluent-v3" });
    const client = createKafkaBridge({ url: fake.url, dialect: "confluent-v3", timeoutMs: 2_000 });
    const report = JSON.stringify({ error_code: 200, partition_id: 0, offset: 1 });
    fake.fail({ kind: "answer", body: `${report}${report}` });
    expect(kinds(await client.produce(TOPIC, [event("a", 1)]))).toEqual(["retry"]);
  });

  it("is read in any layout, with braces and quotation marks in its texts", async () => {
    const fake = await start({ dialect: "confluent-v3" });
    const client = createKafkaBridge({ url: fake.url, dialect: "confluent-v3", timeoutMs: 2_000 });
    const refusal = { error_code: 42206, message: 'bad } "value" { \\' };
    const success = { error_code: 200, partition_id: 0, offset: 1, value: { type: "JSON", size: 9 } };
    fake.fail({ kind: "answer", body: `${JSON.stringify(refusal, null, 2)}${JSON.stringify(success)}` });
    const outcomes = await client.produce(TOPIC, [event("a", 1), event("b", 2)]);
    expect(outcomes).toEqual([
      { kind: "dead", reason: 'record refused with code 42206: bad } "value" { \\' },
      { kind: "written", partition: 0, offset: 1 },
    ]);
  });
});

describe("what the bridge is given", () => {
  const settings = { url: "http://127.0.0.1:9", dialect: "confluent-v2", timeoutMs: 100 } as const;

  it("records of another topic are a bug", async () => {
    const foreign = { ...event("a", 1), topic: "another" };
    await expect(createKafkaBridge(settings).produce(TOPIC, [foreign])).rejects.toThrow(
      `expected records of topic ${TOPIC}, got one of topic another`,
    );
  });

  it.each(["confluent-v2", "strimzi"] as const)("%s: a value that is no JSON is a bug", async (dialect) => {
    const bridge = createKafkaBridge({ ...settings, dialect });
    await expect(bridge.produce(TOPIC, [{ ...event("a", 1), value: undefined }])).rejects.toThrow(
      "expected a JSON value for the record with key a, got undefined",
    );
  });

  it.each([
    ["confluent-v2", "bridge.example.org", "expected an http or https URL"],
    ["confluent-v2", "ftp://bridge.example.org", "expected an http or https URL"],
    ["strimzi", "https://user:pass@bridge.example.org", "without credentials"],
    ["strimzi", "https://bridge.example.org/?a=1", "without query"],
    ["confluent-v3", "https://bridge.example.org", "ends with the cluster"],
  ] as const)("%s at %s is refused: %s", (dialect, url, problem) => {
    expect(bridgeUrlProblem(dialect, url)).toContain(problem);
    expect(() => createKafkaBridge({ ...settings, dialect, url })).toThrow(problem);
  });

  it.each([
    ["confluent-v2", "https://bridge.example.org/proxy/"],
    ["confluent-v3", "https://bridge.example.org/kafka/v3/clusters/lkc-1/"],
  ] as const)("%s at %s is fine", (dialect, url) => {
    expect(bridgeUrlProblem(dialect, url)).toBeNull();
  });

  it("its fetch and its clock can be given", async () => {
    const asked: string[] = [];
    const bridge = createKafkaBridge({
      ...settings,
      url: "https://bridge.example.org/proxy/",
      now: () => Date.UTC(2026, 1, 7, 9, 15, 0),
      fetch: async (input) => {
        asked.push(String(input));
        return new Response("busy", {
          status: 429,
          headers: { "retry-after": "Sat, 07 Feb 2026 09:15:30 GMT" },
        });
      },
    });
    expect(await bridge.produce(TOPIC, [event("a", 1)])).toEqual([
      { kind: "retry", reason: "HTTP 429: busy", retryAfterSeconds: 30 },
    ]);
    expect(asked).toEqual([`https://bridge.example.org/proxy/topics/${TOPIC}`]);
  });

  it("something thrown that is no Error is told as well", async () => {
    const bridge = createKafkaBridge({ ...settings, fetch: () => Promise.reject("broken pipe") });
    expect(reasonOf((await bridge.produce(TOPIC, [event("a", 1)])).at(0))).toContain("broken pipe");
  });
});
