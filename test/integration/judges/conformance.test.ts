import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { comparisonResultSchema } from "../../../src/contracts/comparison-result.ts";
import { classifyErrorCode } from "../../../src/contracts/error-detail.ts";
import type { AskOutcome } from "../../../src/judges/judge.ts";
import { createJudge } from "../../../src/judges/registry.ts";
import { JUDGE_NAMES } from "../../../src/settings/judge-names.ts";
import { requireSettings, type Settings } from "../../../src/settings/settings.ts";
import { essayOfAbility } from "../../fakes/known-abilities.ts";
import { WRONG_KEY } from "../../fakes/wrong-key.ts";
import { askJudge, headerOf, JUDGES, question, receivedFor } from "./judges-under-test.ts";

/** The result of a judge that answered; anything else fails the test and says what it was. */
function resultOf(outcome: AskOutcome) {
  if (outcome.kind !== "answered") throw new Error(`expected an answer, got ${JSON.stringify(outcome)}`);
  return comparisonResultSchema.parse(outcome.result);
}

describe.each(JUDGE_NAMES)("every judge, such as %s,", (name) => {
  const { answers } = JUDGES[name];

  it("bears the name by which it is chosen", () => {
    expect(createJudge(requireSettings(env), name).name).toBe(name);
  });

  it("has one outcome for each question, in their order", async () => {
    const asks = Array.from({ length: 7 }, () => question());
    const outcomes = await createJudge(requireSettings(env), name).ask(asks);
    expect(outcomes.map(({ kind }) => kind)).toEqual(asks.map(() => (answers ? "answered" : "submitted")));
    if (!answers) return;
    const ids = outcomes.map((outcome) => resultOf(outcome).correlation_id);
    expect(ids).toEqual(asks.map(({ comparisonId }) => comparisonId));
  });

  it("has nothing to say about no question", async () => {
    expect(await createJudge(requireSettings(env), name).ask([])).toEqual([]);
  });
});

const LANGUAGE_MODEL_JUDGES = JUDGE_NAMES.flatMap((name) => {
  const { modelOf, key } = JUDGES[name];
  return modelOf === null ? [] : [{ name, modelOf, key }];
});

