import { describe, expect, it } from "vitest";
import { z } from "zod";
import { eventIdOf, type PublishedEvent } from "../../../src/batch/events.ts";
import { eventEnvelopeSchema } from "../../../src/contracts/envelope.ts";
import { KNOWN_ERROR_CODES } from "../../../src/contracts/error-detail.ts";
import { PUBLISHED_EVENTS } from "../../../src/contracts/topics.ts";
import { EXAMPLES, withField } from "../contracts/messages.ts";
import { validateAsOriginal } from "../contracts/original-models.ts";
import {
  type BatchUnderTest,
  CORRELATION_ID,
  DEFAULT_ORIGIN,
  HOUR,
  inlineEssays,
  MINUTE,
  numbersTo,
  OPENED_AT,
  openBatch,
  PERMANENT,
  type RequestParts,
  referencedEssays,
  verdictOf,
} from "./harness.ts";

const message = z.record(z.string(), z.unknown());

/** The data of the one event of this kind. */
function dataOf(batch: BatchUnderTest, name: PublishedEvent["name"]) {
  const events = batch.events(name);
  expect(events).toHaveLength(1);
  return message.parse(events.at(0)?.envelope.data);
}

/** Five essays whose fourth has no text; six comparisons, of which five are judged and one failed. */
function completedBatch(parts: RequestParts = {}): BatchUnderTest {
  const essays = [...inlineEssays(3), { essayId: "lost", text: null, storageId: null }];
  const batch = openBatch({
    essays: [...essays, { essayId: "essay-4", text: "text", storageId: null }],
    ...parts,
    config: { minSuccessRateThreshold: 0.5, ...parts.config },
  });
  batch.advance(90_500);
  batch.error(5, PERMANENT);
  batch.judgeAll(numbersTo(5));
  expect(batch.state()).toBe("COMPLETED");
  return batch;
}

const cancelled = () => {
  const batch = openBatch();
  batch.cancel();
  return batch;
};
const stuck = () => {
  const batch = openBatch();
  batch.advance(5 * HOUR);
  batch.wake();
  return batch;
};
const failedBy = (code: string, parts: RequestParts = {}) => {
  const batch = openBatch({ config: { maxRetryAttempts: 0, minSuccessRateThreshold: 1 }, ...parts });
  batch.error(0, code);
  return batch;
};
const recovered = () => {
  const batch = openBatch();
  batch.judgeAll(numbersTo(9));
  batch.advance(5 * HOUR);
  batch.wake();
  return batch;
};
const textless = () => {
  const batch = openBatch({ essays: referencedEssays(2) });
  batch.texts({ of: 0, kind: "missing", reason: "404" }, { of: 1, kind: "missing", reason: "404" });
  return batch;
};
const unscorable = () => {
  const batch = openBatch({ essays: 2 }, () => {
    throw new Error("the Hessian is singular");
  });
  batch.judge(0);
  while (batch.state() === "SCORING") batch.sleepUntilAlarm();
  return batch;
};

const ENDINGS: readonly (readonly [string, () => BatchUnderTest])[] = [
  ["completes", completedBatch],
  ["completes with all essays", () => completedBatch({ essays: 4 })],
  ["completes with one essay", () => openBatch({ essays: inlineEssays(1) })],
  ["is recovered", recovered],
  ["is cancelled", cancelled],
  ["is stuck", stuck],
  ["fails by success rate", () => failedBy(PERMANENT)],
  [
    "fails without a verdict",
    () => failedBy(PERMANENT, { essays: 2, config: { minSuccessRateThreshold: 0 } }),
  ],
  ["fails by its judge", () => failedBy("AUTHENTICATION_ERROR")],
  ["fails by its texts", textless],
  ["fails by its scores", unscorable],
  ["is refused", () => openBatch({ refusal: "The budget is too small." })],
];

