/**
 * A convex function to minimise, with its Hessian as an operator. `evaluate(x)` sets gradient and Hessian at x;
 * `multiply` and `diagonal` then refer to that point.
 */
export interface Objective {
  readonly dimension: number;
  readonly gradient: Float64Array;
  /** Diagonal of the Hessian, > 0: the Jacobi preconditioner. */
  readonly diagonal: Float64Array;
  /** What a component of the gradient is measured against, max(1, Nᵢ). */
  readonly scale: Float64Array;
  /** Below this scaled gradient, a step that no longer reduces it has met the rounding of the sums. */
  readonly rounding: number;
  evaluate(at: Float64Array): void;
  /** out ← Hessian · direction; returns direction · out. */
  multiply(direction: Float64Array, out: Float64Array): number;
  /** Removes from a point or a direction what the model does not identify (the mean of the abilities). */
  center(vector: Float64Array): void;
}

export interface Minimum {
  readonly at: Float64Array;
  readonly iterations: number;
  readonly converged: boolean;
  /** max |gradientᵢ| / scaleᵢ */
  readonly gradientNorm: number;
}

const STEP_LIMIT = 100;
const BACKTRACK_LIMIT = 60;
/** Logits per Newton step. */
const LONGEST_MOVE = 100;
/** How far beyond the tolerance a linear solve goes, so that the last Newton step is the last. */
const SOLVE_MARGIN = 0.25;

/**
 * Inexact Newton with Jacobi-preconditioned conjugate gradients (Nocedal & Wright 2006, algorithm 7.1, with the
 * superlinear forcing term of Eisenstat & Walker 1996, eq. 2.6). The step length is found on the slope along the
 * step, which is monotone for a convex function: no logarithms are needed.
 * @param start length `dimension`; not changed.
 * @param tolerance largest allowed |gradientᵢ| / scaleᵢ.
 */
export function minimise(objective: Objective, start: Float64Array, tolerance: number): Minimum {
  const { dimension, gradient } = objective;
  const at = start.slice();
  objective.center(at);
  const step = new Float64Array(dimension);
  const work = createWork(dimension);
  objective.evaluate(at);
  let norm = scaledNorm(objective);
  let reduction = 1;
  let iterations = 0;
  while (norm > tolerance && iterations < STEP_LIMIT) {
    const forcing = Math.max((SOLVE_MARGIN * tolerance) / norm, Math.min(0.1, reduction * reduction, norm));
    solve(objective, gradient, step, forcing, work);
    objective.center(step);
    shorten(step);
    const slope = -dot(gradient, step);
    moveDownhill(objective, at, step, slope);
    iterations++;
    const next = scaledNorm(objective);
    const stalled = next < objective.rounding && next > norm / 4;
    reduction = next / norm;
    norm = next;
    if (stalled) return { at, iterations, converged: true, gradientNorm: norm };
  }
  return { at, iterations, converged: norm <= tolerance, gradientNorm: norm };
}

/** Where all verdicts are foregone there is hardly any curvature, and a full step would be longer than any search. */
function shorten(step: Float64Array): void {
  let longest = 0;
  for (let i = 0; i < step.length; i++) longest = Math.max(longest, Math.abs(step[i]));
  if (longest > LONGEST_MOVE) for (let i = 0; i < step.length; i++) step[i] *= LONGEST_MOVE / longest;
}

/** at ← at − t·step with t = 1 where the slope allows, else the secant's t; leaves the objective evaluated there. */
function moveDownhill(objective: Objective, at: Float64Array, step: Float64Array, slope: number): void {
  let length = 1;
  add(at, step, -1);
  // Rounding of a long step leaves a constant, which a narrow prior would turn into a gradient.
  objective.center(at);
  objective.evaluate(at);
  let slopeThere = -dot(objective.gradient, step);
  for (let tries = 0; tries < BACKTRACK_LIMIT; tries++) {
    if (slopeThere <= 0.5 * Math.abs(slope) || Math.abs(slopeThere) < 1e-28) return;
    const shorter = length * Math.max(0.1, Math.abs(slope) / (Math.abs(slope) + slopeThere));
    add(at, step, length - shorter);
    length = shorter;
    objective.evaluate(at);
    slopeThere = -dot(objective.gradient, step);
  }
}

/** Vectors that conjugate gradients need, allocated once per minimisation. */
interface Work {
  readonly residual: Float64Array;
  readonly direction: Float64Array;
  readonly product: Float64Array;
}

/** Working memory for {@link solve} and {@link minimise} in so many dimensions. */
export function createWork(dimension: number): Work {
  return {
    residual: new Float64Array(dimension),
    direction: new Float64Array(dimension),
    product: new Float64Array(dimension),
  };
}

/**
 * Solves Hessian · x = rhs by preconditioned conjugate gradients (Hestenes & Stiefel 1952) from x = 0, until
 * the residual is `forcing` times the right-hand side in the scaled maximum norm, or rounding stops progress.
 */
export function solve(
  objective: Objective,
  rhs: Float64Array,
  x: Float64Array,
  forcing: number,
  { residual, direction, product }: Work,
): void {
  const { dimension, diagonal, scale } = objective;
  x.fill(0);
  residual.set(rhs);
  let rz = 0;
  let rhsNorm = 0;
  for (let i = 0; i < dimension; i++) {
    const z = residual[i] / diagonal[i];
    direction[i] = z;
    rz += residual[i] * z;
    rhsNorm = Math.max(rhsNorm, Math.abs(residual[i]) / scale[i]);
  }
  const target = forcing * rhsNorm;
  const limit = 2 * dimension + 20;
  for (let iteration = 0; iteration < limit && rz > 0; iteration++) {
    const curvature = objective.multiply(direction, product);
    if (!(curvature > 0)) return;
    const alpha = rz / curvature;
    let next = 0;
    let norm = 0;
    for (let i = 0; i < dimension; i++) {
      x[i] += alpha * direction[i];
      const r = residual[i] - alpha * product[i];
      residual[i] = r;
      next += (r * r) / diagonal[i];
      const size = Math.abs(r) / scale[i];
      if (size > norm) norm = size;
    }
    if (norm <= target) return;
    const beta = next / rz;
    rz = next;
    for (let i = 0; i < dimension; i++) direction[i] = residual[i] / diagonal[i] + beta * direction[i];
  }
}

function scaledNorm({ gradient, scale, dimension }: Objective): number {
  let norm = 0;
  for (let i = 0; i < dimension; i++) {
    const size = Math.abs(gradient[i]) / scale[i];
    if (!(size <= norm)) norm = size;
  }
  return norm;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

function add(to: Float64Array, vector: Float64Array, factor: number): void {
  for (let i = 0; i < to.length; i++) to[i] += factor * vector[i];
}
