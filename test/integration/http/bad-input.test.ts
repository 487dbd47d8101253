import { listDurableObjectIds } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { deriveBatchId } from "../../../src/batch/batch-id.ts";
import { problemSchema } from "../../../src/contracts/api/problem.ts";
import {
  call,
  callbackFor,
  deadLettersOf,
  envelopeFor,
  essaysOf,
  eventually,
  evict,
  objectOf,
  openBatch,
  postCallback,
  postJson,
  readBatch,
  readComparisons,
  runInDurableObject,
  untilState,
} from "../harness.ts";

const UNKNOWN_BATCH = "0123456789abc";

async function expectProblem(response: Response, status: number, code: string): Promise<void> {
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  const problem = problemSchema.parse(await response.json());
  expect(problem).toMatchObject({ status, code, type: `/docs/errors/${code}` });
  expect(response.status).toBe(status);
  expect(problem.correlation_id).toBe(response.headers.get("x-correlation-id"));
}

async function postText(path: string, body: string, headers: Record<string, string> = {}): Promise<Response> {
  return call(path, { method: "POST", body, headers: { "content-type": "application/json", ...headers } });
}

async function objectNames(): Promise<string[]> {
  const ids = await listDurableObjectIds(env.ASSESSMENT_BATCH);
  return ids.map((id) => id.toString()).toSorted();
}

/** What the object holds that a request under this key would have opened. */
async function storedUnder(idempotencyKey: string): Promise<object> {
  const batchId = await deriveBatchId({ source: "http", caller: "developer", idempotencyKey });
  return runInDurableObject(objectOf(batchId), async (_object, { storage }) => ({
    tables: storage.sql
      .exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf\\_%' ESCAPE '\\'")
      .toArray(),
    alarm: await storage.getAlarm(),
  }));
}

let quietBatch: Promise<string> | undefined;

/** The batch that all of these leave as it is. In it nothing moves by itself any more: every comparison waits for a callback. */
function openQuietBatch(): Promise<string> {
  quietBatch ??= openBatchAndWait();
  return quietBatch;
}

async function openBatchAndWait(): Promise<string> {
  const batchId = await openBatch();
  return eventually(async () => {
    const comparisons = await readComparisons(batchId);
    return comparisons.every(({ status }) => status === "dispatched") ? batchId : undefined;
  });
}

