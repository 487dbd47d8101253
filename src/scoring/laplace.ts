import { centredVariance, type DenseCovariance, factoriseHessian, invertHessian } from "./covariance.ts";
import { createWork, type Minimum, minimise, solve } from "./newton.ts";
import {
  createPosterior,
  type Model,
  meanOfFree,
  type Posterior,
  spreadOfFree,
  subtractMean,
} from "./posterior.ts";
import { createForm, multiplyForm, type QuadraticForm, traceOfCells } from "./quadratic-form.ts";
import type { Random } from "./random.ts";
import { logLikelihoodOf, setHessianDrift, setPairDrift } from "./verdicts.ts";

/**
 * Laplace's approximation to log ∫ P(verdicts | θ) N(θ; 0, σ²I) dθ (Tierney & Kadane 1986, JASA 81:82, eq. 2.2), up to
 * a constant: ℓ(θ̂) − Σ(θ̂ − θ̄)²/2σ² − (f − 1) log σ − ½ log |A|, with f free items, A = H(θ̂) + I/σ² and H the
 * information of the verdicts. Position effects and log ν are integrated out with the abilities.
 */
export interface LaplacePoint {
  readonly logSigma: number;
  readonly mode: Minimum;
  readonly posterior: Posterior;
}

/** The mode at one σ, leaving the posterior evaluated there. */
export function findMode(
  model: Model,
  logSigma: number,
  start: Float64Array,
  tolerance: number,
): LaplacePoint {
  const posterior = createPosterior(model, Math.exp(-2 * logSigma));
  return { logSigma, posterior, mode: minimise(posterior, start, tolerance) };
}

/** The log marginal likelihood at a mode, from a dense log-determinant: O(d³/3). */
export function logMarginal({ logSigma, mode, posterior }: LaplacePoint, logDeterminant: number): number {
  const { model, precision } = posterior;
  const penalty = (precision * spreadOfFree(mode.at, model)) / 2 + effectPenalty(model, mode.at);
  return (
    logLikelihoodOf(model.graph, mode.at) - penalty - (model.freeCount - 1) * logSigma - logDeterminant / 2
  );
}

function effectPenalty({ graph, effectPrecision }: Model, at: Float64Array): number {
  let squares = 0;
  graph.effects?.observed.forEach((_, index) => {
    squares += at[graph.itemCount + index] ** 2;
  });
  return (effectPrecision * squares) / 2;
}

/**
 * d log-marginal / d log σ, exactly: Σ(θ̂ − θ̄)²/σ² − (f − 1) − ½ tr(A⁻¹ dA/d log σ). The mode moves with σ, and the
 * information with the mode: dθ̂/d log σ = 2A⁻¹(θ̂ − θ̄)/σ². O(d³) by the dense inverse.
 */
export function slopeExactly(
  point: LaplacePoint,
  workspace?: Float64Array,
): { readonly slope: number; readonly covariance: DenseCovariance } {
  const { posterior, mode } = point;
  const { model, precision } = posterior;
  const { graph, freeCount } = model;
  const factored = factoriseHessian(posterior, workspace);
  const covariance = invertHessian(posterior, factored);
  const drift = driftOfHessian(point, SOLVE_TOLERANCE);
  const diagonal = Float64Array.from({ length: graph.dimension }, (_, i) => {
    if (i >= graph.itemCount) return covariance.between(i, i);
    return model.fixed?.[i] ? 0 : covariance.variances[i] + factored.constant;
  });
  const priorTrace = centredVariance(covariance.variances, posterior);
  const trace = -2 * precision * priorTrace + traceOfCells(graph, drift, covariance.factor, diagonal);
  return { slope: precision * spreadOfFree(mode.at, model) - (freeCount - 1) - trace / 2, covariance };
}

const SOLVE_TOLERANCE = 1e-9;

