import { createRandom } from "../random.ts";
import {
  type AbilityGrid,
  createAbilityGrid,
  type GriddedAbility,
  meanOverAbility,
  placeOnGrid,
} from "./ability-grid.ts";
import { sampleWithNormalPrior } from "./elliptical-slice.ts";
import {
  coordinateCount,
  type ThresholdPrior,
  type Thresholds,
  thresholdPrior,
  thresholdsAt,
} from "./threshold-prior.ts";

/** One essay on the ability scale of its batch. */
export interface GradedAbility {
  /** Logits. */
  readonly ability: number;
  readonly standardError: number;
  /** An anchor's known grade, 0 for the lowest; null for an essay that is to be graded. */
  readonly knownGrade: number | null;
}

export interface GradeProjection {
  /** Most probable grade, 0 for the lowest; of two equally probable ones the lower. */
  readonly grade: number;
  /** By grade, lowest first; Σ = 1. */
  readonly probabilities: readonly number[];
  /** 1 − P(grade). */
  readonly wrongProbability: number;
  /** P(the grade is right or the next above or below is). */
  readonly withinOneProbability: number;
}

export interface GradeModel {
  /** In the order of `essays`; null for anchors, whose grade is known. */
  readonly projections: readonly (GradeProjection | null)[];
  /** Posterior mean and standard deviation of the boundaries in logits, ascending; one fewer than grades. */
  readonly boundaries: readonly { readonly mean: number; readonly standardDeviation: number }[];
  /** Posterior mean of the scatter s of grading, in logits. */
  readonly scatter: number;
  /** Grades that no anchor has: what is said of them rests on their neighbours and the scale's shares. */
  readonly gradesWithoutAnchor: readonly number[];
  /** Mean `wrongProbability` of the essays that were graded; null when there is none. */
  readonly expectedMisclassification: number | null;
}

export interface GradeOptions {
  /** Seed of the draws from the boundaries' posterior; default 1. */
  readonly seed?: number;
  readonly draws?: number;
}

const BURN_IN = 500;
const DRAWS = 4_000;
/** Abilities that hardly differ still get boundaries a sensible distance apart. */
const SPREAD_MIN = 0.5;
const LIKELIHOOD_MIN = 1e-300;

/**
 * Grades essays by anchors of known grade on the same scale: the cumulative logit model (McCullagh 1980, JRSS B 42:109)
 * P(grade ≤ k | θ) = logistic((τₖ − θ)/s), its boundaries and scatter estimated from the anchors under the proper prior
 * of {@link thresholdPrior}. Every ability enters as N(ability, standardError²), the anchors' as well as the essays', and the
 * posterior of the boundaries is integrated out with seeded draws, so that a grade's probability carries all three errors.
 *
 * @param shares of the grades, lowest first: 2 or more, positive, Σ = 1
 * @param essays at least one of them an anchor
 */
export function projectGrades(
  shares: readonly number[],
  essays: readonly GradedAbility[],
  { seed = 1, draws = DRAWS }: GradeOptions = {},
): GradeModel {
  const grid = createAbilityGrid(
    essays.map(({ ability }) => ability),
    essays.map(({ standardError }) => standardError),
  );
  const placed = essays.map(({ ability, standardError }) => placeOnGrid(grid, ability, standardError));
  const anchors = essays.flatMap(({ knownGrade }, i) =>
    knownGrade === null ? [] : [{ grade: knownGrade, ability: placed[i] }],
  );
  const prior = thresholdPrior(shares, ...centreAndSpread(essays));
  const posterior = samplePosterior(prior, grid, anchors, draws, seed);
  const projections = essays.map(({ knownGrade }, i) =>
    knownGrade === null ? project(placed[i], posterior.cumulative) : null,
  );
  const known = new Set(anchors.map(({ grade }) => grade));
  return {
    projections,
    boundaries: posterior.boundaries,
    scatter: posterior.scatter,
    gradesWithoutAnchor: shares.flatMap((_, grade) => (known.has(grade) ? [] : [grade])),
    expectedMisclassification: meanWrong(projections),
  };
}

/** Mean and standard deviation of the true abilities: the variance of the estimates plus that of their errors. */
function centreAndSpread(essays: readonly GradedAbility[]): [number, number] {
  const centre = essays.reduce((sum, { ability }) => sum + ability, 0) / essays.length;
  const variance =
    essays.reduce(
      (sum, { ability, standardError }) => sum + (ability - centre) ** 2 + standardError ** 2,
      0,
    ) / essays.length;
  return [centre, Math.max(SPREAD_MIN, Math.sqrt(variance))];
}

