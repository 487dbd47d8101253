import type { Connectivity } from "./connectivity.ts";

/** An item of known ability (logits, on the scale of the fit), held fixed; `standardError` is its own uncertainty. */
export interface Anchor {
  readonly item: number;
  readonly ability: number;
  readonly standardError?: number;
}

/**
 * Comparisons as parallel arrays, one row per verdict.
 *
 * - `itemCount`: items are 0 … itemCount − 1; 2 to {@link ITEM_LIMIT}.
 * - `winners[k]`, `losers[k]`: the two items of row k; in a tie, the two in any order.
 * - `weights[k]`: finite, ≥ 0; default 1. A row of weight 0 is ignored.
 * - `firstShown[k]`: the item the judge saw first (winner or loser of the row), or −1 when unknown.
 * - `judges[k]`: who decided, ≥ 0; only equality matters. A model with another prompt is another judge.
 * - `ties[k]`: 1 for a tie, 0 for a decision.
 */
export interface BradleyTerryData {
  readonly itemCount: number;
  readonly winners: Int32Array;
  readonly losers: Int32Array;
  readonly weights?: Float64Array;
  readonly firstShown?: Int32Array;
  readonly judges?: Int32Array;
  readonly ties?: Uint8Array;
  readonly anchors?: readonly Anchor[];
}

/** A Gaussian N(0, variance) on every ability, its variance estimated (the default), or no prior at all. */
export type Prior = { readonly variance: number } | "empirical-bayes" | "none";

/**
 * How the first-shown effect β (logits, added to the item shown first) enters: not at all, one β, or one per judge.
 */
export type PositionModel = "ignored" | "overall" | "per-judge";

export interface FitOptions {
  /** Default `"overall"` where the data say what was shown first. */
  readonly position?: PositionModel;
  /** Default `"empirical-bayes"`. */
  readonly prior?: Prior;
  /** Abilities to start from (logits, length itemCount). The result does not depend on it, the time does. */
  readonly start?: Float64Array;
  /** Largest allowed |gradientᵢ| / max(1, Nᵢ), Nᵢ the weight of item i's comparisons. Default 1e-13. */
  readonly tolerance?: number;
}

/** Mode and deviation of the abilities' posterior at one prior variance. */
export interface PlugIn {
  readonly abilities: Float64Array;
  readonly standardErrors: Float64Array;
}

/** A fitted Bradley-Terry model. Abilities, standard errors and effects are in logits. */
export interface Fit {
  /** Length itemCount, mean 0 (with anchors: on the anchors' scale, not centred). */
  readonly abilities: Float64Array;
  /**
   * Length itemCount; of the centred abilities: √diag(P H⁻¹ P), P = I − J/n, from the full inverse of the Hessian;
   * without a prior √diag(pinv H); with empirical Bayes the deviation of the mixture over σ. Computed when first read:
   * it costs O(n³), the fit does not. Above 2,000 items an estimate, see `variancesOf`.
   */
  readonly standardErrors: Float64Array;
  /** The mode at `priorVariance`; the published values themselves when the prior is given. */
  readonly plugIn: PlugIn;
  /** Σ log P(verdict) at the mode, without the prior's term (≤ 0). */
  readonly logLikelihood: number;
  /** σ² of the prior in logits²; Infinity without a prior. */
  readonly priorVariance: number;
  /** σ̂ is at an end of [.01, 10]: the data do not tell the spread of the abilities. */
  readonly priorAtBoundary: boolean;
  /**
   * Standard error of log σ̂ from estimating the log-determinant with seeded probes above 2,000 items; 0 where σ̂ is
   * exact or given.
   */
  readonly spreadError: number;
  /** β of the item shown first: one overall, or one per judge with a verdict of known order, ascending; else empty. */
  readonly positionEffects: readonly number[];
  /** log ν of Davidson's model; null without ties. */
  readonly logTieOdds: number | null;
  /** Newton steps taken (for empirical Bayes: at the last σ²). */
  readonly iterations: number;
  readonly converged: boolean;
  /** max |gradientᵢ| / max(1, Nᵢ) at the mode. */
  readonly gradientNorm: number;
  readonly connectivity: Connectivity;
}

/** Most items of one fit. */
export const ITEM_LIMIT = 20_000;
/** Most comparisons (rows) of one fit. */
export const COMPARISON_LIMIT = 4_000_000;

/** The different values of an array, ascending. */
export function distinct(values: Int32Array): number[] {
  return [...new Set(values)].sort((a, b) => a - b);
}