/** dH/d log σ along the moving mode, as a form with its diagonal set. */
function driftOfHessian({ posterior, mode }: LaplacePoint, accuracy: number): QuadraticForm {
  const { model, precision, dimension } = posterior;
  const { graph, fixed } = model;
  const pull = new Float64Array(dimension);
  for (let i = 0; i < graph.itemCount; i++) if (!fixed?.[i]) pull[i] = 2 * precision * mode.at[i];
  if (fixed) centreFree(pull, model);
  const move = new Float64Array(dimension);
  solve(posterior, pull, move, accuracy, createWork(dimension));
  posterior.center(move);
  const drift = createForm(graph);
  if (graph.effects) setHessianDrift(graph, mode.at, move, drift);
  else setPairDrift(graph, mode.at, move, posterior.hessian.dd, drift);
  setDiagonal(graph, drift);
  return drift;
}

function centreFree(vector: Float64Array, { fixed, freeCount, graph }: Model): void {
  let sum = 0;
  for (let i = 0; i < graph.itemCount; i++) if (!fixed?.[i]) sum += vector[i];
  for (let i = 0; i < graph.itemCount; i++) if (!fixed?.[i]) vector[i] -= sum / freeCount;
}

function setDiagonal(
  { itemCount, rowStart, other, effects, dimension }: Model["graph"],
  form: QuadraticForm,
): void {
  const { diagonal, dd, tt } = form;
  for (let i = 0; i < itemCount; i++)
    for (let k = rowStart[i]; k < rowStart[i + 1]; k++) {
      diagonal[i] += dd[k];
      diagonal[other[k]] += dd[k];
      if (effects && effects.sign[k] !== 0) diagonal[effects.effect[k]] += dd[k];
      if (tt.length > 0) diagonal[dimension - 1] += tt[k];
    }
}

/**
 * The same slope with the trace estimated from seeded random signs z (Hutchinson 1990, Comm. Stat. Simul. 19:433):
 * tr(A⁻¹B) = E zᵀA⁻¹Bz, one solve per probe. `error` is the standard error of the slope.
 */
export function estimateSlope(
  point: LaplacePoint,
  probes: readonly Float64Array[],
  accuracy: number,
): { slope: number; error: number } {
  const { posterior, mode } = point;
  const { model, precision, dimension } = posterior;
  const { graph, fixed } = model;
  const drift = driftOfHessian(point, accuracy);
  const work = createWork(dimension);
  const solved = new Float64Array(dimension);
  const product = new Float64Array(dimension);
  const terms = probes.map((probe) => {
    solve(posterior, probe, solved, accuracy, work);
    posterior.center(solved);
    multiplyForm(graph, drift, solved, product);
    const mean = meanOfFree(probe, model);
    let trace = 0;
    let size = 0;
    for (let i = 0; i < dimension; i++) {
      if (fixed?.[i]) continue;
      trace += probe[i] * product[i];
      if (i >= graph.itemCount) continue;
      trace -= 2 * precision * (probe[i] - mean) * solved[i];
      size += (probe[i] - mean) ** 2;
    }
    // zᵀz is known: taken probe by probe it cancels most of the noise where the data say little.
    return -trace / 2 - size;
  });
  const mean = terms.reduce((sum, term) => sum + term, 0) / terms.length;
  const squares = terms.reduce((sum, term) => sum + (term - mean) ** 2, 0);
  const error =
    terms.length > 1 ? Math.sqrt(squares / (terms.length - 1) / terms.length) : Number.POSITIVE_INFINITY;
  return { slope: precision * spreadOfFree(mode.at, model) + mean, error };
}

/** Random signs on the free parameters, centred where the abilities are. */
export function createProbes(model: Model, count: number, random: Random): Float64Array[] {
  return Array.from({ length: count }, () => {
    const probe = Float64Array.from({ length: model.graph.dimension }, (_, i) =>
      model.fixed?.[i] ? 0 : random.sign(),
    );
    if (!model.fixed) subtractMean(probe, model.graph.itemCount);
    return probe;
  });
}
