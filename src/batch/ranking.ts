import { z } from "zod";
import { fitBradleyTerry } from "../scoring/index.ts";
import type { Comparison, Essay } from "./batch.ts";

const fact = z.union([z.number(), z.string(), z.boolean(), z.null()]);

/** A ranking as it is stored, shown and published. Scores and standard errors are in logits; rank 1 is the best. */
export const rankingSchema = z.object({
  provisional: z.boolean(),
  essays: z.array(
    z.object({
      number: z.number(),
      essayId: z.string(),
      rank: z.number(),
      score: z.number(),
      standardError: z.number(),
      comparisons: z.number(),
      wins: z.number(),
      isAnchor: z.boolean(),
    }),
  ),
  reliability: z.record(z.string(), fact),
  model: z.record(z.string(), fact),
});
export type Ranking = z.infer<typeof rankingSchema>;
export type RankedEssay = Ranking["essays"][number];

/** Turns the verdicts of a batch into a ranking. It may throw: the batch then tries again and ends in failure. */
export type Ranker = (input: {
  readonly essays: readonly Essay[];
  readonly comparisons: readonly Comparison[];
  readonly seed: number;
}) => Ranking;

/**
 * Ranks the usable essays by the Bradley-Terry abilities that their verdicts support, each with its standard error
 * from the full covariance. Essays whose text was missing are not ranked.
 *
 * @throws ScoringError when the verdicts cannot be fitted
 */
export const rankEssays: Ranker = ({ essays, comparisons }) => {
  const usable = essays.filter((essay) => essay.text === "ready");
  if (usable.length === 1) return rankingOfOne(usable[0]);
  const indexOf = new Map(usable.map((essay, index) => [essay.number, index]));
  const verdicts = comparisons.flatMap((comparison) => {
    const first = indexOf.get(comparison.first);
    const second = indexOf.get(comparison.second);
    if (comparison.winner === null || first === undefined || second === undefined) return [];
    return [
      comparison.winner === "essay_a" ? { winner: first, loser: second } : { winner: second, loser: first },
    ];
  });
  const fit = fitBradleyTerry({
    itemCount: usable.length,
    winners: Int32Array.from(verdicts, ({ winner }) => winner),
    losers: Int32Array.from(verdicts, ({ loser }) => loser),
  });
  return {
    provisional: false,
    essays: orderByScore(usable, fit.abilities, fit.standardErrors, verdicts),
    reliability: {},
    model: {
      name: "bradley_terry",
      prior_variance: fit.priorVariance,
      log_likelihood: fit.logLikelihood,
      verdicts: verdicts.length,
      converged: fit.converged,
      connected: fit.connectivity.weakComponents === 1,
      maximum_likelihood_exists: fit.connectivity.mleExists,
    },
  };
};

function orderByScore(
  usable: readonly Essay[],
  abilities: Float64Array,
  standardErrors: Float64Array,
  verdicts: readonly { readonly winner: number; readonly loser: number }[],
): RankedEssay[] {
  const wins = new Int32Array(usable.length);
  const counts = new Int32Array(usable.length);
  for (const { winner, loser } of verdicts) {
    wins[winner] += 1;
    counts[winner] += 1;
    counts[loser] += 1;
  }
  const order = usable
    .map((_, index) => index)
    .sort((left, right) => abilities[right] - abilities[left] || left - right);
  return order.map((index, position) => ({
    number: usable[index].number,
    essayId: usable[index].essayId,
    rank: position + 1,
    score: abilities[index],
    standardError: standardErrors[index],
    comparisons: counts[index],
    wins: wins[index],
    isAnchor: false,
  }));
}

/** One usable essay: there is nothing to compare it with, so it stands alone at 0 and nothing is known of its error. */
function rankingOfOne(essay: Essay): Ranking {
  return {
    provisional: false,
    essays: [
      {
        number: essay.number,
        essayId: essay.essayId,
        rank: 1,
        score: 0,
        standardError: 0,
        comparisons: 0,
        wins: 0,
        isAnchor: false,
      },
    ],
    reliability: {},
    model: { name: "none", verdicts: 0 },
  };
}
