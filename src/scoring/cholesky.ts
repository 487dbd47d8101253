import { ScoringError } from "./scoring-error.ts";

/**
 * A symmetric positive definite matrix after factoring: A = L Lᵀ. `entries` is n × n, row-major, with L strictly below
 * the diagonal, and after {@link invertFactor} the columns of L⁻¹ as rows above it. One array serves both, so that
 * 2,000 items need 32 MB.
 */
export interface Factor {
  readonly size: number;
  readonly entries: Float64Array;
  /** 1 / Lᵢᵢ */
  readonly inverseDiagonal: Float64Array;
  readonly logDeterminant: number;
}

/**
 * Cholesky factorisation in place, reading only the lower triangle of `entries`.
 * @throws {ScoringError} `not_positive_definite`
 */
export function factorise(entries: Float64Array, size: number): Factor {
  const inverseDiagonal = new Float64Array(size);
  let logDeterminant = 0;
  for (let i = 0; i < size; i++) {
    const row = i * size;
    for (let j = 0; j < i; j++) {
      const other = j * size;
      let sum0 = entries[row + j];
      let sum1 = 0;
      let k = 0;
      for (; k + 1 < j; k += 2) {
        sum0 -= entries[row + k] * entries[other + k];
        sum1 -= entries[row + k + 1] * entries[other + k + 1];
      }
      if (k < j) sum0 -= entries[row + k] * entries[other + k];
      entries[row + j] = (sum0 + sum1) * inverseDiagonal[j];
    }
    let pivot = entries[row + i];
    for (let k = 0; k < i; k++) pivot -= entries[row + k] * entries[row + k];
    if (!(pivot > 0))
      throw new ScoringError(
        "not_positive_definite",
        `The information matrix is singular at item ${i}: give the abilities a prior variance.`,
        { items: [i] },
      );
    inverseDiagonal[i] = 1 / Math.sqrt(pivot);
    logDeterminant += Math.log(pivot);
  }
  return { size, entries, inverseDiagonal, logDeterminant };
}

/** Writes column i of L⁻¹ (rows i … n−1) into row i above the diagonal of `entries`; its diagonal is `inverseDiagonal`. */
export function invertFactor({ size, entries, inverseDiagonal }: Factor): void {
  for (let i = 0; i < size; i++) {
    const column = i * size;
    entries[column + i] = inverseDiagonal[i];
    for (let k = i + 1; k < size; k++) {
      const row = k * size;
      let sum0 = 0;
      let sum1 = 0;
      let l = i;
      for (; l + 1 < k; l += 2) {
        sum0 += entries[row + l] * entries[column + l];
        sum1 += entries[row + l + 1] * entries[column + l + 1];
      }
      if (l < k) sum0 += entries[row + l] * entries[column + l];
      entries[column + k] = -(sum0 + sum1) * inverseDiagonal[k];
    }
  }
}

/** (A⁻¹)ᵢⱼ from an inverted factor: the product of columns i and j of L⁻¹. */
export function inverseEntry({ size, entries }: Factor, i: number, j: number): number {
  const a = i * size;
  const b = j * size;
  let sum0 = 0;
  let sum1 = 0;
  let k = Math.max(i, j);
  for (; k + 1 < size; k += 2) {
    sum0 += entries[a + k] * entries[b + k];
    sum1 += entries[a + k + 1] * entries[b + k + 1];
  }
  if (k < size) sum0 += entries[a + k] * entries[b + k];
  return sum0 + sum1;
}
