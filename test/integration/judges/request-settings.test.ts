import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { JUDGE_NAMES } from "../../../src/settings/judge-names.ts";
import { requireSettings } from "../../../src/settings/settings.ts";
import { call, openBatch, postJson, untilState } from "../harness.ts";
import { askedAbout } from "./judges-under-test.ts";

describe("names that a request wants out", () => {
  it("reach no language model, in neither essay, and the rest of the texts does", async () => {
    const mark = crypto.randomUUID();
    const batchId = await openBatch({
      judge: "openai-compatible",
      essays: [
        { essay_id: "a", text: `Agnes Ek wrote ${mark}. Agnes's brother Bo laughed.` },
        { essay_id: "b", text: `Bo Ek wrote ${mark} too, and AGNES did not.` },
      ],
      body: { redact_names: ["Agnes Ek", "Bo"], prompt: "Write about Agnes." },
    });
    await untilState(batchId, "COMPLETED");
    const [{ body }] = await askedAbout(mark);
    const shown = body.messages.map(({ content }) => content).join("\n");
    const essays = shown.slice(shown.indexOf("**Essay A:**"));
    expect(essays).not.toMatch(/Agnes|AGNES|\bEk\b|\bBo\b/);
    expect(essays).toMatch(/\[name \d\] wrote .* \[name \d\]'s brother \[name \d\] laughed\./);
    expect(shown).toContain("Write about Agnes.");
  });
});

describe("settings of the language model that a request brings", () => {
  it("reach it, a temperature of 0 included", async () => {
    const mark = crypto.randomUUID();
    const batchId = await openBatch({
      judge: "anthropic",
      essays: [1, 2].map((k) => ({ essay_id: `e${k}`, text: `Essay ${k}, ${mark}.` })),
      body: {
        llm_config_overrides: {
          temperature_override: 0,
          max_tokens_override: 777,
          system_prompt_override: "Judge kindly.",
          judge_rubric_override: "By the whole.",
          model_override: "always-second",
        },
      },
    });
    await untilState(batchId, "COMPLETED");
    const [{ body }] = await askedAbout(mark);
    expect(body).toMatchObject({
      model: "always-second",
      system: "Judge kindly.",
      temperature: 0,
      max_tokens: 777,
    });
    expect(body.messages[0].content).toContain("**Judge Instructions:**\nBy the whole.");
  });
});

describe("a judge that cannot be used here", () => {
  const essays = ["a", "b"].map((essay_id) => ({ essay_id, text: `Text ${essay_id}.` }));

  it("is a problem when the batch is opened, and no batch", async () => {
    const before = await listed();
    const response = await postJson("/v1/batches", { essays, judge: "oracle" });
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({
      type: expect.stringContaining("judge_unavailable"),
      detail: expect.stringContaining(JUDGE_NAMES.join(", ")),
    });
    expect(await listed()).toBe(before);
  });

  it("never gives a key away", async () => {
    const { OPENAI_COMPATIBLE_API_KEY: key = "" } = requireSettings(env);
    const overrides = { llm_config_overrides: { model_override: "unknown" } };
    const batchId = await openBatch({ essays, judge: "openai-compatible", body: overrides });
    const batch = await untilState(batchId, "FAILED");
    expect(batch.failure).toMatchObject({ reason: "judge_unusable" });
    const comparisons = await (await call(`/v1/batches/${batchId}/comparisons`)).text();
    expect(comparisons).toContain("MODEL_NOT_FOUND");
    expect(key).not.toBe("");
    expect(JSON.stringify(batch) + comparisons).not.toContain(key);
  });

  async function listed(): Promise<string> {
    return (await call("/v1/batches?limit=1")).text();
  }
});