describe.each(ENDINGS)("what a batch publishes when it %s", (_, end) => {
  it("keeps this service's contracts", () => {
    const events = end().events();
    expect(events.length).toBeGreaterThan(0);
    for (const event of events) {
      expect(eventEnvelopeSchema.parse(event.envelope)).toEqual(event.envelope);
      const { dataSchema } = PUBLISHED_EVENTS[event.name];
      expect(dataSchema.parse(event.envelope.data)).toEqual(event.envelope.data);
    }
  });

  it("is understood by the original's models", () => {
    for (const { topic, envelope } of end().events()) expect(validateAsOriginal(topic, envelope)).toEqual([]);
  });

  it("carries the request's correlation id and key, and no other correlation id anywhere", () => {
    for (const { key, envelope } of end().events()) {
      expect(key).toBe(DEFAULT_ORIGIN.bosBatchId);
      expect(envelope.correlation_id).toBe(CORRELATION_ID);
      const ids = JSON.stringify(envelope).match(/"correlation_id":"[^"]*"/g);
      expect(new Set(ids)).toEqual(new Set([`"correlation_id":"${CORRELATION_ID}"`]));
    }
  });

  it("writes every datetime as UTC with Z", () => {
    for (const { envelope } of end().events()) {
      const datetimes = JSON.stringify(envelope).match(/"\d{4}-\d{2}-\d{2}[T ][^"]*"/g) ?? [];
      expect(datetimes.length).toBeGreaterThan(0);
      for (const datetime of datetimes)
        expect(datetime).toMatch(/^"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{6})?Z"$/);
    }
  });

  it("survives JSON unchanged, as the outbox keeps it", () => {
    const events = end().events();
    expect(JSON.parse(JSON.stringify(events))).toEqual(events);
  });

  it("names the essays that were asked for, each once", () => {
    const batch = end();
    for (const { envelope } of batch.events("completed")) {
      const { successful_essay_ids, failed_essay_ids } = summary.parse(envelope.data).processing_summary;
      const named = [...successful_essay_ids, ...failed_essay_ids].sort();
      expect(named).toEqual(batch.batch.essays.map(({ essayId }) => essayId).sort());
    }
  });
});

const summary = z.object({
  processing_summary: z.object({
    successful_essay_ids: z.array(z.string()),
    failed_essay_ids: z.array(z.string()),
  }),
});

const failedData = z.object({
  system_metadata: z.object({ error_info: z.object({ error_detail: message }) }),
});

describe("an event id", () => {
  it("is the same for the same batch and event, in every release", () => {
    expect(eventIdOf("0123456789abc", "cj_assessment.completed")).toBe(KNOWN_EVENT_ID);
    expect(completedBatch().events("completed").at(0)?.eventId).toBe(KNOWN_EVENT_ID);
    expect(completedBatch().events("completed").at(0)?.envelope.event_id).toBe(KNOWN_EVENT_ID);
  });

  it("differs between events and between batches", () => {
    const ids = [
      ...completedBatch().events(),
      ...cancelled().events(),
      ...completedBatch({ origin: { batchId: "0123456789abd" } }).events(),
    ].map(({ eventId }) => eventId);
    expect(new Set(ids).size).toBe(7);
  });
});

describe("the events of a completed batch", () => {
  it("are the rich result, the completion and the bill, in this order", () => {
    expect(
      completedBatch()
        .events()
        .map(({ name, topic, envelope }) => [name, topic, envelope.event_type]),
    ).toEqual([
      ["result", "huleedu.assessment.result.published.v1", "assessment.result.published.v1"],
      ["completed", "huleedu.cj_assessment.completed.v1", "cj_assessment.completed.v1"],
      ["resource", "huleedu.resource.consumption.v1", "resource.consumption.v1"],
    ]);
  });

  it("take their prefixes from the batch, not from the moment of publication", () => {
    const batch = completedBatch({ origin: { topicPrefix: "school.", eventTypePrefix: "huleedu." } });
    expect(batch.events("completed").at(0)).toMatchObject({
      topic: "school.cj_assessment.completed.v1",
      envelope: { event_type: "huleedu.cj_assessment.completed.v1" },
    });
  });

  it("bill the comparisons really judged, neither planned nor failed nor late ones", () => {
    const batch = completedBatch();
    expect(batch.batch.life.totalComparisons).toBe(6);
    expect(dataOf(batch, "resource")).toMatchObject({
      quantity: 5,
      resource_type: "cj_comparison",
      user_id: "user-1",
      org_id: "org-1",
      processing_id: "0123456789abc",
    });
    expect(dataOf(batch, "result")).toMatchObject({ assessment_metadata: { comparison_count: 5 } });
  });

  it("list an essay without text as failed and rank the others", () => {
    const completed = dataOf(completedBatch(), "completed");
    expect(completed).toMatchObject({
      rankings: [{ rank: 1 }, { rank: 2 }, { rank: 3 }, { rank: 4 }],
      status: "completed_successfully",
      processing_summary: {
        total_essays: 5,
        successful: 4,
        failed: 1,
        failed_essay_ids: ["lost"],
        processing_time_seconds: 90.5,
        single_essay_batch: false,
      },
      system_metadata: {
        processing_stage: "completed",
        started_at: "2026-02-07T09:00:00Z",
        completed_at: "2026-02-07T09:01:30.500000Z",
        processing_duration_seconds: 90.5,
        resource_usage: { total_comparisons: 6, completed_comparisons: 5 },
      },
    });
  });

  it("rank by score, best first, without gaps", () => {
    const { rankings } = z
      .object({ rankings: z.array(z.object({ rank: z.number(), score: z.number() })) })
      .parse(dataOf(completedBatch(), "completed"));
    expect(rankings.map(({ rank }) => rank)).toEqual([1, 2, 3, 4]);
    const scores = rankings.map(({ score }) => score);
    expect(scores).toEqual([...scores].sort((left, right) => right - left));
  });

  it("claim no grade, for nothing was anchored", () => {
    const { essay_results } = z
      .object({ essay_results: z.array(message) })
      .parse(dataOf(completedBatch(), "result"));
    for (const result of essay_results)
      expect(result).toMatchObject({ letter_grade: "U", confidence_score: 0, confidence_label: "LOW" });
  });

  it("say when a recovery was forced", () => {
    expect(dataOf(recovered(), "result")).toMatchObject({
      assessment_metadata: { forced_recovery: true, stop_reason: "forced_recovery", comparison_count: 9 },
    });
  });

  it("say when there was only one essay, and bill nothing", () => {
    const batch = openBatch({ essays: inlineEssays(1) });
    expect(dataOf(batch, "completed")).toMatchObject({ processing_summary: { single_essay_batch: true } });
    expect(dataOf(batch, "resource")).toMatchObject({ quantity: 0 });
    expect(dataOf(batch, "result")).toMatchObject({ model_used: "none", model_provider: "provider-service" });
  });

  it("name the model that gave most verdicts", () => {
    const batch = openBatch({ essays: 3 });
    const from = (number: number, provider: string, model: string) => ({
      ...verdictOf(number),
      provider,
      model,
    });
    batch.deliver(from(0, "openai", "gpt"), from(1, "anthropic", "claude"), from(2, "anthropic", "claude"));
    expect(dataOf(batch, "result")).toMatchObject({ model_used: "claude", model_provider: "anthropic" });
  });

  it("name the model that was first among equals", () => {
    const batch = openBatch({ essays: 3, config: { minSuccessRateThreshold: 0 } });
    batch.deliver({ ...verdictOf(1), model: "second" }, { ...verdictOf(0), model: "first" });
    batch.error(2, PERMANENT);
    expect(dataOf(batch, "result")).toMatchObject({ model_used: "first" });
  });

  it("are dated by the moment of the decision", () => {
    const batch = completedBatch();
    for (const { envelope } of batch.events())
      expect(envelope.event_timestamp).toBe("2026-02-07T09:01:30.500000Z");
  });
});

