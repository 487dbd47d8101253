/** What a sink connector may bring that nobody can use, and what becomes of it. */
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { createApp } from "../../src/http/app.ts";
import {
  call,
  callbackFor,
  deadLettersOf,
  envelopeFor,
  essaysOf,
  eventually,
  openBatch,
  readBatch,
  readComparisons,
  requestEvent,
} from "./harness.ts";

const NDJSON = { "content-type": "application/x-ndjson" };
const JSON_TYPE = { "content-type": "application/json" };

const outcomeList = z.object({
  outcomes: z.array(
    z.object({
      outcome: z.string(),
      batch_id: z.string().nullable(),
      event_id: z.string().nullable(),
      reason: z.string().nullable(),
      detail: z.string().nullable(),
    }),
  ),
});

function post(body: string, headers: Record<string, string>): Promise<Response> {
  return call("/v1/events", { method: "POST", body, headers });
}

async function outcomesOf(body: string, headers: Record<string, string>) {
  const response = await post(body, headers);
  expect(response.status).toBe(202);
  return outcomeList.parse(await response.json()).outcomes;
}

function inlineRequest() {
  return requestEvent(essaysOf(3).map(({ essay_id, text }) => ({ essay_id, text_content: text })));
}

function ids(marked: { readonly event_id: string; readonly correlation_id: string }): object {
  return { event_id: marked.event_id, correlation_id: marked.correlation_id };
}

describe("a record that cannot be used", () => {
  const marked = () => ({ event_id: crypto.randomUUID(), correlation_id: crypto.randomUUID() });
  const records: [string, (mark: ReturnType<typeof marked>) => string, string][] = [
    ["a tombstone", () => "null", "contract_violation"],
    ["a value that is not JSON", () => "<xml/>", "unparseable"],
    ["a value cut short", (mark) => JSON.stringify(mark).slice(0, -1), "unparseable"],
    ["a bare number", () => "17", "contract_violation"],
    [
      "a record wrapped with its key",
      (mark) => JSON.stringify({ key: 7, value: { ...envelopeFor({}), ...ids(mark) } }),
      "contract_violation",
    ],
    [
      "an event nobody here handles",
      (mark) => JSON.stringify({ ...envelopeFor({ x: 1 }, "huleedu.essay.spellchecked.v1"), ...ids(mark) }),
      "unknown_event_type",
    ],
    [
      "an envelope of a future version",
      (mark) => JSON.stringify({ ...inlineRequest(), ...ids(mark), schema_version: 2 }),
      "unsupported_schema_version",
    ],
    [
      "a request without essays",
      (mark) => {
        const event = inlineRequest();
        return JSON.stringify({ ...event, ...ids(mark), data: { ...event.data, essays_for_cj: undefined } });
      },
      "contract_violation",
    ],
    [
      "a callback without winner and without error",
      (mark) =>
        JSON.stringify({
          ...envelopeFor({ ...callbackFor(mark.correlation_id), winner: null }),
          ...ids(mark),
        }),
      "contract_violation",
    ],
  ];

  it.each(records)("is kept as a dead letter and holds up nobody: %s", async (_name, textOf, reason) => {
    const batchId = await openBatch({ essays: 2 });
    const [only] = await readComparisons(batchId);
    const good = JSON.stringify(envelopeFor(callbackFor(only.correlation_id)));
    const [bad, queued] = await outcomesOf(`${textOf(marked())}\n${good}`, NDJSON);
    expect(bad).toMatchObject({ outcome: "dead_lettered", reason });
    expect(bad.detail).not.toBe("");
    expect(queued.outcome).toBe("queued");
    await eventually(async () => ((await readBatch(batchId)).completed_comparisons === 1 ? true : undefined));
  });

  it("is found among the dead letters by its correlation id, where it has one that can be read", async () => {
    const mark = marked();
    const event = { ...envelopeFor({ x: 1 }, "huleedu.essay.spellchecked.v1"), ...mark };
    await outcomesOf(JSON.stringify(event), JSON_TYPE);
    expect(await deadLettersOf(mark.correlation_id)).toMatchObject([
      { reason: "unknown_event_type", source: "/v1/events" },
    ]);
  });

  it("is taken alone too, in every form: no connector is stopped by it", async () => {
    expect(await outcomesOf("null", JSON_TYPE)).toMatchObject([{ outcome: "dead_lettered" }]);
    expect(await outcomesOf("[null]", JSON_TYPE)).toMatchObject([{ outcome: "dead_lettered" }]);
    expect(await outcomesOf("not json\n", NDJSON)).toMatchObject([{ reason: "unparseable" }]);
  });
});

