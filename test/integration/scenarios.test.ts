import { afterEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { validateAsOriginal } from "../unit/contracts/original-models.ts";
import {
  backToThePresent,
  better,
  call,
  callbackFor,
  deadLettersOf,
  EVICTIONS,
  envelopeFor,
  essaysOf,
  eventually,
  fireAlarm,
  judge,
  openBatch,
  postCallback,
  postEvents,
  postJson,
  publishedFor,
  readBatch,
  readComparisons,
  requestEvent,
  statesOf,
  travelHours,
  untilPublished,
  untilState,
} from "./harness.ts";

afterEach(backToThePresent);

const COMPLETED_TOPIC = "huleedu.cj_assessment.completed.v1";
const FAILED_TOPIC = "huleedu.cj_assessment.failed.v1";
const TERMINAL_TOPICS = [COMPLETED_TOPIC, FAILED_TOPIC];

async function resultsOf(
  batchId: string,
): Promise<{ provisional: boolean; rankings: { essay_id: string; rank: number }[] }> {
  const response = await call(`/v1/batches/${batchId}/results`);
  expect(response.status).toBe(200);
  return response.json();
}

async function openFromKafka(essayCount: number, metadata: object = {}) {
  const essays = essaysOf(essayCount).map(({ essay_id, text }) => ({ essay_id, text_content: text }));
  const event = requestEvent(essays, { metadata });
  const [outcome] = await postEvents([event]);
  expect(outcome).toMatchObject({ outcome: "opened" });
  const { batch_id: batchId } = await readOutcome(outcome);
  return { batchId, bosBatchId: event.data.entity_id, correlationId: event.correlation_id, event };
}

async function readOutcome(outcome: object): Promise<{ batch_id: string }> {
  if (!("batch_id" in outcome) || typeof outcome.batch_id !== "string") throw new Error("no batch id");
  return { batch_id: outcome.batch_id };
}

describe.each(EVICTIONS)("with the object $memory", ({ between }) => {
  describe("S1 full life", () => {
    it("makes all 45 pairs of 10 essays, each once, and keeps the request's ids", async () => {
      const { batchId, bosBatchId, correlationId } = await openFromKafka(10);
      await between(batchId);

      const batch = await readBatch(batchId);
      expect(batch).toMatchObject({
        bos_batch_id: bosBatchId,
        correlation_id: correlationId,
        total_comparisons: 45,
      });
      expect(await statesOf(batchId)).toContain("GENERATING_PAIRS");
      const comparisons = await readComparisons(batchId);
      const pairs = comparisons.map(({ essay_a_id, essay_b_id }) =>
        [essay_a_id, essay_b_id].sort().join(" "),
      );
      expect(new Set(pairs).size).toBe(45);
    });

    it("completes with the 45th callback and publishes one completed event with all rankings", async () => {
      const { batchId, bosBatchId, correlationId } = await openFromKafka(10);
      const comparisons = await readComparisons(batchId);
      const alternating = comparisons.map(({ correlation_id }, k) =>
        callbackFor(correlation_id, { winner: k % 2 === 0 ? "Essay A" : "Essay B" }),
      );
      for (const callback of alternating.slice(0, 20)) expect(await postCallback(callback)).toBe("applied");
      await between(batchId);
      for (const callback of alternating.slice(20)) expect(await postCallback(callback)).toBe("applied");

      expect(await readBatch(batchId)).toMatchObject({ state: "COMPLETED", completed_comparisons: 45 });
      const published = await untilPublished(bosBatchId);
      const completed = published.filter(({ topic }) => topic === COMPLETED_TOPIC);
      expect(completed).toHaveLength(1);
      expect(completed[0].envelope).toMatchObject({
        event_type: "cj_assessment.completed.v1",
        correlation_id: correlationId,
        data: { entity_id: bosBatchId, cj_assessment_job_id: batchId },
      });
      expect(completed[0].envelope.data["rankings"]).toHaveLength(10);
    });
  });

  describe("S2 recovery", () => {
    it("recovers a batch that is 85 % judged and idle for longer than its timeout", async () => {
      const batchId = await openBatch({
        essays: 20,
        config: { max_comparisons: 100, pairing: "balanced_rounds" },
      });
      await judge((await readComparisons(batchId)).slice(0, 85));
      expect((await readBatch(batchId)).state).toBe("WAITING_CALLBACKS");
      await between(batchId);

      travelHours(5);
      expect(await fireAlarm(batchId)).toBe(true);

      const batch = await readBatch(batchId);
      expect(batch).toMatchObject({ state: "COMPLETED", forced_recovery: true, completed_comparisons: 85 });
      expect((await statesOf(batchId)).slice(-2)).toEqual(["SCORING", "COMPLETED"]);
      backToThePresent();
      const published = await untilPublished(batch.bos_batch_id);
      expect(
        published.filter(({ topic }) => TERMINAL_TOPICS.includes(topic)).map(({ topic }) => topic),
      ).toEqual([COMPLETED_TOPIC]);
    });
  });

  describe("S2b recovery refused", () => {
    it("fails a batch that is 40 % judged and idle for longer than its timeout", async () => {
      const batchId = await openBatch({
        essays: 20,
        config: { max_comparisons: 100, pairing: "balanced_rounds" },
      });
      await judge((await readComparisons(batchId)).slice(0, 40));
      await between(batchId);

      travelHours(5);
      expect(await fireAlarm(batchId)).toBe(true);

      const batch = await readBatch(batchId);
      expect(batch).toMatchObject({
        state: "FAILED",
        failure: { reason: "stuck_timeout_insufficient_progress" },
      });
      backToThePresent();
      const published = await untilPublished(batch.bos_batch_id);
      expect(published.map(({ topic }) => topic)).toEqual([FAILED_TOPIC]);
      expect(published[0].envelope.data).toMatchObject({
        system_metadata: { error_info: { reason: "stuck_timeout_insufficient_progress" } },
      });
    });
  });

  describe("S4 partial", () => {
    const config = { max_comparisons: 100, pairing: "balanced_rounds", completion_threshold_pct: 80 };

    it("scores provisionally at 80 of 100 and completes after the grace period", async () => {
      const batchId = await openBatch({ essays: 20, config });
      const comparisons = await readComparisons(batchId);
      await judge(comparisons.slice(0, 79));
      expect(await readBatch(batchId)).toMatchObject({
        state: "WAITING_CALLBACKS",
        partial_scoring_triggered: false,
      });
      await between(batchId);
      await judge(comparisons.slice(79, 80));
      await between(batchId);

      expect(await readBatch(batchId)).toMatchObject({ state: "SCORING", partial_scoring_triggered: true });
      const provisional = await resultsOf(batchId);
      expect(provisional.provisional).toBe(true);
      expect(provisional.rankings).toHaveLength(20);

      travelHours(0.1);
      await fireAlarm(batchId);
      expect(await readBatch(batchId)).toMatchObject({
        state: "COMPLETED",
        completed_comparisons: 80,
        pending_comparisons: 0,
        abandoned_comparisons: 20,
        forced_recovery: false,
      });
      expect((await resultsOf(batchId)).provisional).toBe(false);
    });

    it("counts stragglers and completes with all 100 when they come in time", async () => {
      const batchId = await openBatch({ essays: 20, config });
      const comparisons = await readComparisons(batchId);
      await judge(comparisons.slice(0, 80));
      await between(batchId);
      await judge(comparisons.slice(80));

      expect(await readBatch(batchId)).toMatchObject({
        state: "COMPLETED",
        completed_comparisons: 100,
        partial_scoring_triggered: true,
        abandoned_comparisons: 0,
      });
    });
  });

  describe("S6 duplicate", () => {
    it("counts a callback once, whichever way it comes again, and keeps the first verdict", async () => {
      const batchId = await openBatch({ essays: 4 });
      const [first] = await readComparisons(batchId);
      const callback = callbackFor(first.correlation_id, { winner: "Essay B" });
      expect(await postCallback(callback)).toBe("applied");
      await between(batchId);

      expect(await postCallback(callback)).toBe("duplicate");
      expect(await postCallback({ ...callback, winner: "Essay A" })).toBe("duplicate");
      expect(await postCallback(envelopeFor(callback))).toBe("duplicate");
      expect(await postEvents([envelopeFor(callback)])).toMatchObject([{ outcome: "queued" }]);
      await between(batchId);
      // The queue delivers within its batch timeout; a verdict for another comparison behind it shows that it has.
      const second = (await readComparisons(batchId))[1];
      await postEvents([envelopeFor(callbackFor(second.correlation_id))]);
      await eventually(async () =>
        (await readBatch(batchId)).completed_comparisons === 2 ? true : undefined,
      );

      expect((await readComparisons(batchId))[0]).toMatchObject({ winner: "essay_b" });
      expect(await deadLettersOf(first.correlation_id)).toEqual([]);
    });
  });

  describe("S7 failure rate", () => {
    it("fails exactly at the fifth failure of 20 when four fifths must succeed", async () => {
      const config = { max_comparisons: 20, min_success_rate_threshold: 0.8, max_retry_attempts: 0 };
      const batchId = await openBatch({ essays: 10, config });
      const comparisons = await readComparisons(batchId);
      expect(comparisons).toHaveLength(20);
      await judge(comparisons.slice(0, 5));
      const failing = comparisons
        .slice(5, 10)
        .map(({ correlation_id }) => callbackFor(correlation_id, { errorCode: "RATE_LIMIT" }));
      for (const callback of failing.slice(0, 4)) expect(await postCallback(callback)).toBe("applied");
      await between(batchId);
      expect((await readBatch(batchId)).state).toBe("WAITING_CALLBACKS");
      expect(await postCallback(failing[4])).toBe("applied");

      const batch = await readBatch(batchId);
      expect(batch).toMatchObject({
        state: "FAILED",
        completed_comparisons: 5,
        failed_comparisons: 5,
        failure: { reason: "low_success_rate" },
      });
      await between(batchId);
      expect(await judge(comparisons.slice(10, 12))).toEqual(["late", "late"]);
      expect(await readBatch(batchId)).toMatchObject({
        completed_comparisons: 5,
        failed_comparisons: 5,
        late_comparisons: 2,
      });
      const published = await untilPublished(batch.bos_batch_id);
      expect(published.map(({ topic }) => topic)).toEqual([FAILED_TOPIC]);
    });
  });
});

describe("S3 concurrency", () => {
  it("counts 100 callbacks that arrive at once over HTTPS and the queue, each once", async () => {
    const batchId = await openBatch({
      essays: 20,
      config: { max_comparisons: 100, pairing: "balanced_rounds" },
    });
    const comparisons = await readComparisons(batchId);
    expect(comparisons).toHaveLength(100);
    const callbacks = comparisons.map((each) => callbackFor(each.correlation_id, { winner: better(each) }));

    const [outcomes] = await Promise.all([
      Promise.all(callbacks.slice(0, 50).map(postCallback)),
      postEvents(callbacks.slice(50).map((callback) => envelopeFor(callback))),
    ]);

    expect(outcomes.every((outcome) => outcome === "applied")).toBe(true);
    const batch = await untilState(batchId, "COMPLETED");
    expect(batch).toMatchObject({ completed_comparisons: 100, failed_comparisons: 0, late_comparisons: 0 });
    const published = await untilPublished(batch.bos_batch_id);
    expect(published.filter(({ topic }) => topic === COMPLETED_TOPIC)).toHaveLength(1);
    const judged = (await readComparisons(batchId)).filter(({ status }) => status === "judged");
    expect(judged).toHaveLength(100);
  });
});

describe("S5 orphan", () => {
  it("acknowledges a callback for no comparison, changes nothing and keeps it as a dead letter", async () => {
    const before = await (await call("/v1/batches")).text();
    const correlationId = crypto.randomUUID();
    expect(await postCallback(callbackFor(correlationId, { justification: "words about an essay" }))).toBe(
      "orphaned",
    );

    expect(await (await call("/v1/batches")).text()).toBe(before);
    const [letter, ...more] = await deadLettersOf(correlationId);
    expect(letter).toMatchObject({ reason: "orphaned", source: "/v1/callbacks" });
    expect(more).toEqual([]);
    const whole = await (await call(`/v1/dead-letters/${letter.id}`)).text();
    expect(whole).not.toContain("words about an essay");
  });
});

describe("S9 contracts", () => {
  it("publishes nothing that the original's models would refuse", async () => {
    const { batchId, bosBatchId } = await openFromKafka(4);
    await judge(await readComparisons(batchId));
    const completed = await untilPublished(bosBatchId);
    const failing = await openFromKafka(4, { max_comparisons: 6 });
    await postJson(`/v1/batches/${failing.batchId}/cancel`, {});
    const failed = await untilPublished(failing.bosBatchId);

    const topics = [...completed, ...failed].map(({ topic }) => topic);
    expect(new Set(topics)).toEqual(
      new Set([
        COMPLETED_TOPIC,
        FAILED_TOPIC,
        "huleedu.assessment.result.published.v1",
        "huleedu.resource.consumption.v1",
      ]),
    );
    for (const { topic, envelope } of [...completed, ...failed]) {
      expect(validateAsOriginal(topic, envelope), topic).toEqual([]);
    }
  });
});

describe("S10 correlation", () => {
  it("carries the request's correlation id on every event and in every answer about the batch", async () => {
    const { batchId, bosBatchId, correlationId } = await openFromKafka(3);
    await judge(await readComparisons(batchId));
    for (const { envelope } of await untilPublished(bosBatchId))
      expect(envelope.correlation_id).toBe(correlationId);

    for (const path of ["", "/results", "/history", "/events", "/comparisons"]) {
      const response = await call(`/v1/batches/${batchId}${path}`);
      expect(response.headers.get("x-correlation-id"), path).toBe(correlationId);
    }
    const conflict = await postJson(`/v1/batches/${batchId}/cancel`, {});
    expect(conflict.status, "the batch has ended").toBe(409);
    expect(await conflict.json()).toMatchObject({ correlation_id: correlationId });
  });
});

describe("S10 correlation in the log", () => {
  it("carries the request's correlation id on every line about the batch, one JSON object a line, and no words of an essay", async () => {
    const lines: string[] = [];
    for (const method of ["log", "warn", "error"] as const) {
      vi.spyOn(console, method).mockImplementation((line: unknown) => {
        lines.push(String(line));
      });
    }
    const event = requestEvent([
      { essay_id: "essay-1", text_content: "Words that nobody may log." },
      { essay_id: "essay-2", text_storage_id: "flaky-1-words-that-nobody-may-log" },
      { essay_id: "essay-3", text_storage_id: "missing-three" },
      { essay_id: "essay-4", text_content: "More words that nobody may log. [busy 1]" },
    ]);
    const [outcome] = await postEvents([
      { ...event, metadata: { batch_config_overrides: { judge: "provider-service" } } },
    ]);
    const { batch_id: batchId } = await readOutcome(outcome);
    await eventually(async () => {
      const waiting = await readComparisons(batchId);
      return waiting.length > 0 && waiting.every(({ status }) => status === "dispatched") ? true : undefined;
    });
    for (const { correlation_id } of await readComparisons(batchId)) {
      await postCallback(callbackFor(correlation_id, { justification: "Words that nobody may log." }));
    }
    await untilPublished(event.data.entity_id);
    vi.restoreAllMocks();

    const logged = z.looseObject({
      batch_id: z.string().nullish(),
      correlation_id: z.string().nullish(),
      message: z.string(),
    });
    const about = lines
      .map((line) => logged.parse(JSON.parse(line)))
      .filter(({ batch_id }) => batch_id === batchId);
    expect(new Set(about.map(({ message }) => message))).toEqual(
      new Set([
        "assessment_requested",
        "batch_transition",
        "text_not_fetched",
        "judge_did_not_accept",
        "event_delivery",
      ]),
    );
    for (const line of about) expect(line.correlation_id, line.message).toBe(event.correlation_id);
    expect(lines.join("\n")).not.toMatch(/words that nobody may log/i);
  });
});

describe("one terminal event", () => {
  it("is all that a batch ever publishes as its end, however often the end is asked for", async () => {
    const batchId = await openBatch({ essays: 3 });
    await postJson(`/v1/batches/${batchId}/cancel`, {});
    await postJson(`/v1/batches/${batchId}/cancel`, {});
    await fireAlarm(batchId);
    await fireAlarm(batchId);
    const { bos_batch_id: bosBatchId } = await readBatch(batchId);
    await untilPublished(bosBatchId);
    expect(
      (await publishedFor(bosBatchId)).filter(({ topic }) => TERMINAL_TOPICS.includes(topic)),
    ).toHaveLength(1);
  });
});
