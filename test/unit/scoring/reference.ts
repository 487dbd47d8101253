import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { BradleyTerryData } from "../../../src/scoring/index.ts";

const numbers = z.array(z.number());
const reliability = z.object({ ssr_adjusted: z.number(), ssr_observedG: z.number(), G_observed: z.number() });
const estimate = z.object({
  theta: numbers,
  se: numbers,
  se_diag: numbers.optional(),
  loglik: z.number().optional(),
  ssr: reliability.optional(),
  ssr_diag: reliability.optional(),
});
const misfit = z.object({ n: z.number(), infit: z.number(), outfit: z.number() });
const dataset = z.object({
  n: z.number(),
  pairs: z.array(numbers).optional(),
  counts: z.array(numbers).optional(),
  /** [first shown, second shown, 1 if the first won] per pair. */
  orientation: z.array(numbers).optional(),
  n_strong_components: z.number(),
  n_weak_components: z.number(),
  mle_exists: z.boolean(),
  fit: z.object({ at: z.string(), items: z.array(misfit), judges: z.record(z.string(), misfit) }).optional(),
  split_half: z
    .object({ lambda_: z.number(), pearson: numbers, median: z.number(), spearman_brown: z.number() })
    .optional(),
  position: z
    .object({ theta: numbers, beta: z.number(), se_beta: z.number(), se: numbers, loglik: z.number() })
    .optional(),
  estimates: z.record(z.string(), estimate),
});

export type ReferenceDataset = z.infer<typeof dataset>;

const file = readFileSync(join(import.meta.dirname, "bradley-terry.reference.json"), { encoding: "utf8" });

/** Data sets with estimates of independent implementations (SciPy, choix, R); `_about` in the file defines each. */
export const referenceDatasets = Object.entries(
  z.object({ datasets: z.record(z.string(), dataset) }).parse(JSON.parse(file)).datasets,
);

/** The prior variance of the estimates `map_l2_λ`: λΣθ² = Σθ²/2v. */
export const l2Priors = [
  ["map_l2_0.01", 50],
  ["map_l2_0.1", 5],
  ["map_l2_0.5", 1],
] as const;

export function referenceData({ n, pairs, counts, orientation }: ReferenceDataset): BradleyTerryData {
  const rows =
    pairs ?? (counts ?? []).flatMap((row, winner) => row.map((count, loser) => [winner, loser, 0, count]));
  const decided = rows.filter(([winner, loser]) => winner !== loser);
  return {
    itemCount: n,
    winners: Int32Array.from(decided, ([winner = 0]) => winner),
    losers: Int32Array.from(decided, ([, loser = 0]) => loser),
    ...(pairs?.every((pair) => pair.length === 3)
      ? { judges: Int32Array.from(pairs, ([, , judge = 0]) => judge) }
      : {}),
    ...(counts ? { weights: Float64Array.from(decided, ([, , , count = 0]) => count) } : {}),
    ...(orientation ? { firstShown: Int32Array.from(orientation, ([first = 0]) => first) } : {}),
  };
}

/** Only what the plain model needs: no positions, no judges. */
export function plainData(dataset: ReferenceDataset): BradleyTerryData {
  const { itemCount, winners, losers, weights } = referenceData(dataset);
  return weights ? { itemCount, winners, losers, weights } : { itemCount, winners, losers };
}

export function largestDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  return Math.max(...Array.from(expected, (value, index) => Math.abs(value - (actual[index] ?? Number.NaN))));
}
