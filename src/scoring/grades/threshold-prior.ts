/**
 * The prior of the grade boundaries. In the cumulative logit model P(grade ≤ k | θ) = logistic((τₖ − θ)/s) the boundaries τ
 * and the scatter s of grading are on the logit scale of the abilities. All of them follow from standard normal coordinates,
 * so that every prior is proper and every draw is monotone: with one anchor per grade the unpenalised estimate is often
 * infinite (perfect separation).
 */

/** What is believed of the boundaries before any anchor is looked at. */
export interface ThresholdPrior {
  /** Logits: mean and standard deviation of the abilities that the scale's shares are about. */
  readonly centre: number;
  readonly spread: number;
  /** Boundaries as the scale's shares place them, in units of the spread; ascending, one fewer than grades. */
  readonly expected: readonly number[];
}

/** Boundaries τ in logits, ascending, and the scatter s > 0 of grading about them. */
export interface Thresholds {
  readonly boundaries: Float64Array;
  readonly scatter: number;
}

/** In units of the spread: how far the graded population's mean may lie from this batch's. */
const LOCATION_DEVIATION = 0.8;
/** Of the logarithms: of the spread, of a single step between two boundaries, and of the scatter. */
const SPREAD_DEVIATION = 0.3;
const STEP_DEVIATION = 0.3;
const SCATTER_DEVIATION = 0.9;
/** Median of the scatter, in units of the spread. */
const SCATTER_MEDIAN = 0.08;
/** A logistic distribution of variance 1 has this scale. */
const UNIT_LOGISTIC = Math.sqrt(3) / Math.PI;

/** Coordinates before those of the steps: location, spread, scatter. */
const OWN_COORDINATES = 3;

/**
 * @param shares of the grades in the population that the scale was made for, lowest grade first; positive, Σ = 1
 * @param centre and spread in logits: mean and standard deviation of the batch's abilities
 */
export function thresholdPrior(shares: readonly number[], centre: number, spread: number): ThresholdPrior {
  // Summed from both ends: 1 − below would round to 0 above a rare highest grade, and its boundary would be infinite.
  const below = runningSums(shares);
  const above = runningSums(shares.toReversed()).reverse();
  const expected = shares
    .slice(0, -1)
    .map((_, grade) => UNIT_LOGISTIC * (Math.log(below[grade]) - Math.log(above[grade + 1])));
  return { centre, spread, expected };
}

function runningSums(values: readonly number[]): number[] {
  let sum = 0;
  return values.map((value) => {
    sum += value;
    return sum;
  });
}

/** @returns how many standard normal coordinates {@link thresholdsAt} takes */
export function coordinateCount({ expected }: ThresholdPrior): number {
  return OWN_COORDINATES + expected.length - 1;
}

/**
 * @param coordinates independent standard normal under the prior
 * @returns the boundaries and the scatter that they stand for
 */
export function thresholdsAt(prior: ThresholdPrior, coordinates: Float64Array): Thresholds {
  const { centre, spread, expected } = prior;
  const [location, logSpread, logScatter] = coordinates;
  const width = spread * Math.exp(SPREAD_DEVIATION * logSpread);
  const scatter = SCATTER_MEDIAN * width * Math.exp(SCATTER_DEVIATION * logScatter);
  const boundaries = new Float64Array(expected.length);
  const middle = boundaryNearest(expected);
  boundaries[middle] = centre + LOCATION_DEVIATION * spread * location + width * expected[middle];
  const step = (lower: number) =>
    width *
    (expected[lower + 1] - expected[lower]) *
    Math.exp(STEP_DEVIATION * coordinates[OWN_COORDINATES + lower]);
  for (let k = middle + 1; k < boundaries.length; k++) boundaries[k] = boundaries[k - 1] + step(k - 1);
  for (let k = middle - 1; k >= 0; k--) boundaries[k] = boundaries[k + 1] - step(k);
  return { boundaries, scatter };
}

/** The boundary nearest to the population's mean: steps are counted from it, so that errors do not pile up at one end. */
function boundaryNearest(expected: readonly number[]): number {
  return expected.reduce((best, at, k) => (Math.abs(at) < Math.abs(expected[best]) ? k : best), 0);
}
