import { describe, expect, it } from "vitest";
import {
  EXAMPLES,
  type Message,
  PUBLISHED_COMPLETED,
  PUBLISHED_FAILED,
  PUBLISHED_RESOURCE,
  PUBLISHED_RESULT,
  withField,
} from "./messages.ts";
import { validateAsOriginal } from "./original-models.ts";

const REQUEST = "huleedu.els.cj_assessment.requested.v1";
const VERDICT = "huleedu.llm_provider.comparison_result.v1";
const COMPLETED = "huleedu.cj_assessment.completed.v1";
const FAILED = "huleedu.cj_assessment.failed.v1";
const RESULT = "huleedu.assessment.result.published.v1";
const RESOURCE = "huleedu.resource.consumption.v1";

describe("the original's models, restated", () => {
  it.each<[string, Message]>([
    [REQUEST, EXAMPLES.request],
    [VERDICT, EXAMPLES.verdict],
    [VERDICT, EXAMPLES.verdictError],
    [COMPLETED, EXAMPLES.completed],
    [FAILED, EXAMPLES.failedAtStart],
    [RESULT, EXAMPLES.result],
    [RESOURCE, EXAMPLES.resource],
  ])("accept the original's own message on %s", (topic, message) => {
    expect(validateAsOriginal(topic, message)).toEqual([]);
  });

  it.each([EXAMPLES.failedLowSuccess, EXAMPLES.failedStuck])(
    "report the naive started_at of the original's failed events, and nothing else",
    (message) => {
      expect(validateAsOriginal(FAILED, message)).toEqual([
        "data.system_metadata.started_at: is not a UTC datetime with Z",
      ]);
    },
  );

  it.each<[string, Message, Message]>([
    [COMPLETED, EXAMPLES.completed, PUBLISHED_COMPLETED],
    [FAILED, EXAMPLES.failedLowSuccess, PUBLISHED_FAILED],
    [RESULT, EXAMPLES.result, PUBLISHED_RESULT],
    [RESOURCE, EXAMPLES.resource, PUBLISHED_RESOURCE],
  ])("accept what this service adds on %s", (topic, envelope, data) => {
    expect(validateAsOriginal(topic, { ...envelope, data })).toEqual([]);
  });

  it("do not depend on the topic's prefix", () => {
    expect(validateAsOriginal("staging.cj_assessment.completed.v1", EXAMPLES.completed)).toEqual([]);
    expect(validateAsOriginal("cj_assessment.completed.v1", EXAMPLES.completed)).toEqual([]);
  });

  it("know no other topic", () => {
    expect(validateAsOriginal("huleedu.other.v1", EXAMPLES.completed)).toEqual([
      "huleedu.other.v1: no such topic",
    ]);
  });

  it.each<[string, Message, (string | number)[], unknown]>([
    [COMPLETED, EXAMPLES.completed, ["event_id"], "not-a-uuid"],
    [COMPLETED, EXAMPLES.completed, ["event_type"], undefined],
    [COMPLETED, EXAMPLES.completed, ["event_timestamp"], "2026-02-07T09:19:43"],
    [COMPLETED, EXAMPLES.completed, ["source_service"], undefined],
    [COMPLETED, EXAMPLES.completed, ["schema_version"], "1"],
    [COMPLETED, EXAMPLES.completed, ["correlation_id"], "B033A9C9-22C0-4BE8-BA7B-56CCB78F1212"],
    [COMPLETED, EXAMPLES.completed, ["data"], undefined],
    [COMPLETED, EXAMPLES.completed, ["metadata"], []],
    [COMPLETED, EXAMPLES.completed, ["data", "event_name"], "cj_assessment.failed"],
    [COMPLETED, EXAMPLES.completed, ["data", "status"], "COMPLETED"],
    [COMPLETED, EXAMPLES.completed, ["data", "timestamp"], "2026-02-07T09:19:43+00:00"],
    [COMPLETED, EXAMPLES.completed, ["data", "system_metadata"], undefined],
    [COMPLETED, EXAMPLES.completed, ["data", "system_metadata", "processing_stage"], "done"],
    [COMPLETED, EXAMPLES.completed, ["data", "system_metadata", "completed_at"], "2026-13-07T09:19:43Z"],
    [COMPLETED, EXAMPLES.completed, ["data", "cj_assessment_job_id"], 1],
    [COMPLETED, EXAMPLES.completed, ["data", "processing_summary", "total_essays"], 1.5],
    [FAILED, EXAMPLES.failedAtStart, ["data", "cj_assessment_job_id"], null],
    [FAILED, EXAMPLES.failedAtStart, ["data", "system_metadata", "error_info"], "low_success_rate"],
    [RESULT, EXAMPLES.result, ["data", "batch_id"], undefined],
    [RESULT, EXAMPLES.result, ["data", "essay_results", 0, "letter_grade"], "7"],
    [RESULT, EXAMPLES.result, ["data", "essay_results", 1, "normalized_score"], 1.01],
    [RESULT, EXAMPLES.result, ["data", "essay_results", 1, "confidence_label"], "HOCH"],
    [RESULT, EXAMPLES.result, ["data", "essay_results", 1, "bt_score"], null],
    [RESULT, EXAMPLES.result, ["data", "essay_results", 1, "rank"], 0],
    [RESULT, EXAMPLES.result, ["data", "assignment_id"], "x".repeat(101)],
    [RESOURCE, EXAMPLES.resource, ["data", "quantity"], -1],
    [RESOURCE, EXAMPLES.resource, ["data", "user_id"], null],
    [RESOURCE, EXAMPLES.resource, ["data", "consumed_at"], "2026-02-07T09:19:43.209660"],
    [REQUEST, EXAMPLES.request, ["data", "course_code"], "ENG9"],
    [REQUEST, EXAMPLES.request, ["data", "essays_for_cj", 0, "text_storage_id"], undefined],
    [VERDICT, EXAMPLES.verdict, ["data", "winner"], "essay_b"],
    [VERDICT, EXAMPLES.verdict, ["data", "confidence"], 0.8],
    [VERDICT, EXAMPLES.verdict, ["data", "provider"], "acme"],
    [VERDICT, EXAMPLES.verdictError, ["data", "error_detail", "error_code"], "BRAND_NEW"],
  ])("on %s, refuse a broken field and name it", (topic, message, path, value) => {
    const found = validateAsOriginal(topic, withField(message, path, value));
    expect(found).toHaveLength(1);
    expect(found.join()).toMatch(new RegExp(`^${path.join("\\.")}: `));
  });

  it("refuse a completed event that names no essay, as the lifecycle service does", () => {
    const none = { total_essays: 0, successful: 0, failed: 0, processing_time_seconds: 0 };
    const summary = { ...none, successful_essay_ids: [], failed_essay_ids: [] };
    const message = withField(EXAMPLES.completed, ["data", "processing_summary"], summary);
    expect(validateAsOriginal(COMPLETED, message)).toEqual([
      "data.processing_summary: names no essay at all",
    ]);
  });

  it("refuse both, neither, and a winner without its reasons", () => {
    const both = withField(EXAMPLES.verdictError, ["data", "winner"], "Essay A");
    expect(validateAsOriginal(VERDICT, both)).toContain("data.: has both winner and error_detail");
    const neither = withField(EXAMPLES.verdict, ["data", "winner"], null);
    expect(validateAsOriginal(VERDICT, neither)).toEqual(["data.: has neither winner nor error_detail"]);
    const bare = withField(EXAMPLES.verdict, ["data", "confidence"], null);
    expect(validateAsOriginal(VERDICT, bare)).toEqual([
      "data.: has a winner without justification and confidence",
    ]);
  });
});
