import { z } from "zod";

/**
 * What is known about a ranking as a whole, as it is stored, shown and published. The field uses one word, reliability, for
 * several formulas, so each has its name; docs/scoring.md has the formulas.
 */
export const reliabilitySchema = z.object({
  /** the headline, 0 to 1: honest also when pairs are chosen by earlier verdicts */
  reliability: z.number(),
  reliability_map: z.number().nullable(),
  ssr_adjusted: z.number().nullable(),
  ssr_observed: z.number().nullable(),
  separation_true: z.number().nullable(),
  separation_observed: z.number().nullable(),
  /** Spearman-Brown of the median correlation of random halves of the comparisons; null for a provisional ranking */
  split_half: z.number().nullable(),
  /** the coefficients above that still mean what they say when pairs were chosen by earlier verdicts */
  valid_when_adaptive: z.array(z.string()),
  pairs_chosen_adaptively: z.boolean(),
  /** false while the spread of the essays cannot be estimated: nothing may be decided on reliability then */
  decisive: z.boolean(),
  /** what reliability is, and what it is not */
  statement: z.string(),
});
export type Reliability = z.infer<typeof reliabilitySchema>;

const positionEffectSchema = z.object({
  verdicts: z.int(),
  first_wins: z.number(),
  /** `total`: the judge chose the same position every time, so that no effect can be estimated */
  position_bias: z.enum(["estimated", "total"]),
  /** logits; above 0 the essay shown first is favoured */
  effect: z.number().nullable(),
  standard_error: z.number().nullable(),
});

/** How one judge's verdicts sit with the scale. Shares are 0 to 1; null where there is nothing to take a share of. */
const judgeReportSchema = z.object({
  judge: z.string(),
  verdicts: z.int(),
  agreement_with_scale: z.number().nullable(),
  agreement_with_others: z.number().nullable(),
  consistency: z.number().nullable(),
  /** mean squares of the residuals, and the chance that an honest judge's would be as large */
  infit: z.number().nullable(),
  outfit: z.number().nullable(),
  infit_p: z.number().nullable(),
  outfit_p: z.number().nullable(),
  position_effect: positionEffectSchema.nullable(),
  /** by how much the headline reliability changes when the judge is left out; null for an only judge, or above 1,000 essays */
  reliability_change_without: z.number().nullable(),
});
export type JudgeReport = z.infer<typeof judgeReportSchema>;

/** How the verdicts on the pairs of one origin sit with the scale. Only random pairs are a fair sample of all pairs. */
const pairFitSchema = z.object({
  origin: z.enum(["balanced", "adaptive", "random", "swap"]),
  verdicts: z.int(),
  /** share of the verdicts that prefer the essay with the higher score */
  agreement_with_scale: z.number(),
  /** mean −log P(verdict) at the scores, in nats; log 2 = .693 for coin tosses */
  log_loss: z.number(),
  /** mean squares of the standardised residuals: weighted by information, and plain; 1 is expected */
  infit: z.number(),
  outfit: z.number(),
});
export type PairFit = z.infer<typeof pairFitSchema>;

/** The fitted model. Essays are named by their ids. */
export const rankingModelSchema = z.object({
  name: z.literal("bradley_terry"),
  verdicts: z.int(),
  prior: z.literal("empirical_bayes"),
  prior_variance: z.number(),
  prior_at_boundary: z.boolean(),
  log_likelihood: z.number(),
  converged: z.boolean(),
  iterations: z.int(),
  connectivity: z.object({
    weak_components: z.int(),
    strong_components: z.int(),
    maximum_likelihood_exists: z.boolean(),
    unbeaten: z.array(z.string()),
    winless: z.array(z.string()),
    isolated: z.array(z.string()),
  }),
  position_effect: positionEffectSchema.nullable(),
  /** size of the top group that `top_probability` is about */
  top_count: z.int(),
  /** empty for a provisional ranking */
  judges: z.array(judgeReportSchema),
  /** by origin, those with verdicts; rankings of the first version have none */
  pairs: z.array(pairFitSchema).default([]),
  /** how well the other verdicts foretell those on the random pairs, which no verdict chose; null without any of either */
  random_pairs_foretold: z
    .object({ verdicts: z.int(), agreement: z.number(), log_loss: z.number() })
    .nullable()
    .default(null),
});
export type RankingModel = z.infer<typeof rankingModelSchema>;
