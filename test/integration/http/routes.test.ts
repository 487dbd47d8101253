import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { batchSchema } from "../../../src/contracts/api/batch.ts";
import { createApp } from "../../../src/http/app.ts";
import {
  call,
  callbackFor,
  deadLettersOf,
  envelopeFor,
  essaysOf,
  eventually,
  judge,
  openBatch,
  postCallback,
  postJson,
  readBatch,
  readComparisons,
  untilState,
} from "../harness.ts";

const UTC = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{6})?Z$/;

async function judgeAll(batchId: string): Promise<void> {
  await judge(await readComparisons(batchId));
  await untilState(batchId, "COMPLETED");
}

describe("POST /v1/batches", () => {
  it("answers 202 with the id, the state at opening, and where to go", async () => {
    const response = await postJson("/v1/batches", { essays: essaysOf(3), judge: "external" });
    expect(response.status).toBe(202);
    const body = z
      .object({ batch_id: z.string(), state: z.string(), links: z.record(z.string(), z.string()) })
      .parse(await response.json());
    expect(body.batch_id).toMatch(/^[0-9a-z]{13}$/);
    expect(body.state).toBe("GENERATING_PAIRS");
    expect(response.headers.get("location")).toBe(`/v1/batches/${body.batch_id}`);
    for (const name of ["self", "comparisons", "history", "events"])
      expect((await call(body.links[name])).status).toBe(200);
  });

  it("finds the batch when the same request comes again under its key", async () => {
    const key = { "idempotency-key": crypto.randomUUID() };
    const request = { essays: essaysOf(3), judge: "external", prompt: "Write." };
    const first = await postJson("/v1/batches", request, key);
    const { batch_id } = z.looseObject({ batch_id: z.string() }).parse(await first.json());
    await judgeAll(batch_id);
    const again = await postJson("/v1/batches", { ...request, correlation_id: crypto.randomUUID() }, key);
    expect(again.status).toBe(202);
    expect(await again.json()).toMatchObject({ batch_id, state: "COMPLETED" });
    expect(again.headers.get("x-correlation-id")).toBe(first.headers.get("x-correlation-id"));
  });

  it("refuses another request under the same key", async () => {
    const key = { "idempotency-key": crypto.randomUUID() };
    const batchId = await openBatch({ headers: key });
    const before = await readBatch(batchId);
    const other = await postJson("/v1/batches", { essays: essaysOf(5), judge: "external" }, key);
    expect(other.status).toBe(422);
    expect(await other.json()).toMatchObject({ code: "idempotency_conflict" });
    expect(await readBatch(batchId)).toEqual(before);
  });

  it("finds the batch even where the deployment has changed since, and would refuse the request now", async () => {
    const headers = { "content-type": "application/json", "idempotency-key": crypto.randomUUID() };
    const body = JSON.stringify({ essays: essaysOf(2), judge: "provider-service" });
    const ask = (variables: object) =>
      createApp().request("/v1/batches", { method: "POST", headers, body }, { ...env, ...variables });
    const withoutJudge = { LLM_PROVIDER_SERVICE_URL: "" };
    expect((await ask(withoutJudge)).status).toBe(422);
    expect((await ask({})).status).toBe(202);
    expect((await ask(withoutJudge)).status).toBe(202);
  });

  it("opens a new batch for every request without a key", async () => {
    expect(await openBatch()).not.toBe(await openBatch());
  });

  it("takes 2,000 essays", async () => {
    const batchId = await openBatch({ essays: 2_000 });
    expect(await readBatch(batchId)).toMatchObject({ total_comparisons: 10_000 });
  });
});

/** The names of all members, at every depth, that are not in snake_case; envelopes are another contract's. */
function foreignNames(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(foreignNames);
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => [
    ...(/^[a-z0-9_]+$/.test(name) ? [] : [name]),
    ...(name === "envelope" ? [] : foreignNames(member)),
  ]);
}

