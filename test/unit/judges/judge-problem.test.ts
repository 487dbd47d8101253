import { describe, expect, it } from "vitest";
import { judgeProblem, takesModel } from "../../../src/judges/judge-problem.ts";
import { JUDGE_NAMES } from "../../../src/settings/judge-names.ts";
import { requireSettings } from "../../../src/settings/settings.ts";

const AI = { run: async () => new Response() };
const MODELS = {
  OPENAI_COMPATIBLE_MODEL: "default-model",
  ANTHROPIC_MODEL: "default-model",
  WORKERS_AI_MODEL: "default-model",
};
const KEYS = {
  LLM_PROVIDER_SERVICE_URL: "https://llm.example",
  OPENAI_COMPATIBLE_API_KEY: "secret-key",
  ANTHROPIC_API_KEY: "secret-key",
  AI,
};
const WITH_MODELS = JUDGE_NAMES.filter(takesModel);
const WITHOUT_MODELS = JUDGE_NAMES.filter((name) => !takesModel(name));

function problemOf(judge: string, variables: object, model: string | null = null): string | null {
  return judgeProblem(requireSettings({ ENVIRONMENT: "development", ...variables }), judge, model);
}

describe("a judge that this deployment does not have", () => {
  it("is named with those that there are", () => {
    expect(problemOf("oracle", {})).toBe(
      `There is no judge "oracle"; the judges are ${JUDGE_NAMES.join(", ")}.`,
    );
  });

  it.each([
    ["provider-service", "LLM_PROVIDER_SERVICE_URL", {}],
    ["openai-compatible", "OPENAI_COMPATIBLE_API_KEY", {}],
    [
      "openai-compatible",
      "OPENAI_COMPATIBLE_API_KEY",
      { OPENAI_COMPATIBLE_BASE_URL: "https://llm.example/v1" },
    ],
    ["anthropic", "ANTHROPIC_API_KEY", {}],
  ])("(%s) says that it needs %s", (judge, missing, variables) => {
    const problem = problemOf(judge, { ...MODELS, ...variables });
    expect(problem).toContain(`The judge ${judge} needs ${missing}`);
    expect(problem).toContain("set it (on your own machine in .dev.vars), or choose another judge");
  });

  it.each([{}, { AI, WORKERS_AI: "off" }])("says how Workers AI is had where it is not: %j", (variables) => {
    const problem = problemOf("workers-ai", { ...MODELS, ...variables });
    expect(problem).toContain("The judge workers-ai needs the binding AI");
    expect(problem).toContain("npx wrangler login");
  });

  it("needs no key for a service on the own machine or in the own network", () => {
    const ollama = {
      OPENAI_COMPATIBLE_BASE_URL: "http://127.0.0.1:11434/v1",
      OPENAI_COMPATIBLE_MODEL: "llama",
    };
    expect(problemOf("openai-compatible", ollama)).toBeNull();
  });
});

describe("a judge that is configured", () => {
  it.each(JUDGE_NAMES)("can be chosen: %s", (judge) => {
    expect(problemOf(judge, { ...KEYS, ...MODELS })).toBeNull();
  });

  it("never gives its key away when something else is wrong", () => {
    for (const judge of WITH_MODELS) {
      const problem = problemOf(judge, { ...KEYS, JUDGE_MODELS: "another" });
      expect(problem).not.toBeNull();
      expect(problem).not.toContain("secret-key");
    }
  });
});

describe("the model of a batch", () => {
  it.each([
    ["openai-compatible", "OPENAI_COMPATIBLE_MODEL"],
    ["anthropic", "ANTHROPIC_MODEL"],
    ["workers-ai", "WORKERS_AI_MODEL"],
  ])("must come with the batch or from the settings: %s", (judge, setting) => {
    expect(problemOf(judge, KEYS)).toContain(`set ${setting}`);
    expect(problemOf(judge, KEYS, "chosen")).toBeNull();
  });

  it.each(WITH_MODELS)("can be any as long as JUDGE_MODELS is not set: %s", (judge) => {
    expect(problemOf(judge, { ...KEYS, ...MODELS }, "new-and-unheard-of")).toBeNull();
  });

  it.each(WITH_MODELS)("must be one of JUDGE_MODELS, chosen or by default: %s", (judge) => {
    const settings = { ...KEYS, ...MODELS, DEFAULT_LLM_MODEL: "default-model", JUDGE_MODELS: "good, better" };
    expect(problemOf(judge, settings, "better")).toBeNull();
    expect(problemOf(judge, settings, "bettter")).toMatch(
      /"bettter" is not among .*JUDGE_MODELS.*good, better/,
    );
    expect(problemOf(judge, settings)).toContain('"default-model" is not among');
  });

  it.each(WITHOUT_MODELS)("is refused where there is none to choose: %s", (judge) => {
    expect(problemOf(judge, {}, "gpt")).toContain(`The judge ${judge} has no models to choose from`);
  });
});
