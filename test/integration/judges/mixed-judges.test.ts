import { describe, expect, it } from "vitest";
import { z } from "zod";
import { scoreBatch } from "../../../src/scoring/index.ts";
import { abilitiesIn, essayOfAbility, normalAbilities } from "../../fakes/known-abilities.ts";
import {
  type BatchView,
  type ComparisonJson,
  call,
  eventually,
  openBatch,
  postJson,
  readBatch,
  readComparisons,
} from "../harness.ts";

const ESSAYS = 20;
const PAIRS = 190;
const ABILITIES = normalAbilities(ESSAYS, 2.5);
const essays = ABILITIES.map((ability, k) => ({ essay_id: `essay-${k}`, text: essayOfAbility(ability) }));

const agreement = z.looseObject({ pairs: z.number(), agreement: z.number().nullable() });
const resultsSchema = z.object({
  rankings: z.array(z.looseObject({ essay_id: z.string(), score: z.number() })),
  model: z.looseObject({
    judges: z.array(
      z.looseObject({
        judge: z.string(),
        asked_as: z.string(),
        comparisons: z.number(),
        verdicts: z.number(),
        agreement_with_scale: z.number().nullable(),
        infit_p: z.number().nullable(),
        position_effect: z.looseObject({ position_bias: z.string() }).nullable(),
        refusals: z.number(),
        refusals_by_essay: z.array(z.object({ essay_id: z.string(), refusals: z.number() })),
        confidence_discrimination: z.number().nullable(),
      }),
    ),
    human_check: agreement.extend({ pairs_drawn: z.number() }).nullable(),
  }),
});

async function resultsOf(batchId: string) {
  return resultsSchema.parse(await (await call(`/v1/batches/${batchId}/results`)).json());
}

/** The key fixes the batch's id and so its seed: pairs, judges and the models' draws are the same in every run. */
async function openMixed(
  key: string,
  judges: readonly object[],
  body: object = {},
  config: object = {},
): Promise<string> {
  return openBatch({
    essays,
    headers: { "idempotency-key": key },
    judge: null,
    body: { judges, ...body },
    config: { pairing: "all_pairs", max_comparisons: PAIRS, ...config },
  });
}

/** 190 questions take a while on a busy machine. */
function untilSoon(batchId: string, state: string): Promise<BatchView> {
  return eventually(async () => {
    const batch = await readBatch(batchId);
    return batch.state === state ? batch : undefined;
  }, 90_000);
}

function correlation(scores: ReadonlyMap<string, number>): number {
  const pairs = ABILITIES.map((ability, k) => [ability, scores.get(`essay-${k}`) ?? Number.NaN] as const);
  const mean = (at: 0 | 1) => pairs.reduce((sum, pair) => sum + pair[at], 0) / pairs.length;
  const [x, y] = [mean(0), mean(1)];
  const sum = (term: (pair: readonly [number, number]) => number) =>
    pairs.reduce((all, pair) => all + term(pair), 0);
  return (
    sum(([a, b]) => (a - x) * (b - y)) / Math.sqrt(sum(([a]) => (a - x) ** 2) * sum(([, b]) => (b - y) ** 2))
  );
}

/** The scores that these verdicts alone give. */
function scoresFrom(comparisons: readonly ComparisonJson[]): ReadonlyMap<string, number> {
  const numberOf = (id: string) => Number(id.slice("essay-".length));
  const winners = comparisons.map(({ winner, essay_a_id, essay_b_id }) =>
    numberOf(winner === "essay_a" ? essay_a_id : essay_b_id),
  );
  const firsts = comparisons.map(({ essay_a_id }) => numberOf(essay_a_id));
  const seconds = comparisons.map(({ essay_b_id }) => numberOf(essay_b_id));
  const { items } = scoreBatch({
    itemCount: ESSAYS,
    winners: Int32Array.from(winners),
    losers: Int32Array.from(winners, (winner, row) => (winner === firsts[row] ? seconds[row] : firsts[row])),
    firstShown: Int32Array.from(firsts),
  });
  return new Map(items.map(({ item, ability }) => [`essay-${item}`, ability]));
}