describe("every answer", () => {
  it("names its members in snake_case, at every depth", async () => {
    const batchId = await openBatch({
      essays: [...essaysOf(2), { essay_id: "lost", text_storage_id: "unknown-text" }],
    });
    await eventually(async () => ((await readComparisons(batchId)).length > 0 ? true : undefined));
    await judgeAll(batchId);
    const list = await call("/v1/batches");
    expect(foreignNames(await list.json())).toEqual([]);
    for (const rest of ["", "/results", "/comparisons", "/history", "/events"]) {
      const body: unknown = await (await call(`/v1/batches/${batchId}${rest}`)).json();
      expect(foreignNames(body), rest).toEqual([]);
    }
    expect(await readBatch(batchId)).toMatchObject({
      essays: { total: 3, ready: 2, missing: 1, failed: [{ essay_id: "lost" }] },
    });
  });
});

describe("the correlation id of a batch", () => {
  it("is the body's, before the header's", async () => {
    const correlationId = crypto.randomUUID();
    const headers = { "x-correlation-id": crypto.randomUUID() };
    const batchId = await openBatch({ body: { correlation_id: correlationId }, headers });
    expect((await readBatch(batchId)).correlation_id).toBe(correlationId);
  });

  it("is the header's, and uuid5 of it when it is no UUID", async () => {
    const batchId = await openBatch({ headers: { "x-correlation-id": "abc" } });
    expect((await readBatch(batchId)).correlation_id).toBe("7697a46f-b283-5da3-8e7c-62c11c03dd9e");
  });

  it("is what every answer and every problem about the batch carries", async () => {
    const batchId = await openBatch();
    const { correlation_id } = await readBatch(batchId);
    const headers = { "x-correlation-id": crypto.randomUUID() };
    const read = await call(`/v1/batches/${batchId}`, { headers });
    expect(read.headers.get("x-correlation-id")).toBe(correlation_id);
    const problem = await call(`/v1/batches/${batchId}/results`, { headers });
    expect(await problem.json()).toMatchObject({ code: "results_not_ready", correlation_id });
    expect(problem.headers.get("x-correlation-id")).toBe(correlation_id);
  });
});

describe("GET /v1/batches/{id}", () => {
  it("answers what its description says, with times in UTC", async () => {
    const batchId = await openBatch({ essays: 3, body: { bos_batch_id: "bos-1" } });
    const response = await call(`/v1/batches/${batchId}`);
    const batch = batchSchema.strict().parse(await response.json());
    expect(batch).toMatchObject({
      batch_id: batchId,
      bos_batch_id: "bos-1",
      judge: "external",
      essays: { total: 3, ready: 3, missing: 0, pending: 0 },
      total_comparisons: 3,
      completed_comparisons: 0,
      progress_pct: 0,
      failure: null,
      completed_at: null,
      config: { completion_threshold_pct: 95, max_comparisons: 120, pairing: "auto" },
      links: { self: `/v1/batches/${batchId}` },
    });
    expect(batch.created_at).toMatch(UTC);
    expect(batch.updated_at).toMatch(UTC);
  });
});