interface BoundaryPosterior {
  /** Posterior mean of P(grade ≤ k) at every point of the grid, by k. */
  readonly cumulative: readonly Float64Array[];
  readonly boundaries: readonly { readonly mean: number; readonly standardDeviation: number }[];
  readonly scatter: number;
}

function samplePosterior(
  prior: ThresholdPrior,
  grid: AbilityGrid,
  anchors: readonly { readonly grade: number; readonly ability: GriddedAbility }[],
  draws: number,
  seed: number,
): BoundaryPosterior {
  const count = prior.expected.length;
  const curves = Array.from({ length: count }, () => new Float64Array(grid.count));
  const cumulative = curves.map((curve) => new Float64Array(curve.length));
  const sums = new Float64Array(count);
  const squares = new Float64Array(count);
  let scatter = 0;
  const logLikelihood = (coordinates: Float64Array) => {
    drawCurves(curves, grid, thresholdsAt(prior, coordinates));
    return anchors.reduce((sum, { grade, ability }) => {
      const upTo = grade < count ? meanOverAbility(ability, curves[grade]) : 1;
      const below = grade > 0 ? meanOverAbility(ability, curves[grade - 1]) : 0;
      return sum + Math.log(Math.max(upTo - below, LIKELIHOOD_MIN));
    }, 0);
  };
  const sampling = { burnIn: BURN_IN, draws, random: createRandom(seed) };
  sampleWithNormalPrior(coordinateCount(prior), logLikelihood, sampling, (coordinates) => {
    const thresholds = thresholdsAt(prior, coordinates);
    drawCurves(curves, grid, thresholds);
    scatter += thresholds.scatter / draws;
    for (let k = 0; k < count; k++) {
      sums[k] += thresholds.boundaries[k] / draws;
      squares[k] += thresholds.boundaries[k] ** 2 / draws;
      for (let i = 0; i < grid.count; i++) cumulative[k][i] += curves[k][i] / draws;
    }
  });
  const boundaries = Array.from(sums, (mean, k) => ({
    mean,
    standardDeviation: Math.sqrt(Math.max(0, squares[k] - mean ** 2)),
  }));
  return { cumulative, boundaries, scatter };
}

/** Beyond so many scatters from a boundary the logistic function is 0 or 1 to 1e-13. */
const CURVE_REACH = 30;

/** P(grade ≤ k | θ) at every point of the grid. */
function drawCurves(
  curves: readonly Float64Array[],
  grid: AbilityGrid,
  { boundaries, scatter }: Thresholds,
): void {
  const { from, step, count } = grid;
  // exp((θ − τ)/s) grows by one factor per point: one exponential per curve instead of one per point.
  const factor = Math.exp(step / scatter);
  curves.forEach((curve, k) => {
    const pointAt = (ability: number) => Math.min(count, Math.max(0, Math.ceil((ability - from) / step)));
    const rises = pointAt(boundaries[k] - CURVE_REACH * scatter);
    const ends = pointAt(boundaries[k] + CURVE_REACH * scatter);
    curve.fill(1, 0, rises);
    curve.fill(0, ends);
    let odds = Math.exp((from + rises * step - boundaries[k]) / scatter);
    for (let i = rises; i < ends; i++) {
      curve[i] = 1 / (1 + odds);
      odds *= factor;
    }
  });
}

function project(ability: GriddedAbility, cumulative: readonly Float64Array[]): GradeProjection {
  const upTo = [...cumulative.map((curve) => meanOverAbility(ability, curve)), 1];
  const probabilities = upTo.map((value, k) => Math.max(0, value - (k > 0 ? upTo[k - 1] : 0)));
  const grade = probabilities.reduce((best, value, k) => (value > probabilities[best] ? k : best), 0);
  const near = (probabilities[grade - 1] ?? 0) + probabilities[grade] + (probabilities[grade + 1] ?? 0);
  return {
    grade,
    probabilities,
    wrongProbability: 1 - probabilities[grade],
    withinOneProbability: Math.min(1, near),
  };
}

function meanWrong(projections: readonly (GradeProjection | null)[]): number | null {
  const graded = projections.filter((projection) => projection !== null);
  if (graded.length === 0) return null;
  return graded.reduce((sum, { wrongProbability }) => sum + wrongProbability, 0) / graded.length;
}
