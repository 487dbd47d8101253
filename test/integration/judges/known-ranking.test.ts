import { describe, expect, it } from "vitest";
import { z } from "zod";
import { essayOfAbility, normalAbilities } from "../../fakes/known-abilities.ts";
import { call, openBatch, readBatch, untilState } from "../harness.ts";
import { JUDGES } from "./judges-under-test.ts";

const ESSAYS = 20;
const ALL_PAIRS = (ESSAYS * (ESSAYS - 1)) / 2;
/** in logits */
const STANDARD_DEVIATION = 2.5;
const ABILITIES = normalAbilities(ESSAYS, STANDARD_DEVIATION);

const JUDGES_BY_MODEL = Object.entries(JUDGES).flatMap(([name, { modelOf }]) =>
  modelOf === null ? [] : [{ name }],
);

describe.each(JUDGES_BY_MODEL)("a batch judged by $name", ({ name }) => {
  it("ranks 20 essays of known ability as they are, from all 190 pairs", async () => {
    const batchId = await openBatch({
      judge: name,
      essays: ABILITIES.map((ability, k) => ({ essay_id: `essay-${k}`, text: essayOfAbility(ability) })),
      config: { max_comparisons: ALL_PAIRS },
      // The key is the seed: the same pairs in the same order, and so the same draws of the fake model.
      headers: { "idempotency-key": `known-ranking-${name}` },
    });
    await untilState(batchId, "COMPLETED", "FAILED");
    const batch = await readBatch(batchId);
    expect(batch).toMatchObject({
      state: "COMPLETED",
      completed_comparisons: ALL_PAIRS,
      failed_comparisons: 0,
    });

    const scores = await scoresOf(batchId);
    const estimates = ABILITIES.map((_, k) => scores.get(`essay-${k}`) ?? Number.NaN);
    expect(correlation(estimates, ABILITIES)).toBeGreaterThanOrEqual(0.9);
  });

  it("says of each verdict who gave it, to which prompt, and what it cost", async () => {
    const batchId = await openBatch({
      judge: name,
      essays: [1, -1, 0].map((ability, k) => ({ essay_id: `e${k}`, text: essayOfAbility(ability) })),
    });
    await untilState(batchId, "COMPLETED", "FAILED");
    const response = await call(`/v1/batches/${batchId}/comparisons`);
    const { comparisons } = z.object({ comparisons: z.array(verdict) }).parse(await response.json());
    expect(comparisons).toHaveLength(3);
    for (const each of comparisons) {
      expect(each).toMatchObject({ judge: name, provider: name, prompt_version: "2", cost_basis: "unknown" });
      expect(each.model).toContain("honest");
      expect(each.justification).toBe("Its sentences are clearer.");
      expect(each.prompt_sha256).toMatch(/^[0-9a-f]{64}$/);
      expect(each.prompt_tokens).toBeGreaterThan(100);
      expect(each.completion_tokens).toBeGreaterThan(10);
    }
  });
});

const verdict = z.looseObject({
  model: z.string(),
  justification: z.string(),
  prompt_sha256: z.string(),
  prompt_tokens: z.number(),
  completion_tokens: z.number(),
  response_time_ms: z.number(),
  cost_usd: z.number(),
});

async function scoresOf(batchId: string): Promise<ReadonlyMap<string, number>> {
  const response = await call(`/v1/batches/${batchId}/results`);
  const ranked = z.looseObject({ essay_id: z.string(), score: z.number() });
  const { rankings } = z.object({ rankings: z.array(ranked) }).parse(await response.json());
  return new Map(rankings.map(({ essay_id, score }) => [essay_id, score]));
}

/** Pearson's. */
function correlation(xs: readonly number[], ys: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [mx, my] = [mean(xs), mean(ys)];
  const sum = (of: (x: number, y: number) => number) => xs.reduce((total, x, k) => total + of(x, ys[k]), 0);
  const covariance = sum((x, y) => (x - mx) * (y - my));
  return covariance / Math.sqrt(sum((x) => (x - mx) ** 2) * sum((_, y) => (y - my) ** 2));
}
