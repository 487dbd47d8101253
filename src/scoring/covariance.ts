import { type Factor, factorise, invertFactor } from "./cholesky.ts";
import type { PairGraph } from "./graph.ts";

/** Up to this many items covariances come from a dense factorisation (32 MB); beyond, they are estimated. */
export const DENSE_LIMIT = 2_000;

/** The Hessian as a dense factor, its eigenvalue along the constant raised from `precision` to `level`. */
export interface HessianFactor extends Factor {
  readonly level: number;
}

/**
 * Factorises Σ wᵢⱼ(eᵢ − eⱼ)(eᵢ − eⱼ)ᵀ + τI + cJ/n, c the mean diagonal. The constant is an eigenvector of the Hessian
 * (with eigenvalue τ, 0 without a prior), so that cJ/n changes nothing on the sum-zero subspace, makes the matrix
 * definite, and keeps small variances from being differences of large ones.
 */
export function factoriseHessian(graph: PairGraph, weights: Float64Array, precision: number): HessianFactor {
  const { itemCount: n, rowStart, other } = graph;
  const entries = new Float64Array(n * n);
  const lift = meanDiagonal(graph, weights) + precision;
  entries.fill(lift / n);
  for (let i = 0; i < n; i++) entries[i * n + i] += precision;
  for (let i = 0; i < n; i++) {
    for (let k = rowStart[i]; k < rowStart[i + 1]; k++) {
      const j = other[k];
      entries[j * n + i] -= weights[k];
      entries[i * n + i] += weights[k];
      entries[j * n + j] += weights[k];
    }
  }
  return { ...factorise(entries, n), level: precision + lift };
}

/** diag(A⁻¹) from an inverted factor: the squared lengths of the columns of L⁻¹. */
export function inverseDiagonal({ size, entries }: Factor): Float64Array {
  const diagonal = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    let sum = 0;
    for (let k = i; k < size; k++) sum += entries[i * size + k] * entries[i * size + k];
    diagonal[i] = sum;
  }
  return diagonal;
}

/** Variances of the centred abilities, diag(P H⁻¹ P) with P = I − J/n: the projection subtracts 1/(level·n). */
export function centredVariances(graph: PairGraph, weights: Float64Array, precision: number): Float64Array {
  const factor = factoriseHessian(graph, weights, precision);
  invertFactor(factor);
  const shift = 1 / (factor.level * graph.itemCount);
  return inverseDiagonal(factor).map((variance) => Math.max(0, variance - shift));
}

function meanDiagonal({ itemCount, pairCount }: PairGraph, weights: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < pairCount; k++) sum += weights[k];
  return (2 * sum) / itemCount;
}