describe("a batch of several judges", () => {
  it("tells the judge that always prefers the first essay from the other, and ranks as if it were not there", {
    timeout: 120_000,
  }, async () => {
    const batchId = await openMixed("always-first", [
      { judge: "openai-compatible", model: "honest", share: 0.7 },
      { judge: "anthropic", model: "always-first", share: 0.3 },
    ]);
    await untilSoon(batchId, "COMPLETED");
    const { rankings, model } = await resultsOf(batchId);
    const [honest, biased] = ["honest", "always-first"].map((name) =>
      model.judges.find(({ judge }) => judge.endsWith(`/${name}`)),
    );
    expect(honest).toMatchObject({
      asked_as: "openai-compatible",
      comparisons: 133,
      position_effect: { position_bias: "estimated" },
    });
    expect(biased).toMatchObject({
      asked_as: "anthropic",
      comparisons: 57,
      position_effect: { position_bias: "total" },
    });
    expect(honest?.agreement_with_scale).toBeGreaterThan(0.8);
    expect(biased?.agreement_with_scale).toBeLessThan(0.7);
    // It is always certain: its confidence says nothing.
    expect(biased?.confidence_discrimination).toBe(0.5);
    expect(honest?.confidence_discrimination).toBeGreaterThan(0.6);

    const mixed = correlation(new Map(rankings.map(({ essay_id, score }) => [essay_id, score])));
    const comparisons = await readComparisons(batchId);
    const without = correlation(scoresFrom(comparisons.filter(({ model: name }) => name === "honest")));
    expect(without).toBeGreaterThan(0.9);
    expect(Math.abs(mixed - without)).toBeLessThan(0.02);
  });

  it("says of every comparison who judged it, by which prompt, and what that came to", {
    timeout: 60_000,
  }, async () => {
    const batchId = await openMixed(
      "two-models",
      [
        { judge: "openai-compatible", model: "gpt-4o-mini", share: 0.5 },
        { judge: "anthropic", model: "honest", share: 0.5 },
      ],
      { essays: essays.slice(0, 4) },
      { max_comparisons: 6 },
    );
    await untilSoon(batchId, "COMPLETED");
    const comparisons = await readComparisons(batchId);
    const judges = comparisons.map(({ judge }) => judge);
    expect(judges.filter((judge) => judge === "anthropic")).toHaveLength(3);
    for (const comparison of comparisons) {
      expect(comparison["prompt_version"]).toEqual(expect.any(String));
      expect(comparison["usage"]).toMatchObject({ answers: 1, refusals: 0 });
      expect(comparison["prompt_tokens"]).toBeGreaterThan(0);
    }
    const { cost_usd: costUsd } = z
      .looseObject({ cost_usd: z.number() })
      .parse(await (await call(`/v1/batches/${batchId}`)).json());
    const spent = z
      .array(z.looseObject({ usage: z.looseObject({ cost_usd: z.number() }) }))
      .parse(comparisons);
    expect(costUsd).toBeCloseTo(
      spent.reduce((sum, { usage }) => sum + usage.cost_usd, 0),
      12,
    );
    expect(costUsd).toBeGreaterThan(0);
  });

  it("fails at once when one of them cannot be used at all", async () => {
    const batchId = await openMixed("unusable", [
      { judge: "openai-compatible", model: "honest", share: 0.9 },
      { judge: "anthropic", model: "unknown", share: 0.1 },
    ]);
    const batch = await untilSoon(batchId, "FAILED");
    expect(batch.failure).toMatchObject({ reason: "judge_unusable", details: { model: "unknown" } });
  });

  it("counts by essay what a judge refuses to judge", { timeout: 60_000 }, async () => {
    const some = [
      { essay_id: "essay-shocking", text: "[decline] a text that no model wants to judge" },
      ...essays.slice(0, 9),
    ];
    const batchId = await openBatch({
      essays: some,
      judge: "openai-compatible",
      body: { model: "honest" },
      config: { min_success_rate_threshold: 0.5, max_comparisons: 45, pairing: "all_pairs" },
    });
    await untilSoon(batchId, "COMPLETED");
    const { model } = await resultsOf(batchId);
    expect(model.judges).toHaveLength(1);
    expect(model.judges[0]).toMatchObject({ comparisons: 45, verdicts: 36, refusals: 9, failed: 9 });
    expect(model.judges[0].refusals_by_essay[0]).toEqual({ essay_id: "essay-shocking", refusals: 9 });
    expect(model.judges[0].refusals_by_essay.slice(1).map(({ refusals }) => refusals)).toEqual(
      Array.from({ length: 9 }, () => 1),
    );
  });
});

describe("pairs that people judge as well", () => {
  it("report how machines and people agree on exactly those pairs", { timeout: 120_000 }, async () => {
    const batchId = await openMixed("people-as-well", [{ judge: "openai-compatible", model: "honest" }], {
      human_share: 0.2,
    });
    await untilSoon(batchId, "SCORING");
    const shown = z.object({
      comparison: z
        .object({ comparison_id: z.string(), essay_a: z.string(), essay_b: z.string() })
        .nullable(),
    });
    let answered = 0;
    for (;;) {
      const response = await call(`/v1/batches/${batchId}/next-comparison?judge_id=anna`);
      const { comparison } = shown.parse(await response.json());
      if (comparison === null) break;
      const [a, b] = abilitiesIn(`${comparison.essay_a} ${comparison.essay_b}`);
      await postJson(`/v1/batches/${batchId}/comparisons/${comparison.comparison_id}/choice`, {
        winner: a > b ? "Essay A" : "Essay B",
        judge_id: "anna",
      });
      answered += 1;
    }
    expect(answered).toBe(38);
    const batch = await untilSoon(batchId, "COMPLETED");
    expect(batch).toMatchObject({
      total_comparisons: PAIRS,
      completed_comparisons: PAIRS,
      human_copies: { total: 38, completed: 38, pending: 0 },
      stop_reason: "all_comparisons_settled",
    });
    const { model } = await resultsOf(batchId);
    const copies = (await readComparisons(batchId)).filter((each) => each["copy_of"] !== null);
    expect(copies).toHaveLength(38);
    expect(model.human_check).toMatchObject({ pairs: 38, pairs_drawn: 38 });
    expect(model.human_check?.agreement).toBeGreaterThan(0.7);
    expect(model.judges.map(({ judge }) => judge)).toContain("human/developer/anna");
  });
});
