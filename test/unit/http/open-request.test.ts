import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PAIRING_STRATEGIES } from "../../../src/batch/batch.ts";
import { pairingSchema } from "../../../src/contracts/api/batch.ts";
import { MAX_BUDGET, openBatchRequestSchema } from "../../../src/contracts/api/open-batch.ts";
import { findRefusal, toOpenRequest } from "../../../src/http/batches/open-request.ts";
import { MAX_COMPARISONS, MAX_ESSAYS } from "../../../src/pairing/index.ts";
import { requireSettings } from "../../../src/settings/settings.ts";

const settings = requireSettings({ ENVIRONMENT: "development", DEFAULT_JUDGE: "offline" });

const TWO = [
  { essay_id: "anna", text: "One." },
  { essay_id: "bo", text: "Two." },
];

function essays(count: number) {
  return Array.from({ length: count }, (_, k) => ({ essay_id: `e${k}`, text: "Text." }));
}

function faultsOf(body: object): string[] {
  const parsed = openBatchRequestSchema.safeParse({ essays: TWO, ...body });
  return parsed.success
    ? []
    : parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
}

function open(body: object, identity: object = {}) {
  const request = openBatchRequestSchema.parse({ essays: TWO, ...body });
  const defaults = { batchId: "0123456789abc", caller: "school", correlationId: "c-1", now: 1_000 };
  return toOpenRequest(settings, request, null, { ...defaults, ...identity });
}

