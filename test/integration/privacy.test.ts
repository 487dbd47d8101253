/** What is left of a batch after its retention, and after its erasure: every table is looked through, so that a new one is too. */
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import {
  backToThePresent,
  call,
  callbackFor,
  deadLettersOf,
  envelopeFor,
  eventually,
  fireAlarm,
  objectOf,
  openBatch,
  postCallback,
  postEvents,
  readComparisons,
  requestEvent,
  runInDurableObject,
  travelHours,
  untilPublished,
  untilState,
} from "./harness.ts";

/** Stands in all that somebody wrote. */
const MARK = "xylograph";
/** Makes a callback too large for a message of the queue. */
const PADDING = "x".repeat(130_000);
/** Stands in all that names somebody; each test has people of its own. */
let person = "";
beforeEach(() => {
  person = `pupil-${crypto.randomUUID()}`;
});

afterEach(backToThePresent);

const tableSchema = z.object({ name: z.string() });

/** Everything that the batch's object holds, table by table; empty tables are left out. */
async function inObject(batchId: string): Promise<Record<string, unknown[]>> {
  return runInDurableObject(objectOf(batchId), async (_object, { storage }) => {
    const tables = storage.sql
      .exec("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\'")
      .toArray()
      .map((row) => tableSchema.parse(row).name);
    const rows = tables.map((name) => [name, storage.sql.exec(`SELECT * FROM ${name}`).toArray()] as const);
    return Object.fromEntries(rows.filter(([, found]) => found.length > 0));
  });
}

/** Everything that D1 holds in which this text occurs. */
async function inDatabase(text: string): Promise<unknown[]> {
  const tables = await env.DB.prepare(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\'",
  ).all();
  const found: unknown[] = [];
  for (const { name } of z.array(tableSchema).parse(tables.results)) {
    const { results } = await env.DB.prepare(`SELECT * FROM ${name}`).all();
    found.push(...results.filter((row) => JSON.stringify(row).includes(text)));
  }
  return found;
}

function openMarked(config: object = {}): Promise<string> {
  const essays = [1, 2, 3].map((k) => ({ essay_id: `${person}-${k}`, text: `Essay ${k} about a ${MARK}.` }));
  const body = {
    prompt: `Describe a ${MARK}.`,
    instructions: `Prefer the better ${MARK}.`,
    user_id: `teacher-of-${person}`,
    org_id: `school-of-${person}`,
  };
  return openBatch({ essays, body, config });
}

async function judgeAll(batchId: string): Promise<void> {
  for (const { correlation_id } of await readComparisons(batchId))
    await postCallback(callbackFor(correlation_id, { justification: `The better ${MARK}.` }));
}

describe("RETENTION_DAYS after its end", () => {
  it("a batch holds nothing that anybody wrote, in no table, and still its ranking", async () => {
    const batchId = await openMarked();
    const [{ correlation_id }] = await readComparisons(batchId);
    const failure = callbackFor(correlation_id, { errorCode: "TIMEOUT" });
    await postCallback({ ...failure, error_detail: { ...failure.error_detail, message: MARK } });
    await judgeAll(batchId);
    await untilState(batchId, "COMPLETED");
    await untilPublished(batchId);
    expect(JSON.stringify(await inObject(batchId))).toContain(MARK);

    travelHours(30 * 24 + 1);
    await fireAlarm(batchId);
    expect(JSON.stringify(await inObject(batchId))).not.toContain(MARK);
    expect(await inDatabase(MARK)).toEqual([]);
    const results = await call(`/v1/batches/${batchId}/results`);
    expect(await results.text()).toContain(`${person}-1`);
  });

  it("a verdict that comes even later leaves no justification either", async () => {
    const batchId = await openMarked({ completion_threshold_pct: 50, straggler_grace_seconds: 0 });
    const [first, second, last] = await readComparisons(batchId);
    for (const { correlation_id } of [first, second]) await postCallback(callbackFor(correlation_id));
    await fireAlarm(batchId);
    await untilState(batchId, "COMPLETED");
    travelHours(30 * 24 + 1);
    await fireAlarm(batchId);
    expect(await postCallback(callbackFor(last.correlation_id, { justification: MARK }))).toBe("late");
    expect(JSON.stringify(await inObject(batchId))).not.toContain(MARK);
  });
});

