import { z } from "zod";
import type { GradeScale } from "../contracts/grade-scale.ts";
import { essayGradeSchema, gradingSchema } from "../contracts/grading.ts";
import {
  type RankingModel,
  type Reliability,
  rankingModelSchema,
  reliabilitySchema,
} from "../contracts/ranking.ts";
import type { PairOrigin } from "../pairing/index.ts";
import {
  type BatchReliability,
  type BatchScores,
  type BradleyTerryData,
  scoreBatch,
} from "../scoring/index.ts";
import type { Comparison, Essay, JudgeShare } from "./batch.ts";
import { gradeEssays, withhold } from "./grading.ts";
import { checkAgainstPeople } from "./human-check.ts";
import { describeHabits } from "./judge-habits.ts";
import { judgeNameOf } from "./judge-name.ts";
import { describePairFit, foretellRandomPairs } from "./pair-fit.ts";
import { assessQuality, describePosition, type Quality, replicationsFor } from "./ranking-quality.ts";

/** A ranking as it is stored. Scores and standard errors are in logits; rank 1 is the best. */
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
      /** 95 % of the posterior of the rank lies in [rankLow, rankHigh] */
      rankLow: z.number(),
      rankHigh: z.number(),
      /** the verdicts do not tell this essay and the next one apart */
      tiedWithNext: z.boolean(),
      /** P(among the best `top_count`) */
      topProbability: z.number(),
      /** mean squares of the residuals and their bootstrap p-values; null without verdicts, or in a provisional ranking */
      infit: z.number().nullable(),
      outfit: z.number().nullable(),
      infitP: z.number().nullable(),
      outfitP: z.number().nullable(),
      /** an anchor's name and known grade; null for an essay that is assessed */
      anchor: z.object({ anchorId: z.string(), grade: z.string() }).nullable().default(null),
      /** null for anchors, and where no grade is claimed */
      grade: essayGradeSchema.nullable().default(null),
    }),
  ),
  /** null when there is nothing to be reliable about: one essay */
  reliability: reliabilitySchema.nullable(),
  model: rankingModelSchema.nullable(),
  /** null for a batch without a grade scale */
  grading: gradingSchema.nullable().default(null),
  /** share of the verdicts that people gave, [0, 1]; the judge `external` counts as no person, because nobody knows */
  humanShare: z.number().default(0),
});
export type Ranking = z.infer<typeof rankingSchema>;
export type RankedEssay = Ranking["essays"][number];

/** Turns the verdicts of a batch into a ranking. It may throw: the batch then tries again and ends in failure. */
export type Ranker = (input: {
  readonly essays: readonly Essay[];
  readonly comparisons: readonly Comparison[];
  /** the batch's judges, whose places the comparisons name */
  readonly judges: readonly JudgeShare[];
  readonly seed: number;
  /** a provisional ranking leaves out what costs fits of its own: split halves, fit and judges */
  readonly provisional: boolean;
  /** null: nothing is graded */
  readonly gradeScale: GradeScale | null;
}) => Ranking;

/**
 * Ranks the usable essays by the Bradley-Terry abilities that their verdicts support, each with its standard error
 * from the full covariance. Essays whose text was missing are not ranked.
 *
 * @throws ScoringError when the verdicts cannot be fitted
 */