describe.each(LANGUAGE_MODEL_JUDGES)(
  "a judge that asks a language model, such as $name,",
  ({ name, modelOf }) => {
    const askModel = async (habit: string, ask = question(), changes: Partial<Settings> = {}) => {
      const put = { ...ask, model: modelOf(habit) };
      return { outcome: await askJudge(name, put, changes), put };
    };

    it("finds the better essay, whichever is shown first", async () => {
      const [strong, weak] = [essayOfAbility(20), essayOfAbility(-20)];
      const asShown = await askModel("honest", question({ first: strong, second: weak }));
      const swapped = await askModel("honest", question({ first: weak, second: strong }));
      expect(resultOf(asShown.outcome)).toMatchObject({ winner: "essay_a", confidence: 5 });
      expect(resultOf(swapped.outcome)).toMatchObject({ winner: "essay_b", confidence: 5 });
    });

    it("reports model, tokens, latency, cost and prompt", async () => {
      const prices = { [modelOf("honest")]: { input: 2, output: 10 } };
      const { outcome } = await askModel("honest", question(), { JUDGE_PRICES: prices });
      const result = resultOf(outcome);
      const { prompt_tokens, completion_tokens, total_tokens } = result.token_usage;
      expect(result).toMatchObject({ provider: name, model: modelOf("honest"), error_detail: null });
      expect(prompt_tokens).toBeGreaterThan(100);
      expect(completion_tokens).toBeGreaterThan(10);
      expect(total_tokens).toBe(prompt_tokens + completion_tokens);
      expect(result.cost_estimate).toBeCloseTo((prompt_tokens * 2 + completion_tokens * 10) / 1e6, 12);
      expect(result.request_metadata).toMatchObject({
        essay_a_id: "ANCHOR_1",
        prompt_version: "2",
        prompt_sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
        cost_basis: "configured",
        requests: 1,
      });
    });

    it("says so when it does not know what an answer costs", async () => {
      const result = resultOf((await askModel("honest")).outcome);
      expect(result.cost_estimate).toBe(0);
      expect(result.request_metadata).toMatchObject({ cost_basis: "unknown" });
    });

    it("shows nothing that identifies the essays, the batch or the comparison", async () => {
      const { put } = await askModel("honest");
      const [{ body }] = await receivedFor(put);
      const shown = JSON.stringify(body);
      for (const id of ["ANCHOR_1", "essay-secret-2", "bos-batch-7", put.comparisonId]) {
        expect(shown).not.toContain(id);
      }
    });

    it("wants every answer anew: no cache of a gateway in between, and no essays in its logs", async () => {
      const { put } = await askModel("malformed-once");
      const requests = await receivedFor(put);
      expect(requests).toHaveLength(2);
      for (const request of requests) {
        expect(headerOf(request, "cf-aig-skip-cache")).toBe("true");
        expect(headerOf(request, "cf-aig-collect-log-payload")).toBe("false");
      }
    });

    describe("what the request may change", () => {
      it("takes the question's model before an override and an override before the default", async () => {
        const overridden = question({ overrides: { model_override: modelOf("always-second") } });
        const chosen = { ...overridden, model: modelOf("always-first") };
        expect(resultOf(await askJudge(name, overridden)).winner).toBe("essay_b");
        expect(resultOf(await askJudge(name, chosen)).winner).toBe("essay_a");
        expect(resultOf(await askJudge(name, question())).model).toBe(modelOf("honest"));
      });

      it("keeps a temperature of 0, and sends none that nobody asked for", async () => {
        const { put: cold } = await askModel("honest", question({ overrides: { temperature_override: 0 } }));
        const { put: plain } = await askModel("honest");
        const { put: set } = await askModel("honest", question(), { JUDGE_TEMPERATURE: 0.3 });
        const temperatures = await Promise.all(
          [cold, plain, set].map(async (put) => (await receivedFor(put))[0].body["temperature"]),
        );
        expect(temperatures).toEqual([0, undefined, 0.3]);
      });

      it("replaces the system prompt, and notes the other prompt by its hash", async () => {
        const overrides = { system_prompt_override: "You judge handwriting samples." };
        const other = await askModel("honest", question({ overrides }));
        const [{ body }] = await receivedFor(other.put);
        expect(JSON.stringify(body)).toContain("You judge handwriting samples.");
        const hashes = [other.outcome, (await askModel("honest")).outcome].map(
          (outcome) => resultOf(outcome).request_metadata["prompt_sha256"],
        );
        expect(hashes[0]).not.toBe(hashes[1]);
      });

      it("limits the answer's length", async () => {
        const { put } = await askModel("honest", question({ overrides: { max_tokens_override: 321 } }));
        const { body } = (await receivedFor(put))[0];
        expect(body["max_tokens"] ?? body["max_completion_tokens"]).toBe(321);
      });
    });

    describe("an answer that cannot be used", () => {
      it("is asked for once more, with what was wrong, and both are paid for", async () => {
        const once = resultOf((await askModel("honest")).outcome);
        const { outcome, put } = await askModel("malformed-once");
        const result = resultOf(outcome);
        expect(result.winner).toBe("essay_a");
        expect(result.request_metadata).toMatchObject({ requests: 2 });
        expect(result.token_usage.prompt_tokens).toBeGreaterThan(1.9 * once.token_usage.prompt_tokens);
        const turns = (await receivedFor(put))[1].body.messages.filter(({ role }) => role !== "system");
        expect(turns.map(({ role }) => role)).toEqual(["user", "assistant", "user"]);
        expect(turns[2].content).toContain("not a JSON object");
      });

      it.each([
        ["malformed", "LLM_INVALID_RESPONSE"],
        ["third-winner", "LLM_INVALID_RESPONSE"],
        ["cut-off", "LLM_OUTPUT_TRUNCATED"],
      ])("twice (%s) is a failed verdict with a code of its own", async (habit, code) => {
        const { outcome, put } = await askModel(habit);
        const result = resultOf(outcome);
        expect(result).toMatchObject({ winner: null, error_detail: { error_code: code } });
        expect(result.token_usage.completion_tokens).toBeGreaterThan(0);
        expect(classifyErrorCode(code)).toBe("retryable");
        expect(await receivedFor(put)).toHaveLength(2);
      });

      it("because it was cut off gets twice the room", async () => {
        const { outcome, put } = await askModel("cut-off-once", question(), { JUDGE_MAX_OUTPUT_TOKENS: 100 });
        expect(resultOf(outcome).winner).toBe("essay_a");
        const limits = (await receivedFor(put)).map(({ body }) => body["max_tokens"]);
        expect(limits).toEqual([100, 200]);
      });

      it("is not one with words around it", async () => {
        const { outcome, put } = await askModel("talkative");
        expect(resultOf(outcome).winner).toBe("essay_a");
        expect(await receivedFor(put)).toHaveLength(1);
      });
    });

    it("does not argue with a model that declines", async () => {
      const { outcome, put } = await askModel("declines");
      const code = resultOf(outcome).error_detail?.error_code ?? "";
      // Workers AI has no word for a refusal in its older form: there it is an answer that cannot be used.
      expect(["LLM_REFUSAL", "LLM_INVALID_RESPONSE"]).toContain(code);
      if (code === "LLM_REFUSAL") expect(await receivedFor(put)).toHaveLength(1);
    });

    describe("a provider that cannot answer now", () => {
      it.each([
        ["busy", "RATE_LIMIT", 7],
        ["broken", "EXTERNAL_SERVICE_ERROR", null],
        ["overloaded", "SERVICE_UNAVAILABLE", 3],
        ["out-of-credit", "QUOTA_EXCEEDED", null],
      ])(
        "(%s) is asked again later, after the time that it names",
        async (habit, errorCode, retryAfterSeconds) => {
          const { outcome, put } = await askModel(habit);
          expect(outcome).toMatchObject({ kind: "unavailable", errorCode, retryAfterSeconds });
          expect(await receivedFor(put)).toHaveLength(1);
        },
      );

      it("is not waited for beyond the timeout", async () => {
        const { outcome } = await askModel("slow", question(), { LLM_REQUEST_TIMEOUT_SECONDS: 1 });
        expect(outcome).toMatchObject({ kind: "unavailable", errorCode: "TIMEOUT" });
      });

      it("may close the connection in the middle of its answer", async () => {
        const { outcome } = await askModel("hangs-up");
        expect(outcome).toMatchObject({ kind: "unavailable", errorCode: "CONNECTION_ERROR" });
      });
    });

    describe("what asking again cannot change", () => {
      it("fails every question of the batch when the model does not exist", async () => {
        const { outcome } = await askModel("unknown");
        expect(outcome).toMatchObject({
          kind: "refused",
          errorCode: "MODEL_NOT_FOUND",
          message: expect.stringContaining(modelOf("unknown")),
        });
        expect(classifyErrorCode("MODEL_NOT_FOUND")).toBe("judge_unusable");
      });

      it("fails every question of the batch when the model takes no temperature but the request insists on one", async () => {
        const insisting = question({ overrides: { temperature_override: 0 } });
        const { outcome } = await askModel("no-temperature", insisting);
        expect(outcome).toMatchObject({ kind: "refused", errorCode: "LLM_INVALID_CONFIG" });
        expect(classifyErrorCode("LLM_INVALID_CONFIG")).toBe("judge_unusable");
        expect(resultOf((await askModel("no-temperature")).outcome).winner).toBe("essay_a");
      });

      it("fails this question alone when its essays are too long", async () => {
        const { outcome } = await askModel("too-long");
        expect(outcome).toMatchObject({ kind: "refused", errorCode: "LLM_CONTENT_TOO_LONG" });
        expect(classifyErrorCode("LLM_CONTENT_TOO_LONG")).toBe("permanent");
      });

      it("never repeats what a provider says: it may quote the essays", async () => {
        for (const habit of ["unknown", "too-long", "busy", "broken", "malformed", "declines", "web-page"]) {
          const { outcome, put } = await askModel(habit);
          const { request_metadata, ...result } =
            outcome.kind === "answered" ? outcome.result : { request_metadata: null, ...outcome };
          expect(JSON.stringify(result)).not.toContain(put.prompt.first);
          expect(JSON.stringify(result)).not.toContain("It is");
        }
      });
    });

    it("takes a page that is no answer for a failed verdict", async () => {
      const { outcome } = await askModel("web-page");
      expect(outcome).toMatchObject({ kind: "refused", errorCode: "INVALID_RESPONSE" });
      expect(classifyErrorCode("INVALID_RESPONSE")).toBe("retryable");
    });

    it("does without structured output where a model has none, and remembers it", async () => {
      const first = await askModel("no-schema");
      const second = await askModel("no-schema");
      expect(resultOf(first.outcome).winner).toBe("essay_a");
      expect(await receivedFor(first.put)).toHaveLength(2);
      expect(resultOf(second.outcome).winner).toBe("essay_a");
      expect(await receivedFor(second.put)).toHaveLength(1);
    });
  },
);

