import { describe, expect, it } from "vitest";
import { classifyErrorCode } from "../../../src/contracts/error-detail.ts";
import { readProviderError, sortProviderError } from "../../../src/judges/language-model/provider-answer.ts";
import { readWorkersAiError } from "../../../src/judges/workers-ai/workers-ai-error.ts";

/** How a judge takes an error answer with this body. */
function sort(status: number, body: unknown, headers: Record<string, string> = {}) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return sortProviderError(readProviderError(new Response(null, { status, headers }), text), "j", "m-1");
}

const openai = (code: string | null, message: string) => ({
  error: { message, type: "invalid_request_error", code },
});
const anthropic = (type: string, message: string) => ({ type: "error", error: { type, message } });

describe("a model that a provider does not have", () => {
  it.each([
    [
      "OpenAI",
      404,
      openai("model_not_found", "The model `m-1` does not exist or you do not have access to it."),
    ],
    ["Anthropic", 404, anthropic("not_found_error", "model: m-1")],
    ["Mistral", 400, { object: "error", message: "Invalid model: m-1", type: "invalid_model", code: "1500" }],
    ["Ollama", 404, { error: { message: 'model "m-1" not found, try pulling it first', type: "api_error" } }],
    ["Ollama's older form", 404, { error: "model 'm-1' not found" }],
    [
      "vLLM",
      404,
      { object: "error", message: "The model `m-1` does not exist.", type: "NotFoundError", code: 404 },
    ],
  ])("makes the judge unusable: %s", (_, status, body) => {
    const outcome = sort(status, body);
    expect(outcome).toMatchObject({ kind: "refused", errorCode: "MODEL_NOT_FOUND" });
    expect(classifyErrorCode(outcome.errorCode)).toBe("judge_unusable");
    expect(outcome.message).toContain('"m-1"');
  });

  it.each([3_042, 5_007])("makes it unusable by Workers AI's own code %i", (internalCode) => {
    const body = JSON.stringify({ internalCode, description: "No such model" });
    const error = readWorkersAiError(new Response(null, { status: 400 }), body);
    expect(sortProviderError(error, "workers-ai", "m").errorCode).toBe("MODEL_NOT_FOUND");
  });
});

describe("an error of a provider", () => {
  it.each([
    [
      "a wrong key",
      401,
      openai("invalid_api_key", "Incorrect API key provided."),
      "AUTHENTICATION_ERROR",
      "judge_unusable",
    ],
    [
      "a key without rights",
      403,
      anthropic("permission_error", "No."),
      "AUTHORIZATION_ERROR",
      "judge_unusable",
    ],
    ["a page of a proxy", 404, "<html>nothing here</html>", "RESOURCE_NOT_FOUND", "permanent"],
    [
      "a long prompt",
      400,
      openai("context_length_exceeded", "maximum context length"),
      "LLM_CONTENT_TOO_LONG",
      "permanent",
    ],
    [
      "a body too large",
      413,
      anthropic("request_too_large", "Request exceeds"),
      "LLM_CONTENT_TOO_LONG",
      "permanent",
    ],
    [
      "a content filter",
      400,
      openai("content_filter", "The response was filtered"),
      "LLM_REFUSAL",
      "permanent",
    ],
    [
      "a request it does not know",
      422,
      { detail: [{ msg: "field required" }] },
      "INVALID_REQUEST",
      "permanent",
    ],
    [
      "an effort it does not have",
      400,
      openai(null, "Unsupported value: 'reasoning_effort'"),
      "LLM_INVALID_CONFIG",
      "judge_unusable",
    ],
  ])("%s is refused, and classed", (_, status, body, code, errorClass) => {
    expect(sort(status, body)).toMatchObject({ kind: "refused", errorCode: code });
    expect(classifyErrorCode(code)).toBe(errorClass);
  });

  it.each([
    ["too many requests", 429, openai("rate_limit_exceeded", "Rate limit"), "RATE_LIMIT"],
    ["no quota", 429, openai("insufficient_quota", "You exceeded your quota"), "QUOTA_EXCEEDED"],
    [
      "no credit",
      400,
      anthropic("invalid_request_error", "Your credit balance is too low"),
      "QUOTA_EXCEEDED",
    ],
    ["payment required", 402, "", "QUOTA_EXCEEDED"],
    ["overloaded", 529, anthropic("overloaded_error", "Overloaded"), "SERVICE_UNAVAILABLE"],
    ["a bad gateway", 502, "<html>502</html>", "SERVICE_UNAVAILABLE"],
    ["a timeout upstream", 504, "", "TIMEOUT"],
    ["a broken server", 500, "oops", "EXTERNAL_SERVICE_ERROR"],
    ["what nobody knows", 418, "", "EXTERNAL_SERVICE_ERROR"],
  ])("%s may pass", (_, status, body, code) => {
    expect(sort(status, body, { "retry-after": "12" })).toMatchObject({
      kind: "unavailable",
      errorCode: code,
      retryAfterSeconds: 12,
    });
  });

  it("may name the time to come back as a date", () => {
    const at = new Date(Date.now() + 60_000).toUTCString();
    const outcome = sort(429, "", { "retry-after": at });
    expect(outcome).toMatchObject({ retryAfterSeconds: expect.any(Number) });
    expect(JSON.stringify(outcome)).toMatch(/"retryAfterSeconds":(59|60|61)\b/);
  });

  it("is told with its own code, when that is a code, and never with its words", () => {
    expect(sort(500, openai("server_error", "Essay: my secret")).message).toBe(
      "The judge j answered 500 (server_error).",
    );
    expect(sort(500, openai("my secret essay text", "x")).message).toBe("The judge j answered 500.");
  });
});
