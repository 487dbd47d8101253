/** Equally spaced abilities that stand for the continuum in sums over it. */
export interface AbilityGrid {
  readonly from: number;
  /** Logits between two points. */
  readonly step: number;
  readonly count: number;
}

/** An ability's posterior on a grid: `weights[i]` is the probability of point `first + i`; Σ = 1. */
export interface GriddedAbility {
  readonly first: number;
  readonly weights: Float64Array;
}

/** A normal distribution ends here, in standard errors, on either side: .006 % are cut off. */
const REACH = 4;
/** Points per smallest standard error: trapezoidal sums over a normal density are then exact to 1e-8. */
const POINTS_PER_ERROR = 2;
const POINTS_MIN = 64;
const POINTS_MAX = 512;

/**
 * A grid that holds all of these abilities with their errors.
 * @param abilities and standardErrors in logits, of one length ≥ 1
 */
export function createAbilityGrid(
  abilities: readonly number[],
  standardErrors: readonly number[],
): AbilityGrid {
  const reach = (i: number) => REACH * standardErrors[i];
  const from = abilities.reduce(
    (low, ability, i) => Math.min(low, ability - reach(i)),
    Number.POSITIVE_INFINITY,
  );
  const to = abilities.reduce(
    (high, ability, i) => Math.max(high, ability + reach(i)),
    Number.NEGATIVE_INFINITY,
  );
  const finest = standardErrors.reduce((least, error) => Math.min(least, error), Number.POSITIVE_INFINITY);
  const range = Math.max(to - from, 1e-6);
  const wanted = Math.ceil((POINTS_PER_ERROR * range) / Math.max(finest, 1e-6)) + 1;
  const count = Math.min(Math.max(wanted, POINTS_MIN), POINTS_MAX);
  return { from, step: range / (count - 1), count };
}

/** N(ability, standardError²) on the grid. An error below the grid's step counts as one step, so that nothing falls between two points. */
export function placeOnGrid(grid: AbilityGrid, ability: number, standardError: number): GriddedAbility {
  const { from, step, count } = grid;
  const error = Math.max(standardError, step / 2);
  const first = Math.max(0, Math.ceil((ability - REACH * error - from) / step));
  const last = Math.min(count - 1, Math.floor((ability + REACH * error - from) / step));
  const weights = new Float64Array(last - first + 1);
  let total = 0;
  for (let i = 0; i < weights.length; i++) {
    const deviation = (from + (first + i) * step - ability) / error;
    weights[i] = Math.exp(-(deviation ** 2) / 2);
    total += weights[i];
  }
  for (let i = 0; i < weights.length; i++) weights[i] /= total;
  return { first, weights };
}

/** Σ weights · curve: the curve's mean over the ability's posterior. */
export function meanOverAbility({ first, weights }: GriddedAbility, curve: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < weights.length; i++) sum += weights[i] * curve[first + i];
  return sum;
}
