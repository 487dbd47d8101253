export type { Connectivity } from "./connectivity.ts";
export { fitBradleyTerry } from "./fit.ts";
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
export { ScoringError, type ScoringErrorCode, type ScoringFault } from "./scoring-error.ts";
