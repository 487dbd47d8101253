/** What a final ranking says about its verdicts beyond the scale: their fit, the judges, and how the halves agree. */
import type { JudgeReport, RankingModel } from "../contracts/ranking.ts";
import {
  assessFit,
  type BatchScores,
  type BradleyTerryData,
  describeJudges,
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

/** @param judgeNames by the numbers that `data.judges` uses */
export function assessQuality(
  data: BradleyTerryData,
  scores: BatchScores,
  judgeNames: readonly string[],
  seed: number,
): Quality {
  const fits = Math.max(FITS_MIN, Math.floor(VERDICTS_FITTED_MAX / data.winners.length));
  const fit = assessFit(data, { replications: Math.min(REPLICATIONS_MAX, fits), seed });
  return {
    fit: fit.items,
    judges: reportJudges(data, scores, judgeNames, fit.judges),
    splitHalf: splitHalfOf(data, Math.min(SPLITS_MAX, fits), seed),
  };
}

function splitHalfOf(data: BradleyTerryData, splits: number, seed: number): number | null {
  if (data.winners.length < 2) return null;
  const { spearmanBrown } = splitHalf(data, { splits, seed });
  return Number.isFinite(spearmanBrown) ? spearmanBrown : null;
}

function reportJudges(
  data: BradleyTerryData,
  scores: BatchScores,
  judgeNames: readonly string[],
  misfits: readonly (Misfit & { readonly judge: number })[],
): JudgeReport[] {
  const abilities = Float64Array.from(scores.items, ({ ability }) => ability);
  const without = judgeNames.length > 1 ? reliabilityWithoutJudges(data) : [];
  return describeJudges(data, abilities).map(({ judge, verdicts, withScale, withOthers, consistency }) => {
    const misfit = misfits.find((one) => one.judge === judge);
    const position = scores.position?.judges.find((one) => one.judge === judge);
    return {
      judge: judgeNames[judge],
      verdicts,
      agreement_with_scale: withScale,
      agreement_with_others: withOthers,
      consistency,
      infit: misfit?.infit ?? null,
      outfit: misfit?.outfit ?? null,
      infit_p: misfit?.infitP ?? null,
      outfit_p: misfit?.outfitP ?? null,
      position_effect: position === undefined ? null : describePosition(position),
      reliability_change_without: without.find((one) => one.judge === judge)?.change ?? null,
    };
  });
}

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
