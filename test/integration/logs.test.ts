/**
 * What people wrote stays out of the log and out of problem documents: essays, prompts, instructions and justifications carry a
 * mark here, go through everything that can happen to them, and are looked for afterwards.
 */
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { createApp } from "../../src/http/app.ts";
import {
  call,
  callbackFor,
  deadLettersOf,
  envelopeFor,
  eventually,
  openBatch,
  postJson,
  readBatch,
  readComparisons,
  requestEvent,
  untilState,
} from "./harness.ts";

/** Stands in everything that a person or a judge wrote. */
const MARK = "xylograph";

const lentSchema = z.looseObject({
  comparison: z.looseObject({ comparison_id: z.string(), essay_a: z.string() }).nullable(),
});

const lines: string[] = [];
const problems: string[] = [];

beforeEach(() => {
  for (const level of ["debug", "log", "info", "warn", "error", "trace"] as const)
    vi.spyOn(console, level).mockImplementation((...parts) => {
      lines.push(parts.map(String).join(" "));
    });
});

afterEach(() => {
  vi.restoreAllMocks();
  const logged = lines.splice(0);
  const answered = problems.splice(0);
  expect(logged.length + answered.length).toBeGreaterThan(0);
  expect(logged.filter((line) => line.includes(MARK))).toEqual([]);
  expect(answered.filter((problem) => problem.includes(MARK))).toEqual([]);
});

/** Keeps what was answered when it is a problem. */
async function noted(answer: Promise<Response>): Promise<Response> {
  const response = await answer;
  if (response.headers.get("content-type") === "application/problem+json")
    problems.push(await response.clone().text());
  return response;
}

function markedEssays(count: number, also = "") {
  return Array.from({ length: count }, (_, k) => ({
    essay_id: `essay-${k + 1}`,
    text: `Essay ${k + 1} about a ${MARK}. ${also}`,
  }));
}

const MARKED_PROMPT = { prompt: `Describe a ${MARK}.`, instructions: `Prefer the better ${MARK}.` };

/** Lets nothing through to D1; what it would have been told is in the error, as a driver may have it. */
function brokenDatabase(): typeof env.DB {
  const refuse = (said: unknown) => {
    throw new Error(`D1_ERROR: no answer to ${JSON.stringify(said)}`);
  };
  return new Proxy(env.DB, {
    get: (_database, name) => (name === "prepare" ? prepare : refuse),
  });
  function prepare(query: string) {
    const statement = {
      bind: () => statement,
      all: () => refuse(query),
      run: () => refuse(query),
      raw: () => refuse(query),
      first: () => refuse(query),
    };
    return statement;
  }
}