describe("GET /v1/batches/{id}/results", () => {
  it("asks to come back while there is no ranking", async () => {
    const batchId = await openBatch();
    const response = await call(`/v1/batches/${batchId}/results`);
    expect(response.status).toBe(409);
    expect(response.headers.get("retry-after")).toBe("5");
    expect(await response.json()).toMatchObject({ code: "results_not_ready" });
  });

  it("tells why there will be none", async () => {
    const batchId = await openBatch();
    await call(`/v1/batches/${batchId}/cancel`, { method: "POST" });
    const response = await call(`/v1/batches/${batchId}/results`);
    expect(response.status).toBe(409);
    const problem = z.object({ code: z.string(), detail: z.string() }).parse(await response.json());
    expect(problem.code).toBe("no_results");
    expect(problem.detail).toContain("reason cancelled");
  });

  it("shows a provisional ranking as such", async () => {
    const batchId = await openBatch({ essays: 5, config: { completion_threshold_pct: 80 } });
    await judge((await readComparisons(batchId)).slice(0, 8));
    const response = await call(`/v1/batches/${batchId}/results?format=csv`);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-disposition")).toBe(
      `attachment; filename="${batchId}-provisional.csv"`,
    );
    const json = await call(`/v1/batches/${batchId}/results`);
    expect(await json.json()).toMatchObject({ state: "SCORING", provisional: true });
  });

  it("is the same from the object and from the database", async () => {
    const batchId = await openBatch({ essays: 4 });
    await judge(await readComparisons(batchId));
    const early: unknown = await (await call(`/v1/batches/${batchId}/results`)).json();
    expect(early).toMatchObject({ batch_id: batchId, state: "COMPLETED", provisional: false });
    await eventually(async () => {
      const list = await (await call("/v1/batches?state=COMPLETED&limit=100")).text();
      return list.includes(batchId) ? list : undefined;
    });
    expect(await (await call(`/v1/batches/${batchId}/results`)).json()).toEqual(early);
  });

  it("comes as CSV or JSON, as the reader asks", async () => {
    const batchId = await openBatch({ essays: 3 });
    await judgeAll(batchId);
    const typeFor = async (query: string, headers: Record<string, string> = {}) => {
      const response = await call(`/v1/batches/${batchId}/results${query}`, { headers });
      expect(response.headers.get("vary")).toBe("Accept");
      return response.headers.get("content-type");
    };
    const csv = "text/csv; charset=utf-8; header=present";
    expect(await typeFor("")).toBe("application/json");
    expect(await typeFor("", { accept: "*/*" })).toBe("application/json");
    expect(await typeFor("", { accept: "text/csv" })).toBe(csv);
    expect(await typeFor("", { accept: "text/csv;q=0.4, application/json;q=0.9" })).toBe("application/json");
    expect(await typeFor("?format=csv")).toBe(csv);
    expect(await typeFor("?format=json", { accept: "text/csv" })).toBe("application/json");
  });

  it("holds the same ranking in both forms", async () => {
    const batchId = await openBatch({ essays: 3 });
    await judgeAll(batchId);
    const { rankings } = z
      .object({ rankings: z.array(z.looseObject({ essay_id: z.string(), score: z.number() })) })
      .parse(await (await call(`/v1/batches/${batchId}/results`)).json());
    expect(rankings.map(({ essay_id }) => essay_id)).toEqual(["essay-1", "essay-2", "essay-3"]);
    const [header, ...lines] = (await (await call(`/v1/batches/${batchId}/results?format=csv`)).text())
      .trim()
      .split("\r\n");
    expect(header).toBe(
      "rank,essay_id,score,standard_error,comparisons,wins,is_anchor,rank_low,rank_high,tied_with_next,top_probability,infit,outfit,infit_p,outfit_p," +
        "anchor_id,known_grade,grade,wrong_probability,within_one_probability,has_anchor,warning,reviewed_by,reviewed_grade",
    );
    expect(lines.map((line) => line.split(",").slice(0, 3))).toEqual(
      rankings.map(({ essay_id, score }, index) => [String(index + 1), essay_id, String(score)]),
    );
  });
});

describe("when a part of the service cannot be reached", () => {
  const broken = () => {
    throw new Error("D1_ERROR: network connection lost");
  };

  it("results come from the batch itself, without the database", async () => {
    const batchId = await openBatch({ essays: 2 });
    await judgeAll(batchId);
    const withoutDatabase = { ...env, DB: { batch: broken, prepare: broken } };
    const response = await createApp().request(`/v1/batches/${batchId}/results`, {}, withoutDatabase);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ state: "COMPLETED", provisional: false });
  });

  it("a callback waits in the queue, and counts when the batch can be reached again", async () => {
    const batchId = await openBatch({ essays: 2 });
    const [{ correlation_id }] = await readComparisons(batchId);
    const withoutObjects = { ...env, ASSESSMENT_BATCH: { getByName: broken } };
    const response = await createApp().request(
      "/v1/callbacks",
      {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(callbackFor(correlation_id)),
      },
      withoutObjects,
    );
    expect(response.status).toBe(202);
    expect(await response.json()).toEqual({ outcome: "queued" });
    await untilState(batchId, "COMPLETED");
  });

  it("events are all to be sent again", async () => {
    const withoutQueue = { ...env, INBOUND_QUEUE: { sendBatch: broken } };
    const response = await createApp().request(
      "/v1/events",
      {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify([envelopeFor(callbackFor(crypto.randomUUID()))]),
      },
      withoutQueue,
    );
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("5");
    expect(await response.json()).toMatchObject({ code: "unavailable" });
  });
});