describe("erasing a batch", () => {
  it("leaves a tombstone, and nothing that anybody wrote or that names anybody, in no table", async () => {
    const batchId = await openMarked();
    await judgeAll(batchId);
    await untilState(batchId, "COMPLETED");
    await untilPublished(batchId);
    await eventually(async () => ((await inDatabase(batchId)).length > 0 ? true : undefined));
    expect(JSON.stringify(await inDatabase(batchId))).toContain(person);

    expect((await call(`/v1/batches/${batchId}`, { method: "DELETE" })).status).toBe(204);
    const { tombstone, outbox = [], schema_steps: _, ...rest } = await inObject(batchId);
    expect(rest).toEqual({});
    expect(tombstone).toHaveLength(1);
    expect(JSON.stringify([tombstone, outbox])).not.toMatch(new RegExp(`${MARK}|${person}`));
    expect(await inDatabase(batchId)).toEqual([]);
    expect(await inDatabase(person)).toEqual([]);
  });

  it("ends a verdict under way as an orphan, of which no justification is kept", async () => {
    const batchId = await openMarked();
    const [{ correlation_id }] = await readComparisons(batchId);
    await call(`/v1/batches/${batchId}`, { method: "DELETE" });
    const verdict = callbackFor(correlation_id, { justification: `The better ${MARK}.` });
    expect(await postCallback(verdict)).toBe("orphaned");
    expect(await deadLettersOf(correlation_id)).toMatchObject([{ reason: "orphaned" }]);
    expect(await inDatabase(MARK)).toEqual([]);
  });

  it("ends an error under way as an orphan, of which only the code is kept", async () => {
    const batchId = await openMarked();
    const [{ correlation_id }] = await readComparisons(batchId);
    await call(`/v1/batches/${batchId}`, { method: "DELETE" });
    const answer = callbackFor(correlation_id, { errorCode: "LLM_REFUSAL" });
    const words = { message: `I will not judge ${MARK}.`, details: { text: MARK }, stack_trace: MARK };
    const error = { ...answer, error_detail: { ...answer.error_detail, ...words } };
    expect(await postCallback(error)).toBe("orphaned");
    expect(await deadLettersOf(correlation_id)).toMatchObject([{ reason: "orphaned" }]);
    expect(await inDatabase(MARK)).toEqual([]);
    expect(await inDatabase("LLM_REFUSAL")).not.toEqual([]);
  });

  it("removes callbacks that could not be used, by whatever they name the batch", async () => {
    const batchId = await openMarked();
    const [{ correlation_id }, other] = await readComparisons(batchId);
    const garbage = { ...callbackFor(correlation_id, { justification: MARK }), winner: "Essay C" };
    const future = {
      ...envelopeFor(callbackFor(other.correlation_id, { justification: MARK })),
      schema_version: 2,
    };
    const padded = {
      ...callbackFor(correlation_id, { justification: MARK }),
      request_metadata: { pad: PADDING },
    };
    expect(await postEvents([garbage, envelopeFor(garbage), future, padded])).toMatchObject([
      { reason: "contract_violation", batch_id: batchId },
      { reason: "contract_violation", batch_id: batchId },
      { reason: "unsupported_schema_version", batch_id: batchId },
      { reason: "too_large", batch_id: batchId },
    ]);
    expect(await inDatabase(MARK)).toHaveLength(4);
    expect((await call(`/v1/batches/${batchId}`, { method: "DELETE" })).status).toBe(204);
    expect(await inDatabase(MARK)).toEqual([]);
  });

  it("is not undone by such callbacks when they come afterwards: of those only hash and size are kept", async () => {
    const batchId = await openMarked();
    const [{ correlation_id }] = await readComparisons(batchId);
    await call(`/v1/batches/${batchId}`, { method: "DELETE" });
    const garbage = { ...callbackFor(correlation_id, { justification: MARK }), winner: "Essay C" };
    expect(await postEvents([garbage])).toMatchObject([{ reason: "contract_violation", batch_id: batchId }]);
    expect(await inDatabase(MARK)).toEqual([]);
    expect(await inDatabase(batchId)).toMatchObject([{ reason: "contract_violation", payload: null }]);
  });

  it("is not undone by the request when Kafka delivers it again: of that no text is kept", async () => {
    const essays = [1, 2].map((k) => ({
      essay_id: `${person}-${k}`,
      text_content: `Essay ${k} about a ${MARK}.`,
    }));
    const event = requestEvent(essays);
    const [opened] = await postEvents([event]);
    const { batch_id: batchId } = z.looseObject({ batch_id: z.string() }).parse(opened);
    expect((await call(`/v1/batches/${batchId}`, { method: "DELETE" })).status).toBe(204);
    expect(await postEvents([event])).toMatchObject([{ outcome: "dead_lettered", reason: "batch_gone" }]);
    const [letter] = await deadLettersOf(event.correlation_id);
    expect(letter).toMatchObject({ reason: "batch_gone" });
    expect(await inDatabase(MARK)).toEqual([]);
    expect(await inDatabase(person)).toEqual([]);
    const replayed = await call(`/v1/dead-letters/${letter.id}/replay`, { method: "POST" });
    expect(await replayed.json()).toMatchObject({ code: "dead_letter_not_kept" });
  });

  it("is the same twice, at once and after another", async () => {
    const batchId = await openMarked();
    const erase = async () => (await call(`/v1/batches/${batchId}`, { method: "DELETE" })).status;
    expect(await Promise.all([erase(), erase()])).toEqual([204, 204]);
    const once = await inObject(batchId);
    expect(await erase()).toBe(204);
    expect((await inObject(batchId))["tombstone"]).toEqual(once["tombstone"]);
  });
});