describe("what people wrote is in no log line and no problem document when", () => {
  it("the offline judge ranks a batch", async () => {
    const batchId = await openBatch({ essays: markedEssays(4), judge: "offline", body: MARKED_PROMPT });
    await untilState(batchId, "COMPLETED");
    await call(`/v1/batches/${batchId}/results`);
    await call(`/v1/batches/${batchId}/comparisons`);
    await call(`/v1/batches/${batchId}`, { method: "DELETE" });
    await noted(call(`/v1/batches/${batchId}`));
    // What the object says is heard here as well.
    expect(lines.join()).toContain("batch_transition");
  });

  it("the provider service is busy, then judges, twice and too late", async () => {
    const essays = markedEssays(3, "[busy 1]");
    const batchId = await openBatch({ essays, judge: "provider-service", body: MARKED_PROMPT });
    const comparisons = await eventually(async () => {
      const asked = await readComparisons(batchId);
      return asked.every(({ status }) => status === "dispatched") ? asked : undefined;
    });
    expect(lines.join()).toContain("judge_did_not_accept");
    for (const { correlation_id } of comparisons) {
      const verdict = callbackFor(correlation_id, { justification: `It has the better ${MARK}.` });
      await noted(postJson("/v1/callbacks", verdict));
      await noted(postJson("/v1/callbacks", verdict));
    }
    await untilState(batchId, "COMPLETED");
    await noted(
      postJson("/v1/callbacks", callbackFor(comparisons[0].correlation_id, { justification: MARK })),
    );
  });

  it("a judge fails and quotes what it was asked", async () => {
    const batchId = await openBatch({ essays: markedEssays(2), body: MARKED_PROMPT });
    const [{ correlation_id }] = await readComparisons(batchId);
    const failure = callbackFor(correlation_id, { errorCode: "AUTHENTICATION_ERROR" });
    const error_detail = {
      ...failure.error_detail,
      message: `cannot judge: ${MARK}`,
      details: { prompt: MARK },
      stack_trace: MARK,
    };
    await noted(postJson("/v1/callbacks", { ...failure, error_detail, request_metadata: { prompt: MARK } }));
    expect((await readBatch(batchId)).state).toBe("FAILED");
    await noted(call(`/v1/batches/${batchId}/results`));
    await eventually(async () => (lines.some((line) => line.includes("event_delivery")) ? true : undefined));
  });

  it("the provider service refuses every question", async () => {
    const essays = markedEssays(2, "[refuse 422]");
    const batchId = await openBatch({
      essays,
      judge: "provider-service",
      body: MARKED_PROMPT,
      config: { max_retry_attempts: 0 },
    });
    await untilState(batchId, "FAILED");
    await noted(call(`/v1/batches/${batchId}/results`));
  });

  it.each([
    "honest",
    "declines",
    "malformed",
    "third-winner",
    "talkative",
    "cut-off",
    "too-long",
    "web-page",
  ])("a language model is asked and is %s", async (model) => {
    const batchId = await openBatch({
      essays: markedEssays(2),
      judge: "openai-compatible",
      body: { ...MARKED_PROMPT, model, redact_names: [MARK.slice(1)] },
      config: { max_retry_attempts: 0 },
    });
    await untilState(batchId, "COMPLETED", "FAILED");
    await noted(call(`/v1/batches/${batchId}/results`));
  });

  it("people judge, and choose what cannot be chosen", async () => {
    const batchId = await openBatch({ essays: markedEssays(2), judge: "human", body: MARKED_PROMPT });
    const lent = await eventually(async () => {
      const response = await call(`/v1/batches/${batchId}/next-comparison?judge_id=anna`);
      return lentSchema.parse(await response.json()).comparison ?? undefined;
    });
    expect(lent.essay_a).toContain(MARK);
    const path = `/v1/batches/${batchId}/comparisons/${lent.comparison_id}/choice`;
    for (const winner of [`Neither, for their ${MARK}`, { [MARK]: MARK }])
      expect((await noted(postJson(path, { winner, justification: MARK }))).status).toBe(422);
    expect((await postJson(path, { winner: "Essay A", judge_id: "anna", justification: MARK })).status).toBe(
      200,
    );
    await untilState(batchId, "COMPLETED");
  });

  it("an assignment is refused, or kept and used", async () => {
    const text = `This anchor is about a ${MARK}. `.repeat(8);
    const anchors = [
      { anchor_id: "weak", grade: "E", text: `${text} weak` },
      { anchor_id: "fine", grade: "A", text: `${text} fine` },
    ];
    const assignment_id = crypto.randomUUID();
    const assignment = {
      assignment_id,
      title: MARK,
      ...MARKED_PROMPT,
      grade_scale: "swedish_8_anchor",
      anchors,
    };
    for (const wrong of [
      { anchors: [{ ...anchors[0], grade: `${MARK} `.repeat(5) }] },
      { title: [MARK] },
      { grade_scale: `The ${MARK} decides it.` },
      { rubric: { text: MARK } },
    ])
      expect((await noted(postJson("/v1/assignments", { ...assignment, ...wrong }))).status).toBe(422);
    expect((await noted(postJson("/v1/assignments", assignment))).status).toBe(201);
    expect((await noted(postJson("/v1/assignments", { ...assignment, rubric: MARK }))).ok).toBe(false);
    const batchId = await openBatch({ essays: markedEssays(2), judge: "offline", body: { assignment_id } });
    await untilState(batchId, "COMPLETED");
    await call(`/v1/assignments/${assignment_id}`, { method: "DELETE" });
  });

  it("texts come by reference, or do not come", async () => {
    const essays = [`text-${MARK}`, `text-another-${MARK}`, `missing-${MARK}`, `blank-${MARK}`].map(
      (text_storage_id, k) => ({ essay_id: `essay-${k + 1}`, text_storage_id }),
    );
    const batchId = await openBatch({ essays });
    await untilState(batchId, "WAITING_CALLBACKS");
  });

  it("a request to open a batch is refused", async () => {
    const [first, second] = markedEssays(2);
    const bodies: unknown[] = [
      { essays: [first] },
      { essays: [first, { ...second, text: 5 }], prompt: [MARK] },
      { essays: [first, { ...second, text_storage_id: "both" }], ...MARKED_PROMPT },
      { essays: [first, { ...second, text: { [MARK]: MARK } }], instructions: { text: MARK } },
      { essays: [first, { ...second, text: `${MARK} `.repeat(11_000) }] },
      { essays: [first, second], prompt: `${MARK} `.repeat(3_000) },
      { essays: { [MARK]: MARK }, config: MARK },
      { essays: `${MARK} and more`, config: { pairing: MARK, max_comparisons: MARK } },
      { essays: [1, 2].map(() => ({ essay_id: `${MARK} `.repeat(50), text: "An id that is a text." })) },
      { essays: [first, second], judge: "oracle", ...MARKED_PROMPT },
      { essays: markedEssays(10), config: { max_comparisons: 2 } },
      [MARK],
      MARK,
    ];
    for (const body of bodies) expect((await noted(postJson("/v1/batches", body))).ok).toBe(false);
    const texts = [
      `{"essays": [{"text": "${MARK}" ${MARK}}]}`,
      `"${MARK}`,
      MARK,
      `{"${MARK}": `,
      `{${MARK}}`,
    ];
    for (const body of texts) {
      const headers = { "content-type": "application/json" };
      expect((await noted(call("/v1/batches", { method: "POST", headers, body }))).status).toBe(400);
    }
  });

  it("a callback is refused, or belongs to nobody", async () => {
    const verdict = callbackFor(crypto.randomUUID(), { justification: `The ${MARK} decides.` });
    const bodies: unknown[] = [
      { ...verdict, winner: `Essay C, for its ${MARK} and much else` },
      { ...verdict, confidence: `very sure of the ${MARK}` },
      { ...verdict, requested_at: `when the ${MARK} came` },
      { ...verdict, justification: { [MARK]: MARK } },
      { ...verdict, correlation_id: MARK },
      envelopeFor({ ...verdict, winner: 5 }),
    ];
    for (const body of bodies) expect((await noted(postJson("/v1/callbacks", body))).status).toBe(422);
    expect(await (await noted(postJson("/v1/callbacks", verdict))).json()).toEqual({ outcome: "orphaned" });
    await eventually(async () => (await deadLettersOf(verdict.correlation_id)).at(0));
  });

  it("events from Kafka are set aside", async () => {
    const good = requestEvent([{ essay_id: "a", text_content: `A ${MARK}.` }]);
    const records = [
      `{"text_content": "${MARK}" ${MARK}}`,
      MARK,
      JSON.stringify({
        ...good,
        data: { ...good.data, essays_for_cj: [{ essay_id: 5, text_content: MARK }] },
      }),
      JSON.stringify({ ...good, data: { ...good.data, language: [MARK], course_code: { [MARK]: MARK } } }),
      JSON.stringify({ ...good, event_type: "huleedu.unknown.v1", data: { text: MARK } }),
      JSON.stringify({ ...good, metadata: { max_comparisons: MARK } }),
      JSON.stringify({ ...envelopeFor(callbackFor("no uuid", { justification: MARK })), schema_version: 1 }),
      `{"metadata": ${"[".repeat(70)}"${MARK}"${"]".repeat(70)}}`,
    ];
    const headers = { "content-type": "application/x-ndjson" };
    const response = await call("/v1/events", { method: "POST", headers, body: records.join("\n") });
    expect(response.status).toBe(202);
    // The outcomes say why, and are as public as a problem document: a connector logs them.
    problems.push(await response.text());
    const letters = await (await call("/v1/dead-letters?limit=20")).text();
    problems.push(letters);
    const array = `[{"text_content": "${MARK}"}, {"text_content": "${MARK}" ${MARK}}]`;
    problems.push(await (await noted(call("/v1/events", { method: "POST", body: array }))).text());
  });

  it("the database does not answer", async () => {
    const app = createApp();
    const broken = { ...env, DB: brokenDatabase() };
    const send = (path: string, body: unknown) =>
      noted(
        Promise.resolve(
          app.request(
            path,
            { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) },
            broken,
          ),
        ),
      );
    const orphan = callbackFor(crypto.randomUUID(), { errorCode: "TIMEOUT" });
    const error_detail = { ...orphan.error_detail, message: MARK };
    expect((await send("/v1/callbacks", { ...orphan, error_detail })).status).toBe(503);
    expect((await send("/v1/events", [{ text: MARK }])).status).toBe(503);
  });

  it("the objects cannot be reached, and the queue brings a callback again", async () => {
    const batchId = await openBatch({ essays: markedEssays(2) });
    const [{ correlation_id }] = await readComparisons(batchId);
    const unreachable = {
      ...env,
      ASSESSMENT_BATCH: new Proxy(env.ASSESSMENT_BATCH, {
        get: () => () => {
          throw new Error("the object is away");
        },
      }),
    };
    const body = JSON.stringify(callbackFor(correlation_id, { justification: `For its ${MARK}.` }));
    const headers = { "content-type": "application/json" };
    const response = await createApp().request(
      "/v1/callbacks",
      { method: "POST", headers, body },
      unreachable,
    );
    expect(await response.json()).toEqual({ outcome: "queued" });
    await untilState(batchId, "COMPLETED");
  });
});
