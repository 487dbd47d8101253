import { type Factor, inverseEntry, invertFactor } from "./cholesky.ts";
import { factoriseHessian, inverseDiagonal } from "./covariance.ts";
import type { PairGraph } from "./graph.ts";
import { type Minimum, minimise } from "./newton.ts";
import {
  createPairObjective,
  type PairObjective,
  pairLogLikelihood,
  startFromWinRates,
} from "./pair-objective.ts";

/** σ is sought in [.01, 10] logits. */
export const LOG_SIGMA_MIN = Math.log(0.01);
export const LOG_SIGMA_MAX = Math.log(10);

/** The Laplace approximation at one σ: mode and log marginal likelihood, with its derivative by log σ. */
interface LaplacePoint {
  readonly logSigma: number;
  readonly mode: Minimum;
  readonly logMarginal: number;
  readonly slope: number;
}

/**
 * log ∫ P(verdicts | θ) N(θ; 0, σ²I) dθ by Laplace's method (Tierney & Kadane 1986, eq. 2.2):
 * ℓ(θ̂) − θ̂ᵀθ̂/2σ² − (n − 1) log σ − ½ log |H(θ̂) + I/σ²| on the sum-zero subspace, up to a constant (along the
 * constant prior and posterior are the same). The slope counts that the mode, and with it the
 * Hessian, moves with σ: dθ̂/d log σ = 2A⁻¹θ̂/σ², A = H + I/σ².
 */
function laplace(graph: PairGraph, logSigma: number, start: Float64Array, tolerance: number): LaplacePoint {
  const precision = Math.exp(-2 * logSigma);
  const objective = createPairObjective(graph, precision);
  const mode = minimise(objective, start, tolerance);
  const factor = factoriseHessian(graph, objective.weights, precision);
  const squares = mode.at.reduce((sum, ability) => sum + ability * ability, 0);
  const logMarginal =
    pairLogLikelihood(graph, mode.at) -
    (precision * squares) / 2 -
    (graph.itemCount - 1) * logSigma -
    (factor.logDeterminant - Math.log(factor.level)) / 2;
  invertFactor(factor);
  const trace = inverseDiagonal(factor).reduce((sum, variance) => sum + variance, 0) - 1 / factor.level;
  const slope =
    precision * squares -
    (graph.itemCount - 1) +
    precision * trace -
    curvatureDrift(graph, objective, mode.at, factor, precision) / 2;
  return { logSigma, mode, logMarginal, slope };
}

/** tr(A⁻¹ dH/d log σ) as the mode moves: Σ over pairs of w(1 − 2p)(uᵢ − uⱼ)(Cᵢᵢ + Cⱼⱼ − 2Cᵢⱼ), u = dθ̂/d log σ. */
function curvatureDrift(
  { itemCount, rowStart, other }: PairGraph,
  { weights }: PairObjective,
  mode: Float64Array,
  factor: Factor,
  precision: number,
): number {
  const diagonal = inverseDiagonal(factor);
  const drift = multiplyInverse(factor, mode);
  let total = 0;
  for (let i = 0; i < itemCount; i++) {
    for (let k = rowStart[i]; k < rowStart[i + 1]; k++) {
      const j = other[k];
      const oddsBalance = -Math.tanh((mode[i] - mode[j]) / 2);
      const variance = diagonal[i] + diagonal[j] - 2 * inverseEntry(factor, i, j);
      total += weights[k] * oddsBalance * 2 * precision * (drift[i] - drift[j]) * variance;
    }
  }
  return total;
}

/** A⁻¹v = UUᵀv, U the columns of L⁻¹ as stored by {@link invertFactor}. */
function multiplyInverse({ size, entries }: Factor, vector: Float64Array): Float64Array {
  const half = new Float64Array(size);
  for (let i = 0; i < size; i++) for (let k = i; k < size; k++) half[k] += entries[i * size + k] * vector[i];
  const out = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    let sum = 0;
    for (let k = i; k < size; k++) sum += entries[i * size + k] * half[k];
    out[i] = sum;
  }
  return out;
}

export interface EmpiricalBayes {
  readonly logSigma: number;
  readonly atBoundary: boolean;
  readonly mode: Minimum;
}

const COARSE_POINTS = 16;
const LOG_SIGMA_TOLERANCE = 1e-9;

/** Maximises the Laplace marginal likelihood: best of a coarse grid (σ ≈ 0 can be a second mode), then the slope's root. */
export function estimatePrior(graph: PairGraph, tolerance: number, start?: Float64Array): EmpiricalBayes {
  let from = start ?? startFromWinRates(graph);
  const grid: LaplacePoint[] = [];
  for (let k = 0; k < COARSE_POINTS; k++) {
    const logSigma = LOG_SIGMA_MAX - (k * (LOG_SIGMA_MAX - LOG_SIGMA_MIN)) / (COARSE_POINTS - 1);
    const point = laplace(graph, logSigma, from, tolerance);
    from = point.mode.at;
    grid.unshift(point);
  }
  const best = grid.reduce((top, point) => (point.logMarginal > top.logMarginal ? point : top));
  const at = grid.indexOf(best);
  const below = best.slope > 0 ? best : grid[at - 1];
  const above = best.slope > 0 ? grid[at + 1] : best;
  if (!below || !above || below.slope <= 0 || above.slope >= 0)
    return { logSigma: best.logSigma, atBoundary: at === 0 || at === grid.length - 1, mode: best.mode };
  const peak = findPeak(graph, below, above, tolerance);
  return { logSigma: peak.logSigma, atBoundary: false, mode: peak.mode };
}

/** Root of the slope between two points of opposite slope: Illinois false position (Dowell & Jarratt 1971). */
function findPeak(
  graph: PairGraph,
  below: LaplacePoint,
  above: LaplacePoint,
  tolerance: number,
): LaplacePoint {
  let [a, fa, b, fb] = [below.logSigma, below.slope, above.logSigma, above.slope];
  let point = below;
  for (let k = 0; k < 60 && b - a > LOG_SIGMA_TOLERANCE; k++) {
    const at = (a * fb - b * fa) / (fb - fa);
    const previous = point;
    point = laplace(graph, at, previous.mode.at, tolerance);
    if (Math.abs(at - previous.logSigma) < LOG_SIGMA_TOLERANCE) break;
    const sameSide = point.slope > 0 === previous.slope > 0;
    if (point.slope > 0) {
      [a, fa] = [at, point.slope];
      if (sameSide) fb /= 2;
    } else {
      [b, fb] = [at, point.slope];
      if (sameSide) fa /= 2;
    }
  }
  return point;
}