describe("GET /v1/batches/{id}/comparisons", () => {
  it("comes in pages by number", async () => {
    const batchId = await openBatch({ essays: 5 });
    const page = async (query: string) =>
      z
        .looseObject({
          comparisons: z.array(z.looseObject({ number: z.number() })),
          next_from: z.number().nullable(),
        })
        .parse(await (await call(`/v1/batches/${batchId}/comparisons${query}`)).json());
    const first = await page("?limit=4");
    expect(first.comparisons.map(({ number }) => number)).toEqual([0, 1, 2, 3]);
    expect(first.next_from).toBe(4);
    const rest = await page("?from=4&limit=6");
    expect(rest.comparisons.map(({ number }) => number)).toEqual([4, 5, 6, 7, 8, 9]);
    expect(rest.next_from).toBeNull();
    expect((await page("?from=10")).comparisons).toEqual([]);
  });

  it("tells who judged what, and the id that answers the current attempt", async () => {
    const batchId = await openBatch({ essays: 3, config: { max_retry_attempts: 1 } });
    const [first, second] = await readComparisons(batchId);
    await postCallback(callbackFor(first.correlation_id, { winner: "Essay B", justification: "Clearer." }));
    await postCallback(callbackFor(second.correlation_id, { errorCode: "TIMEOUT" }));
    const [judged, retried] = await readComparisons(batchId);
    expect(judged).toMatchObject({
      status: "judged",
      winner: "essay_b",
      confidence: 4.2,
      justification: "Clearer.",
      judge: "external",
      provider: "openai",
      model: "gpt-5.1",
      error: null,
      correlation_id: first.correlation_id,
    });
    expect(retried).toMatchObject({ attempt: 1, winner: null });
    expect(retried.correlation_id).not.toBe(second.correlation_id);
    expect(await postCallback(callbackFor(retried.correlation_id))).toBe("applied");
  });
});

describe("GET /v1/batches/{id}/history and /events", () => {
  it("tell the way of a batch and what it published", async () => {
    const batchId = await openBatch({ essays: 3 });
    await judgeAll(batchId);
    const { history } = z
      .object({ history: z.array(z.looseObject({ to: z.string(), at: z.string() })) })
      .parse(await (await call(`/v1/batches/${batchId}/history`)).json());
    expect(history.map(({ to }) => to)).toEqual([
      "INITIALIZING",
      "GENERATING_PAIRS",
      "WAITING_CALLBACKS",
      "SCORING",
      "COMPLETED",
    ]);
    for (const { at } of history) expect(at).toMatch(UTC);

    const events = await eventually(async () => {
      const body = z
        .object({
          events: z.array(
            z.looseObject({ topic: z.string(), status: z.string(), envelope: z.looseObject({}) }),
          ),
        })
        .parse(await (await call(`/v1/batches/${batchId}/events`)).json());
      return body.events.every(({ status }) => status === "published") ? body.events : undefined;
    });
    expect(events.map(({ topic }) => topic)).toContain("huleedu.cj_assessment.completed.v1");
    const { correlation_id } = await readBatch(batchId);
    for (const { envelope } of events) expect(envelope).toMatchObject({ correlation_id });
  });
});

describe("POST /v1/batches/{id}/cancel", () => {
  it("stops an open batch, and once more changes nothing", async () => {
    const batchId = await openBatch();
    const cancel = () => call(`/v1/batches/${batchId}/cancel`, { method: "POST" });
    const first = await cancel();
    expect(first.status).toBe(200);
    expect(await first.json()).toMatchObject({ state: "CANCELLED", failure: { reason: "cancelled" } });
    expect((await cancel()).status).toBe(200);
  });

  it("refuses a batch that has ended", async () => {
    const batchId = await openBatch({ essays: 2 });
    await judgeAll(batchId);
    const response = await call(`/v1/batches/${batchId}/cancel`, { method: "POST" });
    expect(response.status).toBe(409);
    expect(await response.json()).toMatchObject({ code: "batch_already_ended" });
  });
});

