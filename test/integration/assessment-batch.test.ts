import { createScheduledController } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import { sweep } from "../../src/bus/sweep.ts";
import { callBatch } from "../../src/objects/batch-client.ts";
import { randomBatchId } from "../../src/objects/open-request.ts";
import worker from "../../src/worker.ts";
import {
  backToThePresent,
  call,
  callbackFor,
  EVICTIONS,
  eventually,
  evict,
  fireAlarm,
  judge,
  objectOf,
  openBatch,
  postCallback,
  postJson,
  readBatch,
  readComparisons,
  runInDurableObject,
  statesOf,
  travelHours,
  untilPublished,
  untilState,
} from "./harness.ts";

afterEach(backToThePresent);

function alarmOf(batchId: string): Promise<number | null> {
  return sqlOf(batchId, (_sql, storage) => storage.getAlarm());
}

/** What the platform calls every five minutes. */
async function tickCron(): Promise<void> {
  const options = { cron: "*/5 * * * *", scheduledTime: new Date() };
  await worker.scheduled(createScheduledController(options), env);
}

function sqlOf<Result>(
  batchId: string,
  read: (sql: SqlStorage, storage: DurableObjectStorage) => Result | Promise<Result>,
) {
  return runInDurableObject(objectOf(batchId), (_object, { storage }) => read(storage.sql, storage));
}

async function rowInD1(batchId: string): Promise<Record<string, unknown> | null> {
  return env.DB.prepare("SELECT * FROM batches WHERE batch_id = ?").bind(batchId).first();
}

describe("an object that was never opened", () => {
  it("answers every command without creating anything", async () => {
    const batchId = randomBatchId();
    await callBatch(env, batchId, async (batch) => {
      expect(await batch.overview()).toBeNull();
      expect(await batch.recordDispatched([{ number: 0, attempt: 0 }])).toEqual({ recorded: 0 });
      expect(await batch.recordTexts([{ of: 0, kind: "missing", reason: "x" }])).toEqual({ recorded: 0 });
      expect(await batch.cancelBatch()).toBeNull();
      expect(await batch.eraseBatch()).toBe(false);
      expect(await batch.prompts([{ number: 0, attempt: 0 }])).toBeNull();
      expect(await batch.pendingTexts([0], true)).toEqual({ correlationId: "", texts: [] });
      expect(await batch.leaseEvents(1000)).toEqual({ correlationId: "", events: [], leasedUntil: null });
      await batch.recordPublished([{ seq: 1, status: "published", note: null }]);
      expect(await batch.reviveEvents()).toBe(0);
      expect([await batch.history(), await batch.events(), await batch.comparisons(0, 10)]).toEqual([
        [],
        [],
        [],
      ]);
      expect([await batch.ranking(), await batch.erased()]).toEqual([null, null]);
      await batch.nudge();
    });
    expect(await sqlOf(batchId, (sql) => sql.exec("SELECT name FROM sqlite_master").toArray())).toEqual([]);
    expect(await alarmOf(batchId)).toBeNull();
  });
});

describe("a verdict", () => {
  it("costs one row written, and moves no alarm", async () => {
    const batchId = await openBatch({ essays: 10 });
    const comparisons = await readComparisons(batchId);
    await judge(comparisons.slice(0, 1));
    // Wait for the outbox to be empty: afterwards nothing but verdicts writes.
    await eventually(async () => {
      const rows = await sqlOf(batchId, (sql) => sql.exec("SELECT seq FROM outbox").toArray());
      const waiting = (await readComparisons(batchId)).some(({ status }) => status === "planned");
      return rows.length === 0 && !waiting ? true : undefined;
    });
    const before = await alarmOf(batchId);
    const written = await sqlOf(batchId, async (sql) => {
      const calls: number[] = [];
      const exec = sql.exec.bind(sql);
      // The storage's own counter, added up over all statements of ten verdicts.
      const counting = (query: string, ...bindings: SqlStorageValue[]) => {
        const cursor = exec(query, ...bindings);
        calls.push(cursor.rowsWritten);
        return cursor;
      };
      Object.defineProperty(sql, "exec", { value: counting, configurable: true });
      try {
        for (const each of comparisons.slice(1, 11)) await postCallback(callbackFor(each.correlation_id));
      } finally {
        Reflect.deleteProperty(sql, "exec");
      }
      expect(calls.length).toBeGreaterThanOrEqual(10);
      return calls.reduce((sum, rows) => sum + rows, 0);
    });
    expect(written).toBe(10);
    expect(await alarmOf(batchId)).toBe(before);
  });
});