describe("a request to open a batch", () => {
  it("knows the limits and strategies of the planner", () => {
    expect(MAX_BUDGET).toBe(MAX_COMPARISONS);
    expect(pairingSchema.options).toEqual(PAIRING_STRATEGIES);
    expect(faultsOf({ essays: essays(MAX_ESSAYS) })).toEqual([]);
  });

  it.each<[string, object, string]>([
    ["an empty list", { essays: [], assignment_id: "a" }, "essays: expected at least one essay"],
    ["no essays", { essays: undefined }, "essays: Invalid input: expected array, received undefined"],
    [
      "one essay",
      { essays: TWO.slice(1) },
      "essays: expected at least 2 essays, or an assignment_id whose anchors one essay can be compared with",
    ],
    ["2,001 essays", { essays: essays(2_001) }, "essays: expected at most 2000 essays in one batch"],
    [
      "an id twice",
      { essays: [...TWO, ...TWO.slice(1)] },
      'essays.2.essay_id: expected every essay id once, got "bo" again',
    ],
    [
      "an essay without text",
      { essays: [...TWO, { essay_id: "c" }] },
      "essays.2.text: expected exactly one of text and text_storage_id",
    ],
    [
      "an essay with both",
      { essays: [...TWO, { essay_id: "c", text: "x", text_storage_id: "s" }] },
      "essays.2.text: expected exactly one of text and text_storage_id",
    ],
    [
      "a blank essay",
      { essays: [...TWO, { essay_id: "c", text: " \n\t" }] },
      "essays.2.text: expected a text that is not blank",
    ],
    [
      "a long essay",
      { essays: [...TWO, { essay_id: "c", text: "å".repeat(50_001) }] },
      "essays.2.text: expected at most 100000 bytes of UTF-8, got 100002",
    ],
    [
      "a text that has no UTF-8",
      { essays: [...TWO, { essay_id: "c", text: "\ud800" }] },
      "essays.2.text: expected text without unpaired surrogates (\\ud800 to \\udfff)",
    ],
    [
      "a long prompt",
      { prompt: "x".repeat(20_001) },
      "prompt: expected at most 20000 bytes of UTF-8, got 20001",
    ],
    [
      "long instructions",
      { instructions: "x".repeat(20_001) },
      "instructions: expected at most 20000 bytes of UTF-8, got 20001",
    ],
    [
      "a correlation id that is no UUID",
      { correlation_id: "abc" },
      "correlation_id: expected a UUID such as c0ffee00-0000-4000-8000-000000000001",
    ],
    [
      "a number for a text",
      { course_code: 5 },
      "course_code: Invalid input: expected string, received number",
    ],
    ["an empty id", { bos_batch_id: "" }, "bos_batch_id: Too small: expected string to have >=1 characters"],
  ])("is refused with %s", (_name, body, fault) => {
    expect(faultsOf(body)).toContain(fault);
  });

  it.each<[string, object]>([
    ["completion_threshold_pct", { completion_threshold_pct: 100.1 }],
    ["min_success_rate_threshold", { min_success_rate_threshold: -0.1 }],
    ["max_comparisons", { max_comparisons: 0 }],
    ["max_comparisons", { max_comparisons: 32_769 }],
    ["max_comparisons", { max_comparisons: 10.5 }],
    ["max_retry_attempts", { max_retry_attempts: 16 }],
    ["batch_timeout_hours", { batch_timeout_hours: 0 }],
    ["straggler_grace_seconds", { straggler_grace_seconds: 86_401 }],
    ["judgement_timeout_minutes", { judgement_timeout_minutes: 0 }],
    ["pairing", { pairing: "best" }],
    ["balanced_rounds", { balanced_rounds: 1 }],
    ["balanced_rounds", { balanced_rounds: 2.5 }],
    ["random_share", { random_share: 1.1 }],
    ["swap_share", { swap_share: 0.6 }],
    ["min_comparisons_per_essay", { min_comparisons_per_essay: 0 }],
    ["target_reliability", { target_reliability: 0 }],
    ["target_reliability", { target_reliability: 1.01 }],
    ["score_stability", { score_stability: 0 }],
  ])("is refused with a %s out of bounds: %j", (field, config) => {
    const parsed = openBatchRequestSchema.safeParse({ essays: TWO, config });
    expect(parsed.error?.issues.map(({ path }) => path)).toEqual([["config", field]]);
  });

  it("may hold an essay of exactly 100,000 bytes", () => {
    expect(faultsOf({ essays: [...TWO, { essay_id: "c", text: "å".repeat(50_000) }] })).toEqual([]);
  });

  it("may hold fields that nobody knows, which are ignored", async () => {
    const known = await open({});
    const unknown = await open({ colour: "red", essays: TWO.map((essay) => ({ ...essay, grade: "A" })) });
    expect(unknown).toEqual(known);
  });

  it("is completed with what the service knows", async () => {
    expect(await open({})).toMatchObject({
      origin: {
        batchId: "0123456789abc",
        bosBatchId: "0123456789abc",
        caller: "school",
        userId: "school",
        source: "http",
        correlationId: "c-1",
        orgId: null,
        assignmentId: null,
        courseCode: null,
        language: "en",
        judges: [{ judge: "offline", model: null, share: 1 }],
        createdAt: 1_000,
      },
      prompt: { studentPrompt: null, instructions: null, rubric: null, overrides: null, redactNames: [] },
      essays: [
        { essayId: "anna", text: "One.", storageId: null },
        { essayId: "bo", text: "Two.", storageId: null },
      ],
      refusal: null,
    });
  });

  it("keeps what it says itself", async () => {
    const body = {
      bos_batch_id: "bos-1",
      user_id: "teacher-1",
      org_id: "school-1",
      assignment_id: "assignment-1",
      course_code: "SV2",
      language: "sv",
      judge: "external",
      prompt: "Skriv.",
      instructions: "Läs.",
      essays: [...TWO, { essay_id: "c", text_storage_id: "s-1" }],
      config: {
        max_comparisons: 7,
        pairing: "balanced_rounds",
        straggler_grace_seconds: 0,
        balanced_rounds: 3,
        random_share: 0.2,
        swap_share: 0.25,
        min_comparisons_per_essay: 1,
        target_reliability: 0.8,
        score_stability: 0.1,
      },
    };
    expect(await open(body)).toMatchObject({
      origin: {
        bosBatchId: "bos-1",
        userId: "teacher-1",
        orgId: "school-1",
        assignmentId: "assignment-1",
        courseCode: "SV2",
        language: "sv",
        judges: [{ judge: "external", model: null, share: 1 }],
      },
      prompt: { studentPrompt: "Skriv.", instructions: "Läs." },
      essays: [{}, {}, { essayId: "c", text: null, storageId: "s-1" }],
      config: {
        maxComparisons: 7,
        pairing: "balanced_rounds",
        stragglerGraceSeconds: 0,
        balancedRounds: 3,
        randomShare: 0.2,
        swapShare: 0.25,
        minComparisonsPerEssay: 1,
        targetReliability: 0.8,
        scoreStability: 0.1,
      },
    });
  });
});