describe("DELETE /v1/batches/{id}", () => {
  it("erases, once and for good", async () => {
    const key = { "idempotency-key": crypto.randomUUID() };
    const batchId = await openBatch({ headers: key });
    const [{ correlation_id }] = await readComparisons(batchId);
    const erase = () => call(`/v1/batches/${batchId}`, { method: "DELETE" });
    const erased = await erase();
    expect(erased.status).toBe(204);
    expect(await erased.text()).toBe("");
    expect((await erase()).status).toBe(204);

    for (const rest of ["", "/comparisons", "/history", "/events"]) {
      const response = await call(`/v1/batches/${batchId}${rest}`);
      expect(response.status).toBe(410);
      expect(await response.json()).toMatchObject({ code: "batch_gone" });
    }
    const again = await postJson("/v1/batches", { essays: essaysOf(4), judge: "external" }, key);
    expect(await again.json()).toMatchObject({ code: "batch_gone" });
    expect(await postCallback(callbackFor(correlation_id))).toBe("orphaned");
  });
});

describe("dead letters", () => {
  it("are listed newest first, read with their payload, and replayed once", async () => {
    const correlationId = crypto.randomUUID();
    await postCallback(callbackFor(correlationId));
    const [letter] = await deadLettersOf(correlationId);
    expect(letter).not.toHaveProperty("payload");
    const read = await call(`/v1/dead-letters/${letter.id}`);
    expect(read.headers.get("x-correlation-id")).toBe(correlationId);
    const { payload } = z.looseObject({ payload: z.string() }).parse(await read.json());
    expect(JSON.parse(payload)).toMatchObject({ correlation_id: correlationId });

    const replay = () => call(`/v1/dead-letters/${letter.id}/replay`, { method: "POST" });
    expect(await (await replay()).json()).toMatchObject({ id: letter.id, outcome: "queued" });
    const second = await replay();
    expect(second.status).toBe(409);
    expect(await second.json()).toMatchObject({ code: "dead_letter_already_replayed" });
  });

  it("come in pages", async () => {
    for (let k = 0; k < 3; k++) await postCallback(callbackFor(crypto.randomUUID()));
    const pageSchema = z.object({
      dead_letters: z.array(z.looseObject({ id: z.string() })),
      next_cursor: z.string(),
    });
    const first = pageSchema.parse(await (await call("/v1/dead-letters?limit=2")).json());
    const next = await call(`/v1/dead-letters?limit=2&cursor=${first.next_cursor}`);
    const ids = z
      .object({ dead_letters: z.array(z.looseObject({ id: z.string() })) })
      .parse(await next.json())
      .dead_letters.map(({ id }) => id);
    expect(first.dead_letters).toHaveLength(2);
    for (const { id } of first.dead_letters) expect(ids).not.toContain(id);
  });
});

describe("operation", () => {
  it("is healthy and ready with its database", async () => {
    expect(await (await call("/healthz")).json()).toMatchObject({
      service: "cj-edge",
      status: "healthy",
      checks: { service_responsive: true, dependencies_available: true },
      dependencies: { database: { status: "healthy" } },
    });
    for (const path of ["/healthz/ready", "/ready"]) {
      const response = await call(path);
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject({
        status: "ready",
        checks: { settings: true, database: true },
      });
    }
  });

  it("shows metrics that any isolate would show, every known label from the start", async () => {
    const batchId = await openBatch({ essays: 2 });
    await judgeAll(batchId);
    const text = await eventually(async () => {
      const response = await call("/metrics");
      expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
      const metrics = await response.text();
      return /^cj_batch_state\{state="COMPLETED"\} [1-9]/m.test(metrics) ? metrics : undefined;
    });
    expect(text).toMatch(/^cj_comparisons_total\{status="completed"\} [1-9]/m);
    expect(text).toMatch(/^cj_stuck_batches_recovered_total 0$/m);
    expect(text).toMatch(/^cj_dead_letters\{reason="consumer_died"\} 0$/m);
    for (const line of text.trim().split("\n")) {
      expect(line).toMatch(/^(# (HELP|TYPE) \w+ .+|\w+(\{\w+="[^"]*"(,\w+="[^"]*")*\})? \d+(\.\d+)?)$/);
    }
  });

  it("describes itself", async () => {
    const description = await call("/openapi.json");
    expect(await description.json()).toMatchObject({ openapi: "3.1.0", info: { title: "cj-edge" } });
    expect((await call("/docs")).headers.get("content-type")).toMatch(/^text\/html/);
  });
});