describe("the alarm", () => {
  it("is armed for as long as the batch is open, and re-arms itself when it fires early", async () => {
    const batchId = await openBatch({ essays: 4 });
    expect(await alarmOf(batchId)).not.toBeNull();
    await fireAlarm(batchId);
    const next = await alarmOf(batchId);
    expect(next).toBeGreaterThan(Date.now());
    expect(next).toBeLessThanOrEqual(Date.now() + 4 * 3_600_000);
  });

  it("is set again by the constructor when it was lost", async () => {
    const batchId = await openBatch({ essays: 4 });
    await sqlOf(batchId, (_sql, storage) => storage.deleteAlarm());
    await evict(batchId);
    await readBatch(batchId);
    expect(await alarmOf(batchId)).not.toBeNull();
  });

  it("of an erased batch, of which the cron knows nothing, is set again by an answer that still comes", async () => {
    const batchId = await openBatch({ essays: 4 });
    const [only] = await readComparisons(batchId);
    expect((await call(`/v1/batches/${batchId}`, { method: "DELETE" })).status).toBe(204);
    await sqlOf(batchId, (_sql, storage) => storage.deleteAlarm());
    travelHours(0.3);
    expect(await postCallback(callbackFor(only.correlation_id))).toBe("orphaned");
    expect(await alarmOf(batchId)).not.toBeNull();
  });

  it.each(EVICTIONS)(
    "is made up for by the cron when it was lost and nobody calls ($memory)",
    async ({ between }) => {
      const stuck = await openBatch({ essays: 4 });
      const patient = await openBatch({ essays: 4, config: { batch_timeout_hours: 100 } });
      for (const batchId of [stuck, patient]) {
        await untilState(batchId, "WAITING_CALLBACKS");
        await eventually(async () =>
          (await rowInD1(batchId))?.["state"] === "WAITING_CALLBACKS" ? true : undefined,
        );
        await between(batchId);
        await sqlOf(batchId, (_sql, storage) => storage.deleteAlarm());
        expect(await alarmOf(batchId)).toBeNull();
      }

      travelHours(5);
      await tickCron();

      // What D1 says, because reading the batch itself would set its alarm again.
      expect(await rowInD1(stuck)).toMatchObject({ state: "FAILED" });
      expect(await rowInD1(patient)).toMatchObject({ state: "WAITING_CALLBACKS" });
      expect(await alarmOf(patient)).toBeGreaterThan(Date.now());
    },
  );

  it("has its time in D1 renewed by the sweep, so that a healthy batch is not looked at again and again", async () => {
    const batchId = await openBatch({ essays: 4 });
    await untilState(batchId, "WAITING_CALLBACKS");
    await eventually(async () => (await rowInD1(batchId)) ?? undefined);
    await env.DB.prepare("UPDATE batches SET next_wake_at = 1 WHERE batch_id = ?").bind(batchId).run();
    await sweep(env, Date.now());
    expect((await readBatch(batchId)).state).toBe("WAITING_CALLBACKS");
    await eventually(async () =>
      Number((await rowInD1(batchId))?.["next_wake_at"]) > Date.now() ? true : undefined,
    );
  });

  it("moves on a batch whose object died after its last question had left, and before that was recorded", async () => {
    const batchId = await openBatch({ essays: 4 });
    await untilState(batchId, "WAITING_CALLBACKS");
    await sqlOf(batchId, (sql) =>
      sql.exec("UPDATE batch SET life = json_set(life, '$.state', 'GENERATING_PAIRS')"),
    );
    await evict(batchId);
    expect((await readBatch(batchId)).state).toBe("GENERATING_PAIRS");
    await fireAlarm(batchId);
    expect((await readBatch(batchId)).state).toBe("WAITING_CALLBACKS");
  });

  it("survives a fault of its own work and comes back", async () => {
    const batchId = await openBatch({ essays: 4 });
    await untilState(batchId, "WAITING_CALLBACKS");
    await sqlOf(batchId, (sql) => sql.exec("ALTER TABLE outbox RENAME TO outbox_gone"));
    await fireAlarm(batchId);
    await sqlOf(batchId, (sql) => sql.exec("ALTER TABLE outbox_gone RENAME TO outbox"));
    expect(await alarmOf(batchId)).not.toBeNull();
    expect((await readBatch(batchId)).state).toBe("WAITING_CALLBACKS");
  });
});

