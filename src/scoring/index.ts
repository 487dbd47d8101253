export { type AbilityPosterior, describePosterior } from "./ability-posterior.ts";
export {
  type BatchOptions,
  type BatchReliability,
  type BatchScores,
  type ItemScore,
  scoreBatch,
} from "./batch-scores.ts";
export type { Connectivity } from "./connectivity.ts";
export { DEFAULT_EPS, type EpsAdjustedFit, fitEpsAdjusted } from "./eps-adjusted.ts";
export { fitBradleyTerry, refit } from "./fit.ts";
export {
  assessFit,
  type FitStatistics,
  type FitStatisticsOptions,
  type MeanSquares,
  type Misfit,
} from "./fit-statistics.ts";
export {
  type GradedAbility,
  type GradeModel,
  type GradeProjection,
  projectGrades,
} from "./grades/project-grades.ts";
export { type InterimScores, scoreInterim } from "./interim.ts";
export { describeJudges, type JudgeAgreement, reliabilityWithoutJudges } from "./judge-agreement.ts";
export {
  type Anchor,
  type BradleyTerryData,
  COMPARISON_LIMIT,
  type Fit,
  type FitOptions,
  ITEM_LIMIT,
  type PlugIn,
  type PositionModel,
  type Prior,
} from "./model.ts";
export type { PositionEffect, PositionEffects } from "./position-effect.ts";
export {
  RELIABILITY_STATEMENT,
  type ReliabilityCoefficient,
  type ReliabilityName,
} from "./reliability.ts";
export { shareRepeats } from "./repeats.ts";
export { ScoringError, type ScoringErrorCode, type ScoringFault } from "./scoring-error.ts";
export { selectRows } from "./select-rows.ts";
export { countSplittable, pearson, type SplitHalf, type SplitHalfOptions, splitHalf } from "./split-half.ts";
