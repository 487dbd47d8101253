import { describe, expect, it } from "vitest";
import { z } from "zod";
import { violationsOf } from "../../../src/contracts/contract-violation.ts";
import {
  dispatchEventType,
  INBOUND_EVENTS,
  PUBLISHED_EVENTS,
  topicName,
} from "../../../src/contracts/topics.ts";
import {
  dataOf,
  EXAMPLES,
  type Message,
  PUBLISHED_COMPLETED,
  PUBLISHED_FAILED,
  PUBLISHED_RESOURCE,
  PUBLISHED_RESULT,
  withField,
} from "./messages.ts";

const VALID = {
  completed: PUBLISHED_COMPLETED,
  failed: PUBLISHED_FAILED,
  result: PUBLISHED_RESULT,
  resource: PUBLISHED_RESOURCE,
};
const KINDS = ["completed", "failed", "result", "resource"] as const;

function refusedFields(kind: (typeof KINDS)[number], data: Message): string[] {
  const { error } = PUBLISHED_EVENTS[kind].dataSchema.safeParse(data);
  return error === undefined ? [] : violationsOf(error).map(({ field }) => field);
}

describe("topics and event names", () => {
  it("are those of the original", () => {
    const published = KINDS.map((kind) => {
      const { eventName, topicSuffix } = PUBLISHED_EVENTS[kind];
      return [eventName, topicName("huleedu.", topicSuffix)];
    });
    expect(published).toEqual([
      ["cj_assessment.completed", "huleedu.cj_assessment.completed.v1"],
      ["cj_assessment.failed", "huleedu.cj_assessment.failed.v1"],
      ["assessment.result.published", "huleedu.assessment.result.published.v1"],
      ["resource.consumption.reported", "huleedu.resource.consumption.v1"],
    ]);
    expect(INBOUND_EVENTS.comparison_result.topicSuffix).toBe("llm_provider.comparison_result.v1");
  });

  it.each(KINDS)("the %s event's data carries its own event name", (kind) => {
    expect(VALID[kind]["event_name"]).toBe(PUBLISHED_EVENTS[kind].eventName);
    expect(refusedFields(kind, { ...VALID[kind], event_name: "other" })).toEqual(["event_name"]);
  });
});

describe("every published event", () => {
  it.each(KINDS)("%s: names its batch as entity_id and entity_ref, and they agree", (kind) => {
    expect(refusedFields(kind, withField(VALID[kind], ["entity_ref"], undefined))).toEqual(["entity_ref"]);
    expect(refusedFields(kind, { ...VALID[kind], entity_ref: "another" })).toEqual(["entity_ref"]);
  });

  it.each(KINDS)("%s: is dated in UTC with Z (P14)", (kind) => {
    expect(refusedFields(kind, { ...VALID[kind], timestamp: "2026-02-07T09:19:43" })).toEqual(["timestamp"]);
  });

  it.each(KINDS)("%s: carries no field that the contract does not name", (kind) => {
    expect(PUBLISHED_EVENTS[kind].dataSchema.safeParse({ ...VALID[kind], secret: 1 }).success).toBe(false);
  });
});

describe("the completed event", () => {
  it.each<[(string | number)[], unknown, string]>([
    [["status"], "COMPLETED", "status"],
    [["cj_assessment_job_id"], 1, "cj_assessment_job_id"],
    [["rankings"], undefined, "rankings"],
    [["rankings", 0, "rank"], 0, "rankings[0].rank"],
    [["rankings", 0, "score"], null, "rankings[0].score"],
    [["system_metadata", "processing_stage"], "failed", "system_metadata.processing_stage"],
    [["system_metadata", "started_at"], "2026-02-07T09:15:00", "system_metadata.started_at"],
    [
      ["system_metadata", "resource_usage", "total_comparisons"],
      1.5,
      "system_metadata.resource_usage.total_comparisons",
    ],
    [["system_metadata", "processed_at"], undefined, "system_metadata.processed_at"],
    [["processing_summary", "successful"], 1, "processing_summary.successful"],
    [["processing_summary", "failed_essay_ids"], ["x"], "processing_summary.failed"],
    [["processing_summary", "total_essays"], 3, "processing_summary.total_essays"],
  ])("cannot be built when %j is %j", (path, value, field) => {
    expect(refusedFields("completed", withField(PUBLISHED_COMPLETED, path, value))).toContain(field);
  });

  it("names at least one essay, because the lifecycle service refuses one that names none", () => {
    const summary = {
      total_essays: 0,
      successful: 0,
      failed: 0,
      successful_essay_ids: [],
      failed_essay_ids: [],
    };
    const rest = { processing_time_seconds: 0, single_essay_batch: false };
    const none = { ...PUBLISHED_COMPLETED, processing_summary: { ...summary, ...rest } };
    expect(refusedFields("completed", none)).toEqual(["processing_summary.total_essays"]);
  });
});

