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

/** How sure a judge said it was, and how often it then agreed with the scale. */
const calibrationSchema = z.object({
  /** 1 (a guess) to 5 (certain), rounded */
  confidence: z.int(),
  verdicts: z.int(),
  agreement_with_scale: z.number(),
  /** the agreement that an honest judge would reach on the same pairs */
  expected_agreement: z.number(),
});
export type Calibration = z.infer<typeof calibrationSchema>;

/** What a judge does beside agreeing or not. Rankings of earlier versions know none of it. */
const judgeHabitsSchema = z.object({
  /** the batch's judge whose turn it was: `human`, `anthropic` … */
  asked_as: z.string().nullable().default(null),
  /** comparisons that it answered, with a verdict or with errors */
  comparisons: z.int().default(0),
  failed: z.int().default(0),
  calibration: z.array(calibrationSchema).default([]),
  /** P(surer of a verdict that agrees with the scale than of one that does not); .5: its confidence says nothing */
  confidence_discrimination: z.number().nullable().default(null),
  /** correlation over the essays of their share of wins with their length in characters */
  length_correlation: z.number().nullable().default(null),
  /** share of its verdicts that the longer of the two essays won */
  longer_wins: z.number().nullable().default(null),
  /** answers in which it refused to judge; by essay each counts for both essays of its pair */
  refusals: z.int().default(0),
  refusals_by_essay: z.array(z.object({ essay_id: z.string(), refusals: z.int() })).default([]),
  cost_usd: z.number().default(0),
  prompt_tokens: z.int().default(0),
  completion_tokens: z.int().default(0),
  mean_response_time_ms: z.number().nullable().default(null),
});
export type JudgeHabits = z.infer<typeof judgeHabitsSchema>;

/** How one judge's verdicts sit with the scale. Shares are 0 to 1; null where there is nothing to take a share of. */
const judgeReportSchema = judgeHabitsSchema.extend({
  judge: z.string(),
  verdicts: z.int(),
  agreement_with_scale: z.number().nullable(),
  agreement_with_others: z.number().nullable(),
  /** share of its repeated verdicts on one pair, the second time shown the other way round, that say the same */
  consistency: z.number().nullable(),
  repeats: z.int().default(0),
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

const agreementSchema = z.object({
  /** pairs with the verdicts of both */
  pairs: z.int(),
  agreed: z.int(),
  agreement: z.number().nullable(),
  /** 95 % interval (Wilson); null without a pair */
  agreement_low: z.number().nullable(),
  agreement_high: z.number().nullable(),
});
export type Agreement = z.infer<typeof agreementSchema>;

/** Machines and people on exactly the pairs that were drawn for both. */
const humanCheckSchema = agreementSchema.extend({
  /** pairs drawn for people as well, answered or not */
  pairs_drawn: z.int(),
  judges: z.array(agreementSchema.extend({ judge: z.string() })),
});
export type HumanCheck = z.infer<typeof humanCheckSchema>;

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
  /** null where no pair was drawn for people as well */
  human_check: humanCheckSchema.nullable().default(null),
  /** by origin, those with verdicts; rankings of the first version have none */
  pairs: z.array(pairFitSchema).default([]),
  /** how well the other verdicts foretell those on the random pairs, which no verdict chose; null without any of either */
  random_pairs_foretold: z
    .object({ verdicts: z.int(), agreement: z.number(), log_loss: z.number() })
    .nullable()
    .default(null),
});
export type RankingModel = z.infer<typeof rankingModelSchema>;