describe("a record's key", () => {
  it("is not asked for: what a connector adds to an envelope is ignored, whatever its type", async () => {
    const event = { ...inlineRequest(), key: { not: "a string" }, partition: 2, offset: 17 };
    expect(await outcomesOf(JSON.stringify(event), JSON_TYPE)).toMatchObject([{ outcome: "opened" }]);
  });
});

describe("a value that is not JSON inside a JSON array", () => {
  it("is a dead letter, and its neighbours are taken: the connector hears of no error", async () => {
    const [before, after] = [inlineRequest(), inlineRequest()];
    const body = `[${JSON.stringify(before)},{"broken": ,${JSON.stringify(after)}]`;
    expect(await outcomesOf(body, JSON_TYPE)).toMatchObject([
      { outcome: "opened", event_id: before.event_id },
      { outcome: "dead_lettered", reason: "unparseable" },
      { outcome: "opened", event_id: after.event_id },
    ]);
  });

  it("is a dead letter also when there is nothing else", async () => {
    expect(await outcomesOf("[<xml/>]", JSON_TYPE)).toMatchObject([{ reason: "unparseable" }]);
  });
});

describe("a record of 10 MB", () => {
  const huge = () => {
    const event = inlineRequest();
    return JSON.stringify({ ...event, data: { ...event.data, padding: "x".repeat(10_000_000) } });
  };

  it.each([
    ["among lines", NDJSON, (records: readonly string[]) => records.join("\n")],
    ["in an array", JSON_TYPE, (records: readonly string[]) => `[${records.join(",")}]`],
  ])(
    "is a dead letter that keeps its size and hash, and its neighbours are taken: %s",
    async (_name, type, bodyOf) => {
      const good = inlineRequest();
      const [tooLarge, opened] = await outcomesOf(bodyOf([huge(), JSON.stringify(good)]), type);
      expect(tooLarge).toMatchObject({
        outcome: "dead_lettered",
        reason: "too_large",
        detail: expect.stringContaining("8388608"),
      });
      expect(opened).toMatchObject({ outcome: "opened", event_id: good.event_id });
      const letters = await call("/v1/dead-letters?limit=100");
      expect(await letters.json()).toMatchObject({
        dead_letters: expect.arrayContaining([
          expect.objectContaining({ reason: "too_large", payload_bytes: expect.any(Number) }),
        ]),
      });
    },
  );
});

describe("a request of more than 16 MiB", () => {
  it("is refused with the limit, and opens nothing", async () => {
    const event = inlineRequest();
    const line = JSON.stringify({ ...event, data: { ...event.data, padding: "x".repeat(6_000_000) } });
    const response = await post([line, line, line].join("\n"), NDJSON);
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({
      code: "too_large",
      detail: expect.stringContaining("16777216"),
    });
    expect(await outcomesOf(JSON.stringify(event), JSON_TYPE)).toMatchObject([{ outcome: "opened" }]);
  });
});

describe("a record that is not UTF-8", () => {
  it("is a dead letter, and its neighbours are taken with every letter as it was", async () => {
    const essays = [
      { essay_id: "a", text_content: "Ein schöner Tag \u{1F30A}" },
      { essay_id: "b", text_content: "Nein." },
    ];
    const good = new TextEncoder().encode(JSON.stringify(requestEvent(essays)));
    const latin1 = Uint8Array.from(JSON.stringify(requestEvent(essays)), (letter) => letter.charCodeAt(0));
    const newline = Uint8Array.of(0x0a);
    const body = new Blob([latin1, newline, good]);
    const response = await call("/v1/events", { method: "POST", body, headers: NDJSON });
    expect(response.status).toBe(202);
    expect(outcomeList.parse(await response.json()).outcomes).toMatchObject([
      { outcome: "dead_lettered", reason: "unparseable", detail: expect.stringContaining("UTF-8") },
      { outcome: "opened" },
    ]);
  });
});