describe("the failed event", () => {
  it.each([EXAMPLES.failedAtStart, EXAMPLES.failedLowSuccess, EXAMPLES.failedStuck])(
    "has one error_info shape, not the original's three",
    (original) => {
      const { system_metadata: old } = z
        .object({ system_metadata: z.looseObject({}) })
        .parse(dataOf(original));
      const data = withField(PUBLISHED_FAILED, ["system_metadata", "error_info"], old["error_info"]);
      expect(refusedFields("failed", data)).toContain("system_metadata.error_info.error_detail");
    },
  );

  it.each<[(string | number)[], unknown]>([
    [["error_info", "reason"], ""],
    [["error_info", "details"], undefined],
    [["error_info", "error_detail"], null],
    [["error_info", "error_detail", "timestamp"], "2026-02-07T09:15:00"],
    [["error_info", "error_detail", "correlation_id"], undefined],
  ])("cannot be built when %j is %j", (path, value) => {
    const whole = ["system_metadata", ...path];
    expect(refusedFields("failed", withField(PUBLISHED_FAILED, whole, value))).toEqual([whole.join(".")]);
  });
});

describe("the rich result", () => {
  it.each(["A", "B+", "C-", "F", "U"])("grade %s is a letter grade", (grade) => {
    expect(
      refusedFields("result", withField(PUBLISHED_RESULT, ["essay_results", 1, "letter_grade"], grade)),
    ).toEqual([]);
  });

  it.each(["7", "G", "U+", "a", "A++", ""])("grade %j belongs in assessment_metadata.grades", (grade) => {
    const data = withField(PUBLISHED_RESULT, ["essay_results", 1, "letter_grade"], grade);
    expect(refusedFields("result", data)).toEqual(["essay_results[1].letter_grade"]);
  });

  it("numeric national grades travel in assessment_metadata, with any other key that helps", () => {
    const grades = { "essay-1": "7" };
    const data = withField(PUBLISHED_RESULT, ["assessment_metadata"], {
      ...Object(PUBLISHED_RESULT["assessment_metadata"]),
      grades,
      stop_reason: "budget",
    });
    const read = PUBLISHED_EVENTS.result.dataSchema.parse(data);
    expect(read.assessment_metadata).toMatchObject({ grades, stop_reason: "budget" });
  });

  it.each<[(string | number)[], unknown, string]>([
    [["batch_id"], "another", "batch_id"],
    [["essay_results", 0, "rank"], 0, "essay_results[0].rank"],
    [["essay_results", 0, "confidence_score"], 1.1, "essay_results[0].confidence_score"],
    [["essay_results", 0, "confidence_label"], "high", "essay_results[0].confidence_label"],
    [["essay_results", 0, "bt_score"], null, "essay_results[0].bt_score"],
    [["assessment_metadata", "calibration_method"], "none", "assessment_metadata.calibration_method"],
    [["assessed_at"], "2026-02-07T09:19:43+00:00", "assessed_at"],
  ])("cannot be built when %j is %j", (path, value, field) => {
    expect(refusedFields("result", withField(PUBLISHED_RESULT, path, value))).toEqual([field]);
  });
});

describe("the resource event", () => {
  it.each<[string, unknown]>([
    ["quantity", -1],
    ["quantity", 0.5],
    ["resource_type", "tokens"],
    ["user_id", null],
    ["consumed_at", "2026-02-07T09:19:43"],
  ])("cannot be built when %s is %j", (field, value) => {
    expect(refusedFields("resource", { ...PUBLISHED_RESOURCE, [field]: value })).toEqual([field]);
  });
});

describe("what an envelope brings is told", () => {
  it.each([
    ["huleedu.els.cj_assessment.requested.v1", "assessment_request"],
    ["els.cj_assessment.requested.v1", "assessment_request"],
    ["staging.els.cj_assessment.requested.v1", "assessment_request"],
    ["huleedu.llm_provider.comparison_result.v1", "comparison_result"],
    ["llm_provider.comparison_result.v1", "comparison_result"],
    ["LLMComparisonResultV1", "comparison_result"],
  ])("by event_type %s: %s", (eventType, type) => {
    expect(dispatchEventType({ event_type: eventType, data: {} })).toBe(type);
  });

  it("else by data.event_name", () => {
    const named = (name: unknown) =>
      dispatchEventType({ event_type: "whatever", data: { event_name: name } });
    expect(named("els.cj_assessment.requested")).toBe("assessment_request");
    expect(named("llm_provider.comparison_result")).toBe("comparison_result");
    expect(named("student.name.changed")).toBeUndefined();
    expect(named(7)).toBeUndefined();
  });

  it("event_type goes first", () => {
    const data = { event_name: "els.cj_assessment.requested" };
    expect(dispatchEventType({ event_type: "LLMComparisonResultV1", data })).toBe("comparison_result");
  });

  it.each([null, undefined, 7, "text", [], {}])(
    "a stranger with data %j is nothing that this service consumes",
    (data) => {
      expect(dispatchEventType({ event_type: "huleedu.cj_assessment.completed.v1", data })).toBeUndefined();
      expect(dispatchEventType({ event_type: "unrequested.v1", data })).toBeUndefined();
    },
  );

  it("a topic that merely ends alike is a stranger", () => {
    expect(dispatchEventType({ event_type: "models.cj_assessment.requested.v1", data: {} })).toBeUndefined();
  });
});
