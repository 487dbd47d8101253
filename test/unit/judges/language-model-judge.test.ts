import { afterEach, describe, expect, it, vi } from "vitest";
import type { Ask } from "../../../src/judges/judge.ts";
import type {
  CompletionOutcome,
  CompletionRequest,
  LanguageModel,
} from "../../../src/judges/language-model/language-model.ts";
import { createLanguageModelJudge } from "../../../src/judges/language-model/language-model-judge.ts";
import { requireSettings } from "../../../src/settings/settings.ts";

const VERDICT = '{"winner": "Essay A", "justification": "Clearer.", "confidence": 3}';
const settings = requireSettings({ ENVIRONMENT: "development" });

afterEach(() => {
  vi.useRealTimers();
});

function completion(text: string): CompletionOutcome {
  const usage = { promptTokens: 1_000, completionTokens: 50 };
  return { kind: "completed", text, finish: "done", model: null, requestId: null, usage };
}

/** A provider that says one thing after the other, the last for ever. */
function saying(...outcomes: readonly (CompletionOutcome | Error)[]) {
  const requests: CompletionRequest[] = [];
  const languageModel: LanguageModel = {
    provider: "test",
    async complete(request) {
      requests.push(request);
      const outcome = outcomes[Math.min(requests.length, outcomes.length) - 1];
      if (outcome instanceof Error) throw outcome;
      return outcome;
    },
  };
  return { languageModel, requests };
}

function judgeOf(languageModel: LanguageModel, defaultModel: string | null = "m") {
  return createLanguageModelJudge({ name: "anthropic", languageModel, settings, defaultModel });
}

function askOf(k = 0): Ask {
  return {
    comparisonId: `00886429-8e84-8a96-b004-99c9f4cfede${k}`,
    prompt: {
      studentPrompt: null,
      instructions: null,
      rubric: null,
      language: "en",
      first: "One.",
      second: "Two.",
    },
    model: null,
    overrides: null,
    metadata: {},
  };
}

const busy: CompletionOutcome = {
  kind: "unavailable",
  errorCode: "RATE_LIMIT",
  message: "busy",
  retryAfterSeconds: 9,
};

describe("a judge that asks a language model", () => {
  it("puts at most three questions at once: a Worker waits for six connections, and two messages share them", async () => {
    let open = 0;
    let most = 0;
    const languageModel: LanguageModel = {
      provider: "test",
      async complete() {
        open += 1;
        most = Math.max(most, open);
        await new Promise((resolve) => setTimeout(resolve, 5));
        open -= 1;
        return completion(VERDICT);
      },
    };
    const outcomes = await judgeOf(languageModel).ask(Array.from({ length: 10 }, (_, k) => askOf(k)));
    expect(outcomes.map(({ kind }) => kind)).toEqual(Array.from({ length: 10 }, () => "answered"));
    expect(most).toBe(3);
  });

  it("begins no question after four minutes, so that no answer is lost with the consumer's 15 minutes", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: 0 });
    const languageModel: LanguageModel = {
      provider: "test",
      async complete() {
        vi.setSystemTime(Date.now() + 100_000);
        return completion(VERDICT);
      },
    };
    const outcomes = await judgeOf(languageModel).ask(Array.from({ length: 6 }, (_, k) => askOf(k)));
    const answered = outcomes.filter(({ kind }) => kind === "answered");
    expect(answered.length).toBeGreaterThanOrEqual(3);
    expect(answered.length).toBeLessThan(6);
    expect(outcomes.at(-1)).toMatchObject({ kind: "unavailable", errorCode: "TIMEOUT" });
  });

  it("records a paid answer that cannot be used even when the second one cannot be had", async () => {
    const { languageModel } = saying(completion("no verdict"), busy);
    const [outcome] = await judgeOf(languageModel).ask([askOf()]);
    expect(outcome).toMatchObject({
      kind: "answered",
      result: {
        winner: null,
        error_detail: { error_code: "LLM_INVALID_RESPONSE" },
        token_usage: { prompt_tokens: 1_000, completion_tokens: 50 },
      },
    });
  });

  it("waits for a provider that is away, for as long as it asks", async () => {
    const { languageModel, requests } = saying(busy);
    expect(await judgeOf(languageModel).ask([askOf()])).toEqual([busy]);
    expect(requests).toHaveLength(1);
  });

  it.each([
    [new DOMException("The operation timed out", "TimeoutError"), "TIMEOUT"],
    [new TypeError("fetch failed: key sk-secret"), "CONNECTION_ERROR"],
  ])("takes what the network throws for a provider that is away (%s)", async (error, errorCode) => {
    const [outcome] = await judgeOf(saying(error).languageModel).ask([askOf()]);
    expect(outcome).toMatchObject({ kind: "unavailable", errorCode });
    expect(JSON.stringify(outcome)).not.toContain("sk-secret");
  });

  it("cannot ask without a model", async () => {
    const { languageModel, requests } = saying(completion(VERDICT));
    const [outcome] = await judgeOf(languageModel, null).ask([askOf()]);
    expect(outcome).toMatchObject({ kind: "refused", errorCode: "CONFIGURATION_ERROR" });
    expect(requests).toEqual([]);
  });
});