describe("the fingerprint of a request", () => {
  const fingerprintOf = async (body: object, identity: object = {}) =>
    (await open(body, identity)).origin.fingerprint;

  it("is the same for the same request, whoever delivers it under whichever correlation id", async () => {
    const first = await fingerprintOf({ correlation_id: "c0ffee00-0000-4000-8000-000000000001" });
    const second = await fingerprintOf(
      { correlation_id: "c0ffee00-0000-4000-8000-000000000002" },
      { correlationId: "c-2", now: 2_000, batchId: "zzzzzzzzzzzz0".replace(/^z/, "0") },
    );
    expect(second).toBe(first);
  });

  it("takes null for absent, and no config for an empty one", async () => {
    const absent = await fingerprintOf({});
    const nulls = {
      prompt: null,
      config: { pairing: null },
      essays: TWO.map((essay) => ({ ...essay, text_storage_id: null })),
    };
    expect(await fingerprintOf(nulls)).toBe(absent);
    expect(await fingerprintOf({ config: null })).toBe(absent);
  });

  it("does not depend on the order of fields, but on the order of essays", async () => {
    const { essays: _essays, ...rest } = { essays: TWO, prompt: "p", judge: "offline" };
    expect(await fingerprintOf({ judge: "offline", prompt: "p" })).toBe(await fingerprintOf(rest));
    expect(await fingerprintOf({ essays: TWO.toReversed() })).not.toBe(await fingerprintOf({}));
  });

  it("is taken before defaults: a default that changes later does not make the old request a different one", async () => {
    expect(await fingerprintOf({ language: "en" })).not.toBe(await fingerprintOf({}));
  });

  it("differs when anything that was asked for differs", async () => {
    const variants = [
      {},
      { bos_batch_id: "b" },
      { user_id: "b" },
      { org_id: "b" },
      { assignment_id: "b" },
      { prompt: "b" },
      { instructions: "b" },
      { course_code: "b" },
      { language: "b" },
      { judge: "b" },
      { config: { max_comparisons: 1 } },
      { essays: [...TWO, { essay_id: "c", text: "x" }] },
      { essays: [...TWO, { essay_id: "c", text_storage_id: "x" }] },
    ];
    const fingerprints = await Promise.all(variants.map((body) => fingerprintOf(body)));
    expect(new Set(fingerprints).size).toBe(variants.length);
  });

  it("can be taken of any text that is accepted", async () => {
    const texts = fc.string({ unit: "binary", minLength: 1, maxLength: 50 });
    await fc.assert(
      fc.asyncProperty(texts, async (prompt) => {
        expect(await fingerprintOf({ prompt })).toMatch(/^[0-9a-f]{64}$/);
      }),
    );
  });
});

describe("what a request says about its judge", () => {
  const overrides = {
    temperature_override: 0,
    judge_rubric_override: "Judge the whole.",
    model_override: "m",
  };

  it("reaches the batch: overrides as they came, the rubric among the texts, names to be taken out", async () => {
    const { prompt } = await open({ llm_config_overrides: overrides, redact_names: ["Anna", "Bo"] });
    expect(prompt.rubric).toBe("Judge the whole.");
    expect(JSON.parse(prompt.overrides ?? "null")).toEqual(overrides);
    expect(prompt.redactNames).toEqual(["Anna", "Bo"]);
  });

  it("is part of the request's fingerprint, null or absent being the same", async () => {
    const fingerprintWith = async (body: object) => (await open(body)).origin.fingerprint;
    const plain = await fingerprintWith({ llm_config_overrides: { temperature_override: 0 } });
    const withNull = { temperature_override: 0, model_override: null };
    expect(await fingerprintWith({ llm_config_overrides: withNull, redact_names: null })).toBe(plain);
    expect(await fingerprintWith({ llm_config_overrides: { temperature_override: 1 } })).not.toBe(plain);
    expect(await fingerprintWith({ redact_names: ["Anna"] })).not.toBe(await fingerprintWith({}));
  });

  it.each([
    ["llm_config_overrides", { temperature_override: 3 }],
    ["llm_config_overrides", { max_tokens_override: 0 }],
    ["redact_names", [""]],
    ["redact_names", ["x".repeat(101)]],
    ["redact_names", Array.from({ length: 2_001 }, () => "Anna")],
  ])("has bounds: %s", (field, value) => {
    expect(openBatchRequestSchema.safeParse({ essays: TWO, [field]: value }).success).toBe(false);
  });

  it("names a model by an override, which must be allowed, unless the judge has no models", () => {
    const settings = requireSettings({
      ENVIRONMENT: "development",
      ANTHROPIC_API_KEY: "key",
      ANTHROPIC_MODEL: "good",
      JUDGE_MODELS: "good",
    });
    const refusalOf = (judge: string, model_override: string) =>
      findRefusal(
        settings,
        openBatchRequestSchema.parse({ essays: TWO, judge, llm_config_overrides: { model_override } }),
        null,
      );
    expect(refusalOf("anthropic", "good")).toBeNull();
    expect(refusalOf("anthropic", "bad")).toMatchObject({ code: "judge_unavailable" });
    expect(refusalOf("anthropic", "bad")?.detail).toContain("JUDGE_MODELS");
    expect(refusalOf("offline", "bad")).toBeNull();
  });
});

