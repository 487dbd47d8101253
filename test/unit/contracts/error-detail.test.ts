import { describe, expect, it } from "vitest";
import {
  classifyErrorCode,
  errorDetailSchema,
  KNOWN_ERROR_CODES,
  MAX_ERROR_MESSAGE_LENGTH,
} from "../../../src/contracts/error-detail.ts";
import { dataOf, EXAMPLES, type Message, withField } from "./messages.ts";

const verdict = dataOf(EXAMPLES.verdictError);

function readError(path: string, value: unknown) {
  return errorDetailSchema.safeParse(
    dataOf({ data: withField(verdict, ["error_detail", path], value)["error_detail"] }),
  );
}

describe("an error comes as a structured error_detail", () => {
  it("its code is an open string: one that nobody has heard of is read (P18)", () => {
    expect(readError("error_code", "PROVIDER_HICCUP_42").data?.error_code).toBe("PROVIDER_HICCUP_42");
  });

  it.each<[string, unknown]>([
    ["error_code", ""],
    ["error_code", "X".repeat(101)],
    ["error_code", 503],
    ["message", undefined],
    ["correlation_id", "abc"],
    ["timestamp", "today"],
    ["service", undefined],
    ["operation", undefined],
    ["details", "none"],
  ])("a bad %s is refused by name", (field, value) => {
    expect(readError(field, value).error?.issues.map((issue) => issue.path)).toEqual([[field]]);
  });

  it("a long message is cut, because the error matters more than its wording", () => {
    const message = readError("message", "m".repeat(5_000)).data?.message;
    expect(message).toHaveLength(MAX_ERROR_MESSAGE_LENGTH);
    expect(message?.endsWith("…")).toBe(true);
  });

  it("optional fields come out as null or empty", () => {
    const required: Message = {
      error_code: "TIMEOUT",
      message: "no answer in 60 s",
      correlation_id: "C0FFEE00000040008000000000000001",
      timestamp: "2026-02-07T09:15:37",
      service: "llm_provider_service",
      operation: "process_queued_request",
    };
    expect(errorDetailSchema.parse(required)).toEqual({
      ...required,
      correlation_id: "c0ffee00-0000-4000-8000-000000000001",
      timestamp: "2026-02-07T09:15:37Z",
      details: {},
      stack_trace: null,
      trace_id: null,
      span_id: null,
    });
  });
});

describe("an error code says whether asking again can help", () => {
  it.each([
    "RATE_LIMIT",
    "TIMEOUT",
    "SERVICE_UNAVAILABLE",
    "INVALID_RESPONSE",
    "QUOTA_EXCEEDED",
    "LLM_PARSING_ERROR",
  ])("%s: the next attempt may succeed", (code) => {
    expect(classifyErrorCode(code)).toBe("retryable");
  });

  it.each([
    "VALIDATION_ERROR",
    "INVALID_REQUEST",
    "RESOURCE_NOT_FOUND",
    "LLM_CONTENT_TOO_LONG",
    "LLM_INVALID_PROMPT",
    "LLM_COST_LIMIT_EXCEEDED",
  ])("%s: this question would fail again, others may not", (code) => {
    expect(classifyErrorCode(code)).toBe("permanent");
  });

  it.each([
    "AUTHENTICATION_ERROR",
    "AUTHORIZATION_ERROR",
    "INVALID_API_KEY",
    "CONFIGURATION_ERROR",
    "INVALID_CONFIGURATION",
    "LLM_CONFIGURATION_ERROR",
    "LLM_INVALID_CONFIG",
    "LLM_CALLBACK_TOPIC_MISSING",
    "MODEL_NOT_FOUND",
  ])("%s: no comparison of the batch can escape it", (code) => {
    expect(classifyErrorCode(code)).toBe("judge_unusable");
  });

  it("an unknown code is retryable", () => {
    expect(classifyErrorCode("PROVIDER_HICCUP_42")).toBe("retryable");
    expect(classifyErrorCode("")).toBe("retryable");
  });

  it("letter case and surrounding blanks do not matter", () => {
    expect(classifyErrorCode(" invalid_api_key ")).toBe("judge_unusable");
  });

  it("every known code is listed once", () => {
    expect(KNOWN_ERROR_CODES).toHaveLength(new Set(KNOWN_ERROR_CODES).size);
    expect(KNOWN_ERROR_CODES).toEqual(
      expect.arrayContaining(["UNKNOWN_ERROR", "LLM_QUEUE_FULL", "INVALID_API_KEY"]),
    );
  });
});