describe.each(LANGUAGE_MODEL_JUDGES.filter(({ key }) => key !== null))(
  "a judge with a key, such as $name,",
  ({ name, key }) => {
    it("fails every question of the batch when the key is refused, and never shows it", async () => {
      const outcome = await askJudge(name, question(), { [String(key)]: WRONG_KEY });
      expect(outcome).toMatchObject({ kind: "refused", errorCode: "AUTHENTICATION_ERROR" });
      expect(classifyErrorCode("AUTHENTICATION_ERROR")).toBe("judge_unusable");
      expect(JSON.stringify(outcome)).not.toContain(WRONG_KEY);
      // How the provider's own message quotes it.
      expect(JSON.stringify(outcome)).not.toContain("wro**key");
    });
  },
);

describe("an OpenAI model that takes only max_completion_tokens", () => {
  it("is given that, after one refusal", async () => {
    const ask = { ...question(), model: "new-token-limit" };
    expect(resultOf(await askJudge("openai-compatible", ask)).winner).toBe("essay_a");
    const limits = (await receivedFor(ask)).map(({ body }) => [
      body["max_tokens"],
      body["max_completion_tokens"],
    ]);
    expect(limits).toEqual([
      [4_000, undefined],
      [undefined, 4_000],
    ]);
  });
});