describe("a request that is well formed", () => {
  const refusalOf = (body: object, variables: object = {}) =>
    findRefusal(
      requireSettings({ ENVIRONMENT: "development", DEFAULT_JUDGE: "offline", ...variables }),
      openBatchRequestSchema.parse({ essays: TWO, ...body }),
      null,
    );

  it("is refused when there is no such judge, with the names of those there are", () => {
    const refusal = refusalOf({ judge: "oracle" });
    expect(refusal?.code).toBe("judge_unavailable");
    expect(refusal?.detail).toContain(
      "offline, openai-compatible, anthropic, workers-ai, provider-service, human, external",
    );
  });

  it("is refused when the default judge is not configured", () => {
    const refusal = refusalOf({}, { DEFAULT_JUDGE: "provider-service" });
    expect(refusal?.code).toBe("judge_unavailable");
    expect(refusal?.detail).toContain("LLM_PROVIDER_SERVICE_URL");
  });

  it("is refused when one of several judges has no key here, with the setting that is missing", () => {
    const judges = [
      { judge: "offline", share: 0.9 },
      { judge: "anthropic", model: "m-1", share: 0.1 },
    ];
    const refusal = refusalOf({ judges });
    expect(refusal?.code).toBe("judge_unavailable");
    expect(refusal?.detail).toContain("ANTHROPIC_API_KEY");
  });

  it("is refused for a model that is not among those that the service judges with", () => {
    const variables = { ANTHROPIC_API_KEY: "key", JUDGE_MODELS: "m-1" };
    expect(refusalOf({ judge: "anthropic", model: "m-1" }, variables)).toBeNull();
    expect(refusalOf({ judge: "anthropic", model: "m-2" }, variables)?.code).toBe("judge_unavailable");
  });

  it("is refused with a cost ceiling for a model of unknown price, which would count as free", () => {
    const body = { judge: "anthropic", model: "m-1", config: { max_cost_usd: 1 } };
    const refusal = refusalOf(body, { ANTHROPIC_API_KEY: "key" });
    expect(refusal?.code).toBe("judge_unavailable");
    expect(refusal?.detail).toContain("JUDGE_PRICES");
    const JUDGE_PRICES = '{"m-1": {"input": 1, "output": 2}}';
    expect(refusalOf(body, { ANTHROPIC_API_KEY: "key", JUDGE_PRICES })).toBeNull();
    expect(refusalOf({ judge: "offline", config: { max_cost_usd: 1 } })).toBeNull();
  });

  it("gives each judge its share of exactly 1, and people without one a place for second judgements", async () => {
    const judges = ["offline", "external", "provider-service"].map((judge) => ({ judge, share: 0.333 }));
    const request = await open({ judges, human_share: 0.1 });
    expect(request.origin.judges.map(({ judge }) => judge)).toEqual([
      "offline",
      "external",
      "provider-service",
      "human",
    ]);
    expect(request.origin.judges.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 12);
    expect(request.origin.judges.at(-1)?.share).toBe(0);
    expect(request.config.humanShare).toBe(0.1);
  });

  it("is refused when the budget connects not all essays, with the smallest one that does", () => {
    const refusal = refusalOf({ essays: essays(10), config: { max_comparisons: 8 } });
    expect(refusal?.code).toBe("comparisons_not_plannable");
    expect(refusal?.detail).toMatch(/\b9\b/);
  });

  it("is refused when all pairs exceed the budget", () => {
    const refusal = refusalOf({ essays: essays(10), config: { max_comparisons: 44, pairing: "all_pairs" } });
    expect(refusal?.code).toBe("comparisons_not_plannable");
    expect(refusal?.detail).toMatch(/\b45\b/);
  });

  it("is refused when what it asks for contradicts itself", () => {
    const refusal = refusalOf({ config: { pairing: "all_pairs", swap_share: 0.1 } });
    expect(refusal?.code).toBe("comparisons_not_plannable");
    expect(refusal?.detail).toContain("swap_share");
  });

  it("is refused when it refers to texts and there is no content service", () => {
    const byReference = { essays: [...TWO, { essay_id: "c", text_storage_id: "s" }] };
    expect(refusalOf(byReference)?.code).toBe("content_service_not_configured");
    expect(refusalOf(byReference, { CONTENT_SERVICE_URL: "https://content.example" })).toBeNull();
  });

  it("is otherwise accepted", () => {
    expect(refusalOf({})).toBeNull();
  });
});
