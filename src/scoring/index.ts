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