describe("a request to open a batch that cannot be used", () => {
  const [first, second] = essaysOf(2);
  const refused: [string, unknown, number, string][] = [
    ["malformed JSON", '{"essays": [', 400, "malformed_body"],
    ["no body", "", 400, "malformed_body"],
    ["no object", [], 422, "validation_failed"],
    ["no essays", {}, 422, "validation_failed"],
    ["one essay", { essays: essaysOf(1) }, 422, "validation_failed"],
    ["2,001 essays", { essays: essaysOf(2_001) }, 422, "validation_failed"],
    ["an essay id twice", { essays: [first, second, first] }, 422, "validation_failed"],
    [
      "an essay id that is no key of an object",
      { essays: [first, second, { essay_id: "__proto__", text: "A text." }] },
      422,
      "validation_failed",
    ],
    ["an essay without text", { essays: [first, second, { essay_id: "c" }] }, 422, "validation_failed"],
    ["a blank essay", { essays: [first, second, { essay_id: "c", text: " \n" }] }, 422, "validation_failed"],
    [
      "an essay over 100,000 bytes",
      { essays: [first, { ...second, text: "x".repeat(100_001) }] },
      422,
      "validation_failed",
    ],
    [
      "text and reference at once",
      { essays: [first, { ...second, text_storage_id: "s" }] },
      422,
      "validation_failed",
    ],
    ["a wrong type", { essays: [first, second], language: 5 }, 422, "validation_failed"],
    [
      "an unknown pairing",
      { essays: [first, second], config: { pairing: "best" } },
      422,
      "validation_failed",
    ],
    [
      "a threshold above 100 %",
      { essays: [first, second], config: { completion_threshold_pct: 101 } },
      422,
      "validation_failed",
    ],
    [
      "too small a budget",
      { essays: essaysOf(10), config: { max_comparisons: 8 } },
      422,
      "comparisons_not_plannable",
    ],
    [
      "shares that do not make 1",
      {
        essays: [first, second],
        judges: [
          { judge: "offline", share: 0.5 },
          { judge: "external", share: 0.4 },
        ],
      },
      422,
      "validation_failed",
    ],
    [
      "several judges without shares",
      { essays: [first, second], judges: [{ judge: "offline" }, { judge: "external" }] },
      422,
      "validation_failed",
    ],
    [
      "the same judge twice",
      {
        essays: [first, second],
        judges: [
          { judge: "offline", share: 0.5 },
          { judge: "offline", share: 0.5 },
        ],
      },
      422,
      "validation_failed",
    ],
    [
      "more judges than a batch may have",
      {
        essays: [first, second],
        judges: Array.from({ length: 9 }, (_, k) => ({ judge: `j${k}`, share: 1 / 9 })),
      },
      422,
      "validation_failed",
    ],
    [
      "judges named in two ways",
      { essays: [first, second], judge: "offline", judges: [{ judge: "external" }] },
      422,
      "validation_failed",
    ],
    [
      "an unknown one among several judges",
      {
        essays: [first, second],
        judges: [
          { judge: "offline", share: 0.5 },
          { judge: "oracle", share: 0.5 },
        ],
      },
      422,
      "judge_unavailable",
    ],
    [
      "a model for a judge that has none",
      { essays: [first, second], judges: [{ judge: "offline", model: "m-1" }] },
      422,
      "judge_unavailable",
    ],
    [
      "too small a budget for all pairs",
      { essays: essaysOf(10), config: { max_comparisons: 44, pairing: "all_pairs" } },
      422,
      "comparisons_not_plannable",
    ],
    [
      "repeats of pairs that are to be asked once",
      { essays: essaysOf(4), config: { pairing: "all_pairs", swap_share: 0.1 } },
      422,
      "comparisons_not_plannable",
    ],
    [
      "more comparisons per essay than will be asked",
      { essays: essaysOf(4), config: { min_comparisons_per_essay: 4 } },
      422,
      "comparisons_not_plannable",
    ],
    [
      "a target for reliability above 1",
      { essays: [first, second], config: { target_reliability: 80 } },
      422,
      "validation_failed",
    ],
    ["an unknown judge", { essays: [first, second], judge: "oracle" }, 422, "judge_unavailable"],
    [
      "more than 8 MiB",
      { essays: essaysOf(90).map((essay) => ({ ...essay, text: "x".repeat(99_000) })) },
      413,
      "too_large",
    ],
  ];

  it.each(refused)("is refused for %s, and changes nothing", async (name, body, status, code) => {
    const key = { "idempotency-key": `refused for ${name}` };
    const text = typeof body === "string" ? body : JSON.stringify(body);
    await expectProblem(await postText("/v1/batches", text, key), status, code);
    expect(await storedUnder(key["idempotency-key"])).toEqual({ tables: [], alarm: null });
    const corrected = await postJson("/v1/batches", { essays: essaysOf(2), judge: "external" }, key);
    expect(corrected.status).toBe(202);
  });

  it.each<[string, object, RegExp]>([
    ["an unknown strategy", { pairing: "best" }, /auto.*all_pairs.*balanced_rounds.*adaptive/],
    ["n − 2 comparisons", { max_comparisons: 8 }, /at least 9/],
    ["fewer comparisons than all pairs", { pairing: "all_pairs", max_comparisons: 44 }, /at least 45/],
    [
      "swaps of pairs that are asked once",
      { pairing: "all_pairs", swap_share: 0.1 },
      /choose adaptive or balanced_rounds/,
    ],
    ["a tenth comparison of each of ten essays", { min_comparisons_per_essay: 10 }, /lower it to 9/],
    ["a reliability of 80", { target_reliability: 80 }, /<=1\b/],
    ["more swaps than there are pairs to swap", { swap_share: 0.6 }, /<=0\.5/],
    ["one balanced round, which connects nobody", { balanced_rounds: 1 }, />=2/],
  ])("hears what would be accepted instead of %s", async (_, config, accepted) => {
    const response = await postJson("/v1/batches", { essays: essaysOf(10), config });
    expect(response.status).toBe(422);
    expect(await response.text()).toMatch(accepted);
  });

  it("is refused when its type is not JSON, and changes nothing", async () => {
    const headers = { "content-type": "text/plain", "idempotency-key": "refused for its type" };
    const text = JSON.stringify({ essays: essaysOf(2), judge: "external" });
    await expectProblem(await postText("/v1/batches", text, headers), 415, "unsupported_media_type");
    expect(await storedUnder(headers["idempotency-key"])).toEqual({ tables: [], alarm: null });
  });

  it("is refused for an Idempotency-Key over 255 characters", async () => {
    const key = { "idempotency-key": "k".repeat(256) };
    const response = await postJson("/v1/batches", { essays: essaysOf(2), judge: "external" }, key);
    await expectProblem(response, 422, "validation_failed");
  });
});

