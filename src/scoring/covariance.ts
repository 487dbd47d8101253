import { type Factor, factorise, inverseEntry, invertFactor } from "./cholesky.ts";
import { createWork, solve } from "./newton.ts";
import { type Posterior, subtractMean } from "./posterior.ts";
import { addFormTo } from "./quadratic-form.ts";
import type { Random } from "./random.ts";

/** Up to this many items covariances come from a dense factorisation (32 MB); beyond, they are estimated. */
export const DENSE_LIMIT = 2_000;

/** The Hessian A of a posterior as a dense factor. */
export interface HessianFactor {
  readonly factor: Factor;
  /** log |A|, without anchors on the subspace of centred abilities. */
  readonly logDeterminant: number;
  /** What the constant adds to every entry of A⁻¹ between items: 0 with anchors. Subtract it. */
  readonly constant: number;
}

/**
 * Factorises the Hessian at the point the posterior was last evaluated at: O(d³/3). Without anchors the constant is an
 * eigenvector of A; J/n times the mean diagonal is added, which changes nothing on the sum-zero subspace, makes the
 * matrix definite without a prior, and keeps small variances from being differences of large ones.
 * @param workspace d² numbers to overwrite and keep the factor in; allocated when not given.
 */
export function factoriseHessian(posterior: Posterior, workspace?: Float64Array): HessianFactor {
  const { model, hessian, precision, constantPart, dimension } = posterior;
  const { itemCount } = model.graph;
  const entries = workspace ?? new Float64Array(dimension * dimension);
  entries.fill(0);
  let lift = 0;
  if (model.fixed) addConstant(entries, dimension, itemCount, constantPart);
  else {
    for (let i = 0; i < itemCount; i++) lift += hessian.diagonal[i] / itemCount;
    addConstant(entries, dimension, itemCount, lift / itemCount);
  }
  addFormTo(entries, model.graph, hessian);
  if (model.fixed) isolateAnchors(entries, dimension, model.fixed);
  const factor = factorise(entries, dimension);
  if (model.fixed) return { factor, logDeterminant: factor.logDeterminant, constant: 0 };
  const level = precision + lift;
  return {
    factor,
    logDeterminant: factor.logDeterminant - Math.log(level),
    constant: 1 / (level * itemCount),
  };
}

function addConstant(entries: Float64Array, size: number, items: number, value: number): void {
  for (let i = 0; i < items; i++) entries.fill(value, i * size, i * size + i + 1);
}

/** Rows and columns of fixed items become those of the identity: their moves cost nothing and mean nothing. */
function isolateAnchors(entries: Float64Array, size: number, fixed: Uint8Array): void {
  for (let i = 0; i < size; i++)
    for (let j = 0; j <= i; j++) if (fixed[i] || fixed[j]) entries[i * size + j] = i === j ? 1 : 0;
}

/** Four vectors treated together, so that the matrix is read once for four draws. */
export type DrawColumns = readonly [Float64Array, Float64Array, Float64Array, Float64Array];

/** Four vectors of zeros. */
export function createColumns(length: number): DrawColumns {
  return [
    new Float64Array(length),
    new Float64Array(length),
    new Float64Array(length),
    new Float64Array(length),
  ];
}

/** Covariances of the abilities (centred, or on the anchors' scale) and of the other parameters. */
export interface Covariance {
  /** Var(θᵢ), length itemCount; 0 for an anchor. */
  readonly variances: Float64Array;
  /** Cov of two coordinates (items, then position effects, then log ν). */
  between(a: number, b: number): number;
  /**
   * A bound below the variance of fₐθₐ − f_bθ_b that costs nothing, where the variance itself costs a solve: by
   * Cauchy and Schwarz uᵀA⁻¹u ≥ (uᵀu)²/uᵀAu. Null where the variance is cheap.
   */
  readonly leastDifferenceVariance:
    | ((a: number, b: number, factorA: number, factorB: number) => number)
    | null;
  /** Draws from N(0, covariance) of the abilities, one per column (length itemCount). */
  draw(random: Random, out: DrawColumns): void;
}

export interface DenseCovariance extends Covariance {
  readonly factor: Factor;
}

/** Inverts a factored Hessian (another 1/3 d³ multiplications; in place, the factor stays usable). */
export function invertHessian(posterior: Posterior, { factor, constant }: HessianFactor): DenseCovariance {
  const { itemCount } = posterior.model.graph;
  const { fixed } = posterior.model;
  invertFactor(factor);
  const normals = createColumns(factor.size);
  const between = (a: number, b: number) => {
    if (fixed?.[a] || fixed?.[b]) return 0;
    return inverseEntry(factor, a, b) - (a < itemCount && b < itemCount ? constant : 0);
  };
  return {
    variances: Float64Array.from({ length: itemCount }, (_, i) => Math.max(0, between(i, i))),
    between,
    leastDifferenceVariance: null,
    draw(random, out) {
      for (const column of normals) for (let i = 0; i < column.length; i++) column[i] = random.normal();
      multiplyColumns(factor, normals, out);
      for (const draw of out) {
        if (!fixed) subtractMean(draw, itemCount);
        else for (let i = 0; i < itemCount; i++) if (fixed[i]) draw[i] = 0;
      }
    },
    factor,
  };
}

/**
 * Σ Var(θᵢ − θ̄) over the free items: what the prior's spread is compared with.
 * @param variances Var(θᵢ) of the posterior at the point it was last evaluated at.
 */
export function centredVariance(variances: Float64Array, posterior: Posterior): number {
  const { fixed, freeCount } = posterior.model;
  let total = 0;
  for (let i = 0; i < variances.length; i++) if (!fixed?.[i]) total += variances[i];
  return fixed ? total - freeCount * varianceOfMean(posterior, fixed) : total;
}

/** Var(θ̄) of the free items: 1ᵀA⁻¹1/f², by one solve. */
function varianceOfMean(posterior: Posterior, fixed: Uint8Array): number {
  const { dimension, model } = posterior;
  const ones = Float64Array.from({ length: dimension }, (_, i) => (fixed[i] === 0 ? 1 : 0));
  const solved = new Float64Array(dimension);
  solve(posterior, ones, solved, 1e-12, createWork(dimension));
  let sum = 0;
  for (let i = 0; i < model.graph.itemCount; i++) if (!fixed[i]) sum += solved[i];
  return sum / model.freeCount ** 2;
}

/** out ← L⁻ᵀ · vectors, whose covariance is A⁻¹ when the vectors are standard normal; `out` may be shorter. */
function multiplyColumns(
  { size, entries }: Factor,
  [z0, z1, z2, z3]: DrawColumns,
  [o0, o1, o2, o3]: DrawColumns,
): void {
  for (let i = 0; i < o0.length; i++) {
    const row = i * size;
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    for (let k = i; k < size; k++) {
      const entry = entries[row + k];
      s0 += entry * z0[k];
      s1 += entry * z1[k];
      s2 += entry * z2[k];
      s3 += entry * z3[k];
    }
    o0[i] = s0;
    o1[i] = s1;
    o2[i] = s2;
    o3[i] = s3;
  }
}