export const rankEssays: Ranker = ({ essays, comparisons, judges, seed, provisional, gradeScale }) => {
  const usable = essays.filter((essay) => essay.text === "ready");
  if (usable.length === 1) return rankingOfOne(usable[0], gradeScale);
  const { data, verdicts, judgeNames } = scoringDataOf(usable, comparisons);
  const replications = provisional ? 0 : replicationsFor(verdicts.length);
  const adaptive = verdicts.some(({ origin }) => origin === "adaptive");
  const scores = scoreBatch(data, { adaptive, seed, replications });
  const habits = describeHabits(judges, essays, comparisons, scoreByNumber(usable, scores));
  const quality = provisional ? null : assessQuality(data, scores, { judgeNames, habits }, seed);
  const ranked = orderByRank(usable, scores, quality);
  const graded = gradeScale === null ? null : gradeEssays(gradeScale, ranked, !scores.priorAtBoundary, seed);
  return {
    provisional,
    essays: ranked.map((essay, at) => ({ ...essay, grade: graded?.grades[at] ?? null })),
    reliability: { ...describeReliability(scores.reliability), split_half: quality?.splitHalf ?? null },
    model: {
      ...describeModel(usable, scores, verdicts.length),
      judges: [...(quality?.judges ?? [])],
      human_check: checkAgainstPeople(comparisons),
      pairs: describePairFit(verdicts, abilitiesOf(scores)),
      random_pairs_foretold: foretellRandomPairs(data, verdicts, scores.priorVariance),
    },
    grading: graded?.grading ?? null,
    humanShare: humanShareOf(comparisons),
  };
};

function humanShareOf(comparisons: readonly Comparison[]): number {
  const judged = comparisons.filter(({ winner }) => winner !== null);
  return judged.length === 0 ? 0 : judged.filter(({ forPeople }) => forPeople).length / judged.length;
}

function abilitiesOf({ items }: BatchScores): Float64Array {
  return Float64Array.from(items, ({ ability }) => ability);
}

function scoreByNumber(
  usable: readonly Essay[],
  { items }: BatchScores,
): (number: number) => number | undefined {
  const scores = new Map(items.map(({ item, ability }) => [usable[item].number, ability]));
  return (number) => scores.get(number);
}

/** Logits. Rounding in the last digits, which would print as -6e-18. */
const SCORE_NOISE = 1e-12;

interface Verdict {
  readonly winner: number;
  readonly loser: number;
  readonly first: number;
  readonly judge: number;
  readonly origin: PairOrigin;
}

/** The verdicts of the usable essays as scoring takes them: items and judges are numbered densely, items in the order given. */
export function scoringDataOf(
  usable: readonly Essay[],
  comparisons: readonly Comparison[],
): {
  readonly data: BradleyTerryData;
  readonly verdicts: readonly Verdict[];
  readonly judgeNames: readonly string[];
} {
  const { verdicts, judgeNames } = verdictsOf(usable, comparisons);
  const data = {
    itemCount: usable.length,
    winners: Int32Array.from(verdicts, ({ winner }) => winner),
    losers: Int32Array.from(verdicts, ({ loser }) => loser),
    firstShown: Int32Array.from(verdicts, ({ first }) => first),
    judges: Int32Array.from(verdicts, ({ judge }) => judge),
  };
  return { data, verdicts, judgeNames };
}

/** The judged comparisons, with essays and judges numbered densely; judges are named by provider and model. */
function verdictsOf(
  usable: readonly Essay[],
  comparisons: readonly Comparison[],
): { readonly verdicts: readonly Verdict[]; readonly judgeNames: readonly string[] } {
  const indexOf = new Map(usable.map((essay, index) => [essay.number, index]));
  const judgeOf = new Map<string, number>();
  const verdicts = comparisons.flatMap(({ first, second, winner, provider, model, origin }) => {
    const firstIndex = indexOf.get(first);
    const secondIndex = indexOf.get(second);
    if (winner === null || firstIndex === undefined || secondIndex === undefined) return [];
    const name = judgeNameOf({ provider, model });
    const judge = judgeOf.get(name) ?? judgeOf.size;
    judgeOf.set(name, judge);
    const [better, worse] = winner === "essay_a" ? [firstIndex, secondIndex] : [secondIndex, firstIndex];
    return [{ winner: better, loser: worse, first: firstIndex, judge, origin }];
  });
  return { verdicts, judgeNames: [...judgeOf.keys()] };
}