describe("the event of a failed batch", () => {
  it("has one shape of error info for every reason", () => {
    for (const end of [cancelled, stuck, textless, unscorable, () => failedBy(PERMANENT)]) {
      const batch = end();
      const { failure } = batch.batch.life;
      expect(dataOf(batch, "failed")).toMatchObject({
        status: "failed_critically",
        cj_assessment_job_id: "0123456789abc",
        system_metadata: {
          processing_stage: "failed",
          error_info: {
            reason: failure?.reason,
            details: failure?.details,
            error_detail: {
              error_code: failure?.errorCode,
              message: failure?.message,
              correlation_id: CORRELATION_ID,
              service: "cj_assessment_service",
            },
          },
        },
      });
    }
  });

  it("is the only one: a failed batch bills nothing and publishes no ranking", () => {
    expect(
      failedBy(PERMANENT)
        .events()
        .map(({ name }) => name),
    ).toEqual(["failed"]);
  });

  it("counts from the opening", () => {
    expect(dataOf(stuck(), "failed")).toMatchObject({
      system_metadata: {
        started_at: new Date(OPENED_AT).toISOString().replace(".000Z", "Z"),
        processing_duration_seconds: (5 * HOUR) / 1000,
      },
    });
  });

  it.each([
    ...KNOWN_ERROR_CODES,
    "model_not_found",
    " authentication_error ",
    "a code that nobody has heard of",
  ])(
    "carries an error detail that the original's models can read, although the judge answered %j",
    (code) => {
      const { error_detail } = failedData.parse(dataOf(failedBy(code), "failed")).system_metadata.error_info;
      const asCallback = withField(EXAMPLES.verdictError, ["data", "error_detail"], error_detail);
      expect(validateAsOriginal("llm_provider.comparison_result.v1", asCallback)).toEqual([]);
    },
  );

  it("is not delayed by the clock going back: a duration is never negative", () => {
    const batch = openBatch();
    batch.advance(-MINUTE);
    batch.cancel();
    expect(dataOf(batch, "failed")).toMatchObject({ system_metadata: { processing_duration_seconds: 0 } });
  });
});

/** UUIDv5 of `0123456789abc/cj_assessment.completed`, computed apart from the code. */
const KNOWN_EVENT_ID = "cf2946d2-1f1f-5bed-8e89-a974d00e7a16";