describe("Workers AI", () => {
  it("reads models that answer in chat completions", async () => {
    const ask = { ...question(), model: "@cf/openai/honest" };
    expect(resultOf(await askJudge("workers-ai", ask)).winner).toBe("essay_a");
  });

  it("goes through an AI Gateway when told to, past its cache", async () => {
    const ask = question();
    await askJudge("workers-ai", ask, { WORKERS_AI_GATEWAY: "essays" });
    const [request] = await receivedFor(ask);
    expect(headerOf(request, "mf-url") ?? "").toContain("ai-gateway");
  });

  it("without the binding of an account says what is needed", async () => {
    const outcome = await askJudge("workers-ai", question(), { AI: undefined });
    expect(outcome).toMatchObject({ kind: "refused", errorCode: "CONFIGURATION_ERROR" });
  });
});

describe("a provider that is not there", () => {
  it.each([
    ["openai-compatible", { OPENAI_COMPATIBLE_BASE_URL: "http://127.0.0.1:9/v1" }],
    ["anthropic", { ANTHROPIC_BASE_URL: "http://127.0.0.1:9/v1" }],
  ] as const)("(%s) is asked again later", async (name, changes) => {
    expect(await askJudge(name, question(), changes)).toMatchObject({
      kind: "unavailable",
      errorCode: "CONNECTION_ERROR",
    });
  });

  it.each([
    ["openai-compatible", "OPENAI_COMPATIBLE_BASE_URL"],
    ["anthropic", "ANTHROPIC_BASE_URL"],
  ] as const)(
    "(%s) at this path fails the question, and says that the base URL is wrong",
    async (name, setting) => {
      const wrong = `${requireSettings(env)[setting]}/v9`;
      const outcome = await askJudge(name, question(), { [setting]: wrong });
      expect(outcome).toMatchObject({ kind: "refused", errorCode: "RESOURCE_NOT_FOUND" });
    },
  );
});