describe("a callback that cannot be used", () => {
  const broken: [string, (callback: object) => unknown, number, string][] = [
    ["malformed JSON", () => '{"winner":', 400, "malformed_body"],
    ["no object", (callback) => [callback], 422, "validation_failed"],
    [
      "winner and error at once",
      (callback) => ({
        ...callback,
        error_detail: callbackFor(crypto.randomUUID(), { errorCode: "TIMEOUT" }).error_detail,
      }),
      422,
      "validation_failed",
    ],
    ["neither winner nor error", (callback) => ({ ...callback, winner: null }), 422, "validation_failed"],
    ["an unknown winner", (callback) => ({ ...callback, winner: "Essay C" }), 422, "validation_failed"],
    ["a confidence of 6", (callback) => ({ ...callback, confidence: 6 }), 422, "validation_failed"],
    ["no correlation id", (callback) => ({ ...callback, correlation_id: null }), 422, "validation_failed"],
    [
      "a correlation id that is no UUID",
      (callback) => ({ ...callback, correlation_id: "1234" }),
      422,
      "validation_failed",
    ],
    [
      "an envelope of another event",
      (callback) => envelopeFor(callback, "huleedu.els.cj_assessment.requested.v1"),
      422,
      "validation_failed",
    ],
    [
      "an envelope of a newer version",
      (callback) => ({ ...envelopeFor(callback), schema_version: 2 }),
      422,
      "validation_failed",
    ],
    [
      "more than 64 KiB",
      (callback) => ({ ...callback, justification: "x".repeat(70_000) }),
      413,
      "too_large",
    ],
  ];

  it.each(broken)("is refused for %s, and changes nothing", async (_name, breakIt, status, code) => {
    const batchId = await openQuietBatch();
    const before = await Promise.all([readBatch(batchId), readComparisons(batchId)]);
    const id = before[1][0].correlation_id;
    const body = breakIt(callbackFor(id));
    const text = typeof body === "string" ? body : JSON.stringify(body);
    await expectProblem(await postText("/v1/callbacks", text), status, code);
    expect(await Promise.all([readBatch(batchId), readComparisons(batchId)])).toEqual(before);
    expect(await deadLettersOf(id)).toEqual([]);
  });

  it("is refused when its type is not JSON", async () => {
    const text = JSON.stringify(callbackFor(crypto.randomUUID()));
    const response = await postText("/v1/callbacks", text, { "content-type": "text/plain" });
    await expectProblem(response, 415, "unsupported_media_type");
  });

  const foreign: [string, (id: string) => string][] = [
    ["an unknown id", () => crypto.randomUUID()],
    ["an id with one digit altered", (id) => `${id.slice(0, -1)}${id.endsWith("0") ? "1" : "0"}`],
    ["an id of another batch's number space", (id) => `${id.startsWith("0") ? "1" : "0"}${id.slice(1)}`],
  ];

  it.each(foreign)(
    "is an orphan with %s: acknowledged, kept with its reason, and without effect",
    async (_name, alter) => {
      const batchId = await openQuietBatch();
      const before = await Promise.all([readBatch(batchId), readComparisons(batchId)]);
      const objects = await objectNames();
      const id = alter(before[1][0].correlation_id);
      const response = await postJson(
        "/v1/callbacks",
        callbackFor(id, { justification: "about somebody's essay" }),
      );
      expect(response.status).toBe(200);
      expect(await response.json()).toEqual({ outcome: "orphaned" });
      expect(await Promise.all([readBatch(batchId), readComparisons(batchId)])).toEqual(before);
      expect(await objectNames()).toEqual(objects);

      const [letter] = await deadLettersOf(id);
      expect(letter).toMatchObject({ reason: "orphaned", source: "/v1/callbacks" });
      const kept = await call(`/v1/dead-letters/${letter.id}`);
      expect(await kept.text()).not.toContain("somebody's essay");
    },
  );
});

