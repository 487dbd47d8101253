import { describe, expect, it } from "vitest";
import {
  llmComparisonRequestSchema,
  llmQueuedResponseSchema,
} from "../../../src/contracts/comparison-request.ts";
import {
  comparisonResultSchema,
  MAX_JUSTIFICATION_LENGTH,
} from "../../../src/contracts/comparison-result.ts";
import { violationsOf } from "../../../src/contracts/contract-violation.ts";
import { dataOf, EXAMPLES, type Message, withField } from "./messages.ts";

const verdict = dataOf(EXAMPLES.verdict);
const failure = dataOf(EXAMPLES.verdictError);

function refusals(message: Message) {
  const { error } = comparisonResultSchema.safeParse(message);
  return error === undefined ? [] : violationsOf(error);
}

describe("the winner of a comparison", () => {
  it.each([
    ["Essay A", "essay_a"],
    ["Essay B", "essay_b"],
    ["essay_a", "essay_a"],
    ["essay_b", "essay_b"],
    ["ESSAY_B", "essay_b"],
    ["essay a", "essay_a"],
    [" Essay B ", "essay_b"],
  ])("%j is read as %s (P17)", (spelled, winner) => {
    expect(comparisonResultSchema.parse({ ...verdict, winner: spelled }).winner).toBe(winner);
  });

  it.each(["A", "tie", "error", "", "essay_c", "Essay A or Essay B", 1, true])("%j is refused", (winner) => {
    expect(refusals({ ...verdict, winner }).map(({ field }) => field)).toContain("winner");
  });

  it("a refusal names what was expected and what came", () => {
    expect(refusals({ ...verdict, winner: "tie" }).at(0)?.message).toBe(
      'expected "Essay A" or "Essay B" (or "essay_a", "essay_b"), got "tie"',
    );
  });

  it("or an error, but not both and not neither", () => {
    const exactlyOne = [{ field: "winner", message: "expected exactly one of winner and error_detail" }];
    expect(refusals({ ...verdict, error_detail: failure["error_detail"] })).toEqual(exactlyOne);
    expect(refusals({ ...verdict, winner: null })).toEqual(exactlyOne);
    expect(refusals(withField(verdict, ["winner"], undefined))).toEqual(exactlyOne);
    expect(refusals(failure)).toEqual([]);
  });

  it("error_message is no error: only structured error_detail counts", () => {
    expect(refusals({ ...failure, error_detail: null, error_message: "it failed" })).toHaveLength(1);
  });
});

describe("what comes with a verdict", () => {
  it.each([1, 4.2, 5, null])("a confidence of %j is read", (confidence) => {
    expect(comparisonResultSchema.parse({ ...verdict, confidence }).confidence).toBe(confidence);
  });

  it.each([0, 0.99, 5.01, -1, "4"])("a confidence of %j is refused: it is another scale", (confidence) => {
    expect(refusals({ ...verdict, confidence }).map(({ field }) => field)).toEqual(["confidence"]);
  });

  it("a missing justification or confidence loses nothing, so neither does the verdict", () => {
    const bare = withField(withField(verdict, ["justification"], undefined), ["confidence"], undefined);
    expect(comparisonResultSchema.parse(bare)).toMatchObject({
      winner: "essay_b",
      justification: null,
      confidence: null,
    });
  });

  it("a long justification is cut to 500 characters instead of losing the verdict", () => {
    const read = comparisonResultSchema.parse({ ...verdict, justification: "because ".repeat(120) });
    expect(read.justification).toHaveLength(MAX_JUSTIFICATION_LENGTH);
    expect(read.justification?.endsWith("…")).toBe(true);
    expect(read.winner).toBe("essay_b");
  });

  it("characters are counted as the original counts them, and none is cut in half", () => {
    const exact = "🙂".repeat(MAX_JUSTIFICATION_LENGTH);
    expect(comparisonResultSchema.parse({ ...verdict, justification: exact }).justification).toBe(exact);
    const cut = comparisonResultSchema.parse({ ...verdict, justification: `${exact}🙂` }).justification;
    expect(cut).toBe(`${"🙂".repeat(MAX_JUSTIFICATION_LENGTH - 1)}…`);
  });

  it("the provider is an open name", () => {
    expect(comparisonResultSchema.parse({ ...verdict, provider: "teacher-panel" }).provider).toBe(
      "teacher-panel",
    );
  });

  it("tokens that nobody counted are 0", () => {
    const none = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 };
    expect(comparisonResultSchema.parse(withField(verdict, ["token_usage"], undefined)).token_usage).toEqual(
      none,
    );
    expect(
      comparisonResultSchema.parse({ ...verdict, token_usage: { total_tokens: 9 } }).token_usage,
    ).toEqual({
      ...none,
      total_tokens: 9,
    });
  });

  it("unknown fields are ignored", () => {
    expect(comparisonResultSchema.parse({ ...verdict, mood: "good" })).not.toHaveProperty("mood");
  });

  it("what was read can be written and read again unchanged", () => {
    for (const message of [verdict, failure, { ...verdict, justification: "j".repeat(900) }]) {
      const once = comparisonResultSchema.parse(message);
      expect(comparisonResultSchema.parse(JSON.parse(JSON.stringify(once)))).toEqual(once);
    }
  });

  it.each<[string, unknown]>([
    ["request_id", undefined],
    ["correlation_id", undefined],
    ["correlation_id", "pair-1"],
    ["provider", ""],
    ["model", null],
    ["response_time_ms", -1],
    ["response_time_ms", 1.5],
    ["cost_estimate", -0.01],
    ["cost_estimate", undefined],
    ["requested_at", "then"],
    ["completed_at", undefined],
    ["token_usage", 1500],
    ["request_metadata", []],
  ])("a bad %s (%j) is refused by name", (field, value) => {
    expect(refusals(withField(verdict, [field], value)).map((refusal) => refusal.field)).toEqual([field]);
  });
});

describe("what is posted to the provider service", () => {
  it.each<[(string | number)[], unknown]>([
    [["user_prompt"], ""],
    [["callback_topic"], undefined],
    [["correlation_id"], "pair-1"],
    [["prompt_blocks", 0, "target"], "assistant"],
    [["prompt_blocks", 0, "ttl"], "2h"],
    [["llm_config_overrides", "provider_override"], undefined],
    [["llm_config_overrides", "reasoning_effort"], "extreme"],
    [["llm_config_overrides", "temperature_override"], 3],
    [["priority"], 1],
  ])("cannot be built when %j is %j", (path, value) => {
    const built = llmComparisonRequestSchema.safeParse(withField(EXAMPLES.comparisonRequest, path, value));
    expect(built.error?.issues).toHaveLength(1);
  });

  it("keeps a temperature of 0", () => {
    const cold = withField(EXAMPLES.comparisonRequest, ["llm_config_overrides", "temperature_override"], 0);
    expect(llmComparisonRequestSchema.parse(cold).llm_config_overrides?.temperature_override).toBe(0);
  });
});

describe("the provider's acceptance", () => {
  it("needs a queue_id and nothing else", () => {
    expect(llmQueuedResponseSchema.parse({ queue_id: "q-1" }).queue_id).toBe("q-1");
    expect(llmQueuedResponseSchema.safeParse({ status: "queued" }).success).toBe(false);
    expect(llmQueuedResponseSchema.safeParse({ queue_id: "" }).success).toBe(false);
  });

  it("drops a wait that is not a number", () => {
    const read = llmQueuedResponseSchema.parse({ queue_id: "q-1", estimated_wait_minutes: "soon" });
    expect(read.estimated_wait_minutes).toBeNull();
  });
});
