/** What a final ranking says about its verdicts beyond the scale: their fit, the judges, and how the halves agree. */
import type { JudgeHabits, JudgeReport, RankingModel } from "../contracts/ranking.ts";
import {
  type BatchScores,
  type BradleyTerryData,
  countSplittable,
  type Misfit,
  type PositionEffect,
  reliabilityWithoutJudges,
  splitHalf,
} from "../scoring/index.ts";

export interface Quality {
  /** by item, in item order; null for an item without verdicts */
  readonly fit: readonly (Misfit | null)[];
  readonly judges: readonly JudgeReport[];
  readonly splitHalf: number | null;
}

/** Each replication and each split is a fit of its own; a large batch gets fewer of them, so that a final scoring stays within seconds. */
const VERDICTS_FITTED_MAX = 400_000;
const REPLICATIONS_MAX = 200;
const SPLITS_MAX = 100;
const FITS_MIN = 20;
/** Leaving a judge out costs an empirical-Bayes estimate per judge, about 5 s of CPU each at 2,000 essays. */
const ESSAYS_FOR_JUDGES_LEFT_OUT_MAX = 1_000;

/** How many fits of its own a final ranking of `verdicts` verdicts may spend on each question about its quality. */
function fitsFor(verdicts: number): number {
  return Math.max(FITS_MIN, Math.floor(VERDICTS_FITTED_MAX / verdicts));
}

/** Bootstrap replications behind the fit statistics of a final ranking. */
export function replicationsFor(verdicts: number): number {
  return Math.min(REPLICATIONS_MAX, fitsFor(verdicts));
}

export interface Judges {
  /** by the numbers that `data.judges` uses */
  readonly judgeNames: readonly string[];
  /** by name, those without a verdict included */
  readonly habits: ReadonlyMap<string, JudgeHabits>;
}

/** @param scores with fit statistics */
export function assessQuality(
  data: BradleyTerryData,
  scores: BatchScores,
  judges: Judges,
  seed: number,
): Quality {
  return {
    fit: scores.fit?.items ?? [],
    judges: [...reportJudges(data, scores, judges), ...reportSilentJudges(judges)],
    splitHalf: splitHalfOf(data, Math.min(SPLITS_MAX, fitsFor(data.winners.length)), seed),
  };
}

function splitHalfOf(data: BradleyTerryData, splits: number, seed: number): number | null {
  if (countSplittable(data) < 2) return null;
  const { spearmanBrown } = splitHalf(data, { splits, seed });
  return Number.isFinite(spearmanBrown) ? spearmanBrown : null;
}

function reportJudges(
  data: BradleyTerryData,
  scores: BatchScores,
  { judgeNames, habits }: Judges,
): JudgeReport[] {
  const affordable = judgeNames.length > 1 && data.itemCount <= ESSAYS_FOR_JUDGES_LEFT_OUT_MAX;
  const without = affordable ? reliabilityWithoutJudges(data) : [];
  return scores.judges.map(({ judge, verdicts, withScale, withOthers, consistency, repeats }) => {
    const misfit = scores.fit?.judges.find((one) => one.judge === judge);
    const position = scores.position?.judges.find((one) => one.judge === judge);
    return {
      ...(habits.get(judgeNames[judge]) ?? NO_HABITS),
      judge: judgeNames[judge],
      verdicts,
      agreement_with_scale: withScale,
      agreement_with_others: withOthers,
      consistency,
      repeats,
      infit: misfit?.infit ?? null,
      outfit: misfit?.outfit ?? null,
      infit_p: misfit?.infitP ?? null,
      outfit_p: misfit?.outfitP ?? null,
      position_effect: position === undefined ? null : describePosition(position),
      reliability_change_without: without.find((one) => one.judge === judge)?.change ?? null,
    };
  });
}

/** Judges that answered and gave no verdict: there is nothing to say of their agreement, but of their refusals. */
function reportSilentJudges({ judgeNames, habits }: Judges): JudgeReport[] {
  return [...habits].flatMap(([judge, habit]) =>
    judgeNames.includes(judge) ? [] : [{ ...habit, ...NO_VERDICT, judge }],
  );
}

const NO_VERDICT = {
  verdicts: 0,
  agreement_with_scale: null,
  agreement_with_others: null,
  consistency: null,
  repeats: 0,
  infit: null,
  outfit: null,
  infit_p: null,
  outfit_p: null,
  position_effect: null,
  reliability_change_without: null,
} as const;

const NO_HABITS: JudgeHabits = {
  asked_as: null,
  comparisons: 0,
  failed: 0,
  calibration: [],
  confidence_discrimination: null,
  length_correlation: null,
  longer_wins: null,
  refusals: 0,
  refusals_by_essay: [],
  cost_usd: 0,
  prompt_tokens: 0,
  completion_tokens: 0,
  mean_response_time_ms: null,
};

/** A judge that always chose one position has a bias without a size: effect and error are null. */
export function describePosition(effect: PositionEffect): NonNullable<RankingModel["position_effect"]> {
  const estimated = effect.positionBias === "estimated";
  return {
    verdicts: effect.verdicts,
    first_wins: effect.firstWins,
    position_bias: effect.positionBias,
    effect: estimated ? effect.effect : null,
    standard_error: estimated ? effect.standardError : null,
  };
}