describe("a callback that does not fit into a queue's message", () => {
  it("is a dead letter, and its comparison stays open", async () => {
    const batchId = await openBatch({ essays: 2 });
    const [only] = await readComparisons(batchId);
    const callback = {
      ...callbackFor(only.correlation_id),
      request_metadata: { padding: "x".repeat(130_000) },
    };
    const [outcome] = await outcomesOf(JSON.stringify(envelopeFor(callback)), JSON_TYPE);
    expect(outcome).toMatchObject({ outcome: "dead_lettered", reason: "too_large" });
    expect((await readBatch(batchId)).completed_comparisons).toBe(0);
  });
});

describe("content types", () => {
  it.each([
    "application/json",
    "application/json; charset=utf-8",
    "application/vnd.kafka.json.v2+json",
    "application/x-ndjson",
    "text/plain",
  ])("of connectors are taken: %s", async (type) => {
    const outcomes = await outcomesOf(JSON.stringify(inlineRequest()), { "content-type": type });
    expect(outcomes).toMatchObject([{ outcome: "opened" }]);
  });

  it.each(["application/vnd.kafka.avro.v2+json", "application/octet-stream", "application/xml"])(
    "of another kind are refused with those that are taken: %s",
    async (type) => {
      const response = await post(JSON.stringify(inlineRequest()), { "content-type": type });
      expect(response.status).toBe(415);
      expect(await response.json()).toMatchObject({
        code: "unsupported_media_type",
        detail: expect.stringContaining("application/json"),
      });
    },
  );
});

describe("a connector that sends the same records twice", () => {
  it("opens one batch and counts each callback once, also when a record stands twice in one request", async () => {
    const event = inlineRequest();
    const first = await outcomesOf(JSON.stringify([event, event]), JSON_TYPE);
    const again = await outcomesOf(JSON.stringify([{ ...event, event_id: crypto.randomUUID() }]), JSON_TYPE);
    expect([...first, ...again].map(({ outcome }) => outcome)).toEqual(["opened", "exists", "exists"]);
    const [batchId, ...others] = new Set([...first, ...again].map(({ batch_id }) => batch_id ?? ""));
    expect(others).toEqual([]);

    const asked = await readComparisons(batchId);
    const callbacks = asked.map(({ correlation_id }) => envelopeFor(callbackFor(correlation_id)));
    const lines = [...callbacks, ...callbacks.toReversed()].map((callback) => JSON.stringify(callback));
    await outcomesOf(lines.join("\n"), NDJSON);
    await outcomesOf(lines.join("\n"), NDJSON);
    await eventually(async () => ((await readBatch(batchId)).state === "COMPLETED" ? true : undefined));
    expect(await readBatch(batchId)).toMatchObject({ completed_comparisons: 3, failed_comparisons: 0 });
  });
});

describe("wrong credentials", () => {
  const hash = "0".repeat(64);
  const production = {
    ...env,
    ENVIRONMENT: "production",
    COMPARISON_ID_KEY: "a-secret-of-enough-length",
    API_KEYS: JSON.stringify([{ name: "connector", sha256: hash, scopes: ["events"] }]),
  };
  const app = createApp();

  it.each<[string, Record<string, string>]>([
    ["no header", {}],
    ["a key that is not known", { authorization: "Bearer wrong" }],
    ["another scheme", { authorization: `Basic ${btoa("connector:wrong")}` }],
  ])("are refused before the body is looked at: %s", async (_name, credentials) => {
    const event = inlineRequest();
    const headers = { ...JSON_TYPE, ...credentials };
    const init = { method: "POST", body: JSON.stringify(event), headers };
    const response = await app.request("/v1/events", init, production);
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toMatch(/^Bearer/);
    expect(await deadLettersOf(event.correlation_id)).toEqual([]);
    // Nothing stands under this request's identity: it opens a batch when it comes with a right key.
    expect(await outcomesOf(JSON.stringify(event), JSON_TYPE)).toMatchObject([{ outcome: "opened" }]);
  });
});