describe("a callback with numbers that cannot be true", () => {
  it("counts, and leaves the ranking readable here and in D1", async () => {
    const batchId = await openBatch({ essays: 2 });
    const [only] = await readComparisons(batchId);
    const huge = Number.MAX_SAFE_INTEGER;
    const token_usage = { prompt_tokens: huge, completion_tokens: huge, total_tokens: huge };
    const numbers = { response_time_ms: huge, token_usage, cost_estimate: 1e300 };
    for (const answer of [{ errorCode: "LLM_PROVIDER_TIMEOUT" }, {}])
      expect(await postCallback({ ...callbackFor(only.correlation_id, answer), ...numbers })).toBe("applied");
    await evict(batchId);
    await untilState(batchId, "COMPLETED");
    const results = await eventually(async () => {
      const state = await env.DB.prepare("SELECT state FROM batches WHERE batch_id = ?")
        .bind(batchId)
        .first("state");
      return state === "COMPLETED" ? call(`/v1/batches/${batchId}/results`) : undefined;
    });
    expect(await results.json()).toMatchObject({
      rankings: [{ rank: 1 }, { rank: 2 }],
      model: { judges: [{ prompt_tokens: 2e9, completion_tokens: 2e9 }] },
    });
  });
});

describe("a batch that does not exist", () => {
  const routes: [string, string][] = [
    ["GET", ""],
    ["GET", "/results"],
    ["GET", "/comparisons"],
    ["GET", "/history"],
    ["GET", "/events"],
    ["POST", "/cancel"],
    ["DELETE", ""],
  ];

  it.each(routes)(
    "is a 404 for %s /v1/batches/{id}%s, and does not come into being",
    async (method, rest) => {
      for (const id of [UNKNOWN_BATCH, UNKNOWN_BATCH.toUpperCase(), "7", "x".repeat(300), "%00", "a b"]) {
        const response = await call(`/v1/batches/${encodeURIComponent(id)}${rest}`, { method });
        await expectProblem(response, 404, "batch_not_found");
      }
      const { results } = await env.DB.prepare("SELECT batch_id FROM batches WHERE batch_id = ?")
        .bind(UNKNOWN_BATCH)
        .all();
      expect(results).toEqual([]);
      await expectProblem(await call(`/v1/batches/${UNKNOWN_BATCH}`), 404, "batch_not_found");
    },
  );
});

describe("events that cannot be used", () => {
  it.each<[string, string, Record<string, string>, number, string]>([
    ["an empty body", "", {}, 400, "malformed_body"],
    ["an empty array", "[]", {}, 400, "malformed_body"],
    ["501 records", JSON.stringify(Array.from({ length: 501 }, () => ({}))), {}, 413, "too_many_records"],
    ["another type", "<events/>", { "content-type": "application/xml" }, 415, "unsupported_media_type"],
  ])("are refused as a whole for %s", async (_name, body, headers, status, code) => {
    await expectProblem(await postText("/v1/events", body, headers), status, code);
  });

  it("are quarantined one by one, and do not hold up the good one among them", async () => {
    const batchId = await openBatch();
    const [{ correlation_id }] = await readComparisons(batchId);
    const lines = [
      "no json",
      JSON.stringify(envelopeFor(callbackFor(correlation_id))),
      JSON.stringify({ nothing: "known" }),
    ];
    const response = await postText("/v1/events", lines.join("\n"), {
      "content-type": "application/x-ndjson",
    });
    expect(response.status).toBe(202);
    expect(await response.json()).toMatchObject({
      outcomes: [
        { outcome: "dead_lettered", reason: "unparseable" },
        { outcome: "queued" },
        { outcome: "dead_lettered", reason: "contract_violation" },
      ],
    });
  });
});

describe("a dead letter that does not exist", () => {
  it("is a 404", async () => {
    await expectProblem(await call("/v1/dead-letters/none"), 404, "dead_letter_not_found");
    const replay = await call("/v1/dead-letters/none/replay", { method: "POST" });
    await expectProblem(replay, 404, "dead_letter_not_found");
  });
});
