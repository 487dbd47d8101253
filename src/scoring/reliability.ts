import { centredVariance } from "./covariance.ts";
import type { EpsAdjustedFit } from "./eps-adjusted.ts";
import type { Estimate } from "./estimate.ts";
import type { Posterior } from "./posterior.ts";
import { ownVariancesOf } from "./standard-errors.ts";

/**
 * Coefficients by name, because the field uses one word for several formulas.
 *
 * - `reliability`: 1 − mean posterior variance / (σ̂²(1 − 1/n)), the headline.
 * - `reliability_map`: Var(θ_map)/(Var(θ_map) + mean posterior variance); low at few comparisons.
 * - `ssr_adjusted`: (Var − MSE)/Var of the eps-adjusted fit with its conditional errors (sirt `mle.rel`, No More Marking).
 * - `ssr_observed`: Var/(Var + MSE) of the same fit (Kinnear, Jones & Davies 2025; Moodle).
 * - `separation_true`, `separation_observed`: √(Var − MSE)/RMSE and √Var/RMSE of the same fit (Bramley 2007; sirt `sepG`).
 */
export type ReliabilityName =
  | "reliability"
  | "reliability_map"
  | "ssr_adjusted"
  | "ssr_observed"
  | "separation_true"
  | "separation_observed";

export interface ReliabilityCoefficient {
  readonly name: ReliabilityName;
  /** Null where the data do not define it. */
  readonly value: number | null;
  /** Whether it still means what it says when pairs were chosen by earlier verdicts. */
  readonly validWhenAdaptive: boolean;
}

/** Goes with every result. */
export const RELIABILITY_STATEMENT =
  "Reliability is this judge's agreement with itself: how far another set of its verdicts would give the same order. It is not validity: it does not say that the order is right.";

/** What the posterior at the plug-in σ̂ says of the free items. */
export interface PosteriorSpread {
  /** Modes of the free items. */
  readonly abilities: Float64Array;
  /** Σ Var(θᵢ − θ̄) over the free items. */
  readonly centredVariance: number;
  readonly priorVariance: number;
  /** σ̂ at the lower end: nothing separates the items. */
  readonly atLowerBoundary: boolean;
}

/**
 * 1 − mean centred posterior variance / (σ̂²(1 − 1/n)) at the plug-in σ̂, clamped to [0, 1], 0 in the limit σ̂² → 0.
 * Choosing pairs by past verdicts leaves the likelihood as it is (Rubin 1976, ignorability), hence valid when adaptive.
 */
export function headlineReliability({
  abilities,
  centredVariance,
  priorVariance,
  atLowerBoundary,
}: PosteriorSpread): number {
  if (atLowerBoundary || abilities.length < 2 || !Number.isFinite(priorVariance)) return 0;
  const share = centredVariance / (priorVariance * (abilities.length - 1));
  return Math.min(1, Math.max(0, 1 - share));
}

/** Var(θ_map)/(Var(θ_map) + mean posterior variance), with the n − 1 variance. */
function mapReliability({ abilities, centredVariance }: PosteriorSpread): number | null {
  if (abilities.length < 2) return null;
  const observed = sampleVariance(abilities);
  const error = centredVariance / abilities.length;
  return observed + error > 0 ? observed / (observed + error) : null;
}

/** Scale separation of an eps-adjusted fit: what sirt, No More Marking and Moodle print. */
export interface ScaleSeparation {
  readonly adjusted: number | null;
  readonly observed: number | null;
  readonly separationTrue: number | null;
  readonly separationObserved: number | null;
}

/** Null where the abilities do not vary, or one of them has no finite error. */
export function scaleSeparation({ abilities, conditionalErrors }: EpsAdjustedFit): ScaleSeparation {
  const variance = sampleVariance(abilities);
  const squares = conditionalErrors.reduce((sum, error) => sum + error * error, 0);
  const error = squares / abilities.length;
  if (!Number.isFinite(error / variance) || !(error > 0))
    return { adjusted: null, observed: null, separationTrue: null, separationObserved: null };
  return {
    adjusted: 1 - error / variance,
    observed: variance / (variance + error),
    separationTrue: Math.sqrt(Math.max(0, variance - error) / error),
    separationObserved: Math.sqrt(variance / error),
  };
}

/** The headline of an estimate without its mixture: one dense inverse, above 2,000 items estimated variances. */
export function reliabilityOf({ posterior, mode, atLowerBoundary }: Estimate): number {
  posterior.evaluate(mode.at);
  return headlineReliability(describeSpread(posterior, mode.at, ownVariancesOf(posterior), atLowerBoundary));
}

/**
 * What the headline needs of a posterior last evaluated at its mode.
 * @param variances of the abilities there, without what anchors' own errors add.
 */
export function describeSpread(
  posterior: Posterior,
  mode: Float64Array,
  variances: Float64Array,
  atLowerBoundary: boolean,
): PosteriorSpread {
  const { model, precision } = posterior;
  return {
    abilities: mode.slice(0, model.graph.itemCount).filter((_, item) => !model.fixed?.[item]),
    centredVariance: centredVariance(variances, posterior),
    priorVariance: 1 / precision,
    atLowerBoundary,
  };
}

/** Every coefficient that results publish, the headline first; null where the verdicts do not tell it. */
export function reliabilityCoefficients(
  posterior: PosteriorSpread,
  eps: EpsAdjustedFit,
): ReliabilityCoefficient[] {
  const separation = scaleSeparation(eps);
  return [
    { name: "reliability", value: headlineReliability(posterior), validWhenAdaptive: true },
    { name: "reliability_map", value: mapReliability(posterior), validWhenAdaptive: true },
    { name: "ssr_adjusted", value: separation.adjusted, validWhenAdaptive: false },
    { name: "ssr_observed", value: separation.observed, validWhenAdaptive: false },
    { name: "separation_true", value: separation.separationTrue, validWhenAdaptive: false },
    { name: "separation_observed", value: separation.separationObserved, validWhenAdaptive: false },
  ];
}

export function meanOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The n − 1 variance. */
export function sampleVariance(values: Float64Array): number {
  const mean = meanOf(values);
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
}