describe("lost verdicts", () => {
  it.each(EVICTIONS)(
    "are asked again until attempts run out, and still count when they come ($memory)",
    async ({ between }) => {
      const batchId = await openBatch({ essays: 2, config: { max_retry_attempts: 1 } });
      const untilDispatched = (attempt: number) =>
        eventually(async () => {
          const [only] = await readComparisons(batchId);
          return only.status === "dispatched" && only.attempt === attempt ? only : undefined;
        });
      const first = await untilDispatched(0);
      travelHours(0.6);
      await fireAlarm(batchId);
      await between(batchId);
      await untilDispatched(1);
      travelHours(0.6);
      await fireAlarm(batchId);
      await between(batchId);
      expect((await readComparisons(batchId))[0]).toMatchObject({ status: "unanswered", attempt: 1 });
      expect(await readBatch(batchId)).toMatchObject({ failed_comparisons: 0, pending_comparisons: 1 });

      expect(await postCallback(callbackFor(first.correlation_id))).toBe("applied");
      expect(await readBatch(batchId)).toMatchObject({ state: "COMPLETED", completed_comparisons: 1 });
    },
  );
});

describe("the read model", () => {
  it("catches up by itself after D1 was out of reach", async () => {
    await env.DB.exec("ALTER TABLE batches RENAME TO batches_gone");
    const batchId = await openBatch({ essays: 2 });
    await judge(await readComparisons(batchId));
    expect((await readBatch(batchId)).state).toBe("COMPLETED");
    const results = await objectOf(batchId).ranking();
    expect(results?.essays).toHaveLength(2);
    await env.DB.exec("ALTER TABLE batches_gone RENAME TO batches");
    expect(await rowInD1(batchId)).toBeNull();

    travelHours(0.5);
    await fireAlarm(batchId);
    expect(await rowInD1(batchId)).toMatchObject({ state: "COMPLETED", completed_comparisons: 1 });
  });

  it("never goes back: an older picture changes nothing", async () => {
    const { writePicture } = await import("../../src/results/picture.ts");
    const batchId = await openBatch({ essays: 2 });
    await judge(await readComparisons(batchId));
    await eventually(async () => ((await rowInD1(batchId))?.["state"] === "COMPLETED" ? true : undefined));
    await untilPublished((await readBatch(batchId)).bos_batch_id);
    const { results } = await env.DB.batch([
      env.DB.prepare("SELECT * FROM essay_results WHERE batch_id = ?").bind(batchId),
    ]).then(([only]) => only);
    await writePicture(env.DB, {
      batch: {
        batchId,
        seq: 1,
        caller: "x",
        source: "http",
        bosBatchId: "x",
        correlationId: "x",
        userId: "x",
        orgId: null,
        state: "WAITING_CALLBACKS",
        judge: "external",
        assignmentId: null,
        essayCount: 9,
        totalComparisons: 9,
        completedComparisons: 0,
        failedComparisons: 0,
        pendingComparisons: 9,
        partialScoringTriggered: false,
        forcedRecovery: false,
        stopReason: null,
        failureReason: null,
        rankingSummary: null,
        createdAt: 1,
        updatedAt: 1,
        completedAt: null,
        nextWakeAt: 5,
      },
      results: [],
      events: [],
    });
    expect(await rowInD1(batchId)).toMatchObject({ state: "COMPLETED", essay_count: 2 });
    const after = await env.DB.prepare("SELECT * FROM essay_results WHERE batch_id = ?").bind(batchId).all();
    expect(after.results).toEqual(results);
  });
});

describe("a final ranking that cannot be stored", () => {
  it("is a scoring attempt that failed: the batch ends in FAILED and not in trying for ever", async () => {
    const batchId = await openBatch({ essays: 2 });
    const [only] = await readComparisons(batchId);
    await untilState(batchId, "WAITING_CALLBACKS");
    // As production does with a row of more than 2 MB.
    await sqlOf(batchId, (sql) =>
      sql.exec(`CREATE TRIGGER too_big BEFORE INSERT ON outbox WHEN NEW.payload LIKE '%cj_assessment.completed%'
        BEGIN SELECT RAISE(ABORT, 'string or blob too big'); END`),
    );
    await postJson("/v1/callbacks", callbackFor(only.correlation_id));
    expect((await readBatch(batchId)).state).toBe("SCORING");
    for (let tries = 0; tries < 10 && (await readBatch(batchId)).state === "SCORING"; tries++) {
      travelHours(1);
      await postJson("/v1/callbacks", callbackFor(only.correlation_id));
      await fireAlarm(batchId);
    }
    const batch = await readBatch(batchId);
    expect(batch).toMatchObject({ state: "FAILED" });
    backToThePresent();
    const [failed] = await untilPublished(batch.bos_batch_id);
    expect(failed.topic).toBe("huleedu.cj_assessment.failed.v1");
  });
});

