import { type Factor, factorise, inverseEntry, invertFactor } from "./cholesky.ts";
import { type Model, type Posterior, subtractMean } from "./posterior.ts";
import { addFormTo } from "./quadratic-form.ts";

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

/** Covariances of the abilities (centred, or on the anchors' scale) and of the other parameters. */
export interface Covariance {
  /** Var(θᵢ), length itemCount; 0 for an anchor. */
  readonly variances: Float64Array;
  /** Cov of two coordinates (items, then position effects, then log ν). */
  between(a: number, b: number): number;
  /** Draws from N(0, covariance) of the abilities, one per column of standard normals (length: all parameters). */
  draw(normals: DrawColumns, out: DrawColumns): void;
  readonly factor: Factor;
}

/** Inverts a factored Hessian (another 1/3 d³ multiplications; in place, the factor stays usable). */
export function invertHessian(posterior: Posterior, { factor, constant }: HessianFactor): Covariance {
  const { itemCount } = posterior.model.graph;
  const { fixed } = posterior.model;
  invertFactor(factor);
  const between = (a: number, b: number) => {
    if (fixed?.[a] || fixed?.[b]) return 0;
    return inverseEntry(factor, a, b) - (a < itemCount && b < itemCount ? constant : 0);
  };
  return {
    variances: Float64Array.from({ length: itemCount }, (_, i) => Math.max(0, between(i, i))),
    between,
    draw(normals, out) {
      multiplyColumns(factor, normals, out);
      for (const draw of out) {
        if (!fixed) subtractMean(draw, itemCount);
        else for (let i = 0; i < itemCount; i++) if (fixed[i]) draw[i] = 0;
      }
    },
    factor,
  };
}

/** Σ Var(θᵢ − θ̄) over the free items: what the prior's spread is compared with. */
export function centredVariance(
  { variances, factor }: Covariance,
  { fixed, freeCount, graph }: Model,
): number {
  let total = 0;
  for (let i = 0; i < variances.length; i++) if (!fixed?.[i]) total += variances[i];
  if (!fixed) return total;
  const half = new Float64Array(graph.dimension);
  for (let i = 0; i < graph.itemCount; i++) {
    if (fixed[i]) continue;
    for (let k = i; k < graph.dimension; k++) half[k] += factor.entries[i * graph.dimension + k];
  }
  return total - half.reduce((sum, value) => sum + value * value, 0) / freeCount;
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