function orderByRank(
  usable: readonly Essay[],
  { items }: BatchScores,
  quality: Quality | null,
): Omit<RankedEssay, "grade">[] {
  return items
    .map((item) => ({
      number: usable[item.item].number,
      essayId: usable[item.item].essayId,
      rank: item.rank,
      score: Math.abs(item.ability) < SCORE_NOISE ? 0 : item.ability,
      standardError: item.standardError,
      comparisons: item.comparisons,
      wins: item.wins,
      isAnchor: usable[item.item].anchor !== null,
      anchor: usable[item.item].anchor,
      rankLow: item.rankLow,
      rankHigh: item.rankHigh,
      tiedWithNext: item.tiedWithNext,
      topProbability: item.topProbability,
      infit: quality?.fit[item.item]?.infit ?? null,
      outfit: quality?.fit[item.item]?.outfit ?? null,
      infitP: quality?.fit[item.item]?.infitP ?? null,
      outfitP: quality?.fit[item.item]?.outfitP ?? null,
    }))
    .sort((left, right) => left.rank - right.rank || left.number - right.number);
}

function describeReliability({
  coefficients,
  adaptive,
  decisive,
  statement,
}: BatchReliability): Omit<Reliability, "split_half"> {
  const coefficient = (wanted: string) => coefficients.find(({ name }) => name === wanted)?.value ?? null;
  return {
    reliability: coefficient("reliability") ?? 0,
    reliability_map: coefficient("reliability_map"),
    ssr_adjusted: coefficient("ssr_adjusted"),
    ssr_observed: coefficient("ssr_observed"),
    separation_true: coefficient("separation_true"),
    separation_observed: coefficient("separation_observed"),
    valid_when_adaptive: coefficients
      .filter(({ validWhenAdaptive }) => validWhenAdaptive)
      .map(({ name }) => name),
    pairs_chosen_adaptively: adaptive,
    decisive,
    statement,
  };
}

function describeModel(
  usable: readonly Essay[],
  scores: BatchScores,
  verdicts: number,
): Omit<RankingModel, "judges" | "human_check" | "pairs" | "random_pairs_foretold"> {
  const { connectivity } = scores;
  const idsOf = (items: readonly number[]) => items.map((item) => usable[item].essayId);
  return {
    name: "bradley_terry",
    verdicts,
    prior: "empirical_bayes",
    prior_variance: scores.priorVariance,
    prior_at_boundary: scores.priorAtBoundary,
    log_likelihood: scores.logLikelihood,
    converged: scores.converged,
    iterations: scores.iterations,
    connectivity: {
      weak_components: connectivity.weakComponents,
      strong_components: connectivity.strongComponents,
      maximum_likelihood_exists: connectivity.mleExists,
      unbeaten: idsOf(connectivity.unbeaten),
      winless: idsOf(connectivity.winless),
      isolated: idsOf(connectivity.isolated),
    },
    position_effect: scores.position === null ? null : describePosition(scores.position.overall),
    top_count: scores.topCount,
  };
}

/** One usable essay: there is nothing to compare it with, so it stands alone at 0 and nothing is known of its error. */
function rankingOfOne(essay: Essay, gradeScale: GradeScale | null): Ranking {
  const alone = {
    number: essay.number,
    essayId: essay.essayId,
    rank: 1,
    score: 0,
    standardError: 0,
    comparisons: 0,
    wins: 0,
    isAnchor: false,
    rankLow: 1,
    rankHigh: 1,
    tiedWithNext: false,
    topProbability: 1,
    infit: null,
    outfit: null,
    infitP: null,
    outfitP: null,
    anchor: null,
    grade: null,
  };
  const graded = gradeScale === null ? null : withhold(gradeScale, [alone], "nothing_compared");
  return {
    provisional: false,
    essays: [alone],
    reliability: null,
    model: null,
    grading: graded?.grading ?? null,
    humanShare: 0,
  };
}