describe("erasing a batch", () => {
  it("cancels an open one, publishes its end, and leaves a tombstone without content", async () => {
    const key = crypto.randomUUID();
    const batchId = await openBatch({ essays: 3, headers: { "idempotency-key": key } });
    const [first] = await readComparisons(batchId);
    const { bos_batch_id: bosBatchId } = await readBatch(batchId);
    await eventually(async () => (await rowInD1(batchId)) ?? undefined);
    expect((await call(`/v1/batches/${batchId}`, { method: "DELETE" })).status).toBe(204);
    expect((await call(`/v1/batches/${batchId}`, { method: "DELETE" })).status).toBe(204);

    const [failed] = await untilPublished(bosBatchId);
    expect(failed.envelope.data).toMatchObject({ system_metadata: { error_info: { reason: "cancelled" } } });
    await eventually(async () => ((await rowInD1(batchId)) === null ? true : undefined));
    await eventually(async () => {
      const left = await sqlOf(batchId, (sql) =>
        [
          ...["batch", "essays", "comparisons", "history", "scores"].map((table) => `SELECT * FROM ${table}`),
          "SELECT * FROM outbox WHERE kind <> 'projection'",
        ].flatMap((query) => sql.exec(query).toArray()),
      );
      return left.length === 0 ? true : undefined;
    });

    await evict(batchId);
    expect((await call(`/v1/batches/${batchId}`)).status).toBe(410);
    expect(await postCallback(callbackFor(first.correlation_id))).toBe("orphaned");
    const again = await postJson(
      "/v1/batches",
      {
        essays: [1, 2, 3].map((k) => ({ essay_id: `essay-${k}`, text: `The text of essay ${k}.` })),
        judge: "external",
      },
      { "idempotency-key": key },
    );
    expect(again.status).toBe(410);
  });
});

describe("a picture that lands in D1 after its batch was erased", () => {
  it.each(EVICTIONS)(
    "is removed by the alarm, and then nothing is left to do ($memory)",
    async ({ between }) => {
      const batchId = await openBatch({ essays: 3 });
      const { bos_batch_id: bosBatchId } = await readBatch(batchId);
      const row = await eventually(async () => (await rowInD1(batchId)) ?? undefined);
      expect((await call(`/v1/batches/${batchId}`, { method: "DELETE" })).status).toBe(204);
      await eventually(async () => ((await rowInD1(batchId)) === null ? true : undefined));
      await untilPublished(bosBatchId);
      const columns = Object.keys(row);
      await env.DB.prepare(
        `INSERT INTO batches (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`,
      )
        .bind(...Object.values(row))
        .run();
      await between(batchId);

      travelHours(0.3);
      await fireAlarm(batchId);

      expect(await rowInD1(batchId)).toBeNull();
      expect(await alarmOf(batchId)).toBeNull();
    },
  );
});

describe("retention", () => {
  it("removes texts, prompts and justifications in time and keeps the scores", async () => {
    const batchId = await openBatch({
      essays: 2,
      body: {
        prompt: "Write about a journey.",
        redact_names: ["Agnes Ek"],
        llm_config_overrides: { judge_rubric_override: "Judge by the rubric." },
      },
    });
    const [only] = await readComparisons(batchId);
    await postCallback(callbackFor(only.correlation_id, { justification: "words about an essay" }));
    await untilPublished((await readBatch(batchId)).bos_batch_id);

    travelHours(29 * 24);
    await fireAlarm(batchId);
    expect(
      await sqlOf(batchId, (sql) => sql.exec("SELECT text FROM essays WHERE text IS NOT NULL").toArray()),
    ).toHaveLength(2);
    travelHours(2 * 24);
    await fireAlarm(batchId);
    const left = await sqlOf(batchId, (sql) =>
      JSON.stringify([
        sql.exec("SELECT * FROM essays").toArray(),
        sql.exec("SELECT * FROM comparisons").toArray(),
        sql.exec("SELECT * FROM batch").toArray(),
      ]),
    );
    expect(left).not.toMatch(/The text of essay|words about an essay|journey|Agnes|rubric\./);
    const results = await call(`/v1/batches/${batchId}/results`);
    expect(results.status).toBe(200);
    expect(await alarmOf(batchId)).toBeNull();
  });
});

describe("opening", () => {
  it("answers the same request twice with the same batch, and refuses another under the same key", async () => {
    const headers = { "idempotency-key": crypto.randomUUID() };
    const first = await openBatch({ essays: 3, headers });
    expect(await openBatch({ essays: 3, headers })).toBe(first);
    expect(await statesOf(first)).toContain("GENERATING_PAIRS");
    const other = await postJson(
      "/v1/batches",
      {
        essays: [
          { essay_id: "a", text: "a" },
          { essay_id: "b", text: "b" },
        ],
        judge: "external",
      },
      headers,
    );
    expect(other.status).toBe(422);
    expect(await other.json()).toMatchObject({ code: "idempotency_conflict" });
  });
});
