import type { Pair } from "./pair.ts";
import type { Posterior } from "./posterior.ts";

/**
 * Expected information from one verdict between essays with difference `difference` and variance of that difference
 * `variance`: ½·log(1 + p(1−p)·Var(θᵢ−θⱼ)) nats, p = 1/(1+exp(−difference)). It is the expected drop in entropy of a Gaussian
 * posterior under Laplace's approximation (Chaloner & Verdinelli, "Bayesian experimental design", Statistical Science 10,
 * 1995, eq. 11, for one observation). At most ½·log(1 + variance/4), for equals.
 */
export function informationGain(difference: number, variance: number): number {
  return 0.5 * Math.log1p(verdictVariance(difference) * variance);
}

/**
 * Var(θᵢ−θⱼ) from the two variances alone. The covariance of two essays that `verdicts` verdicts compare directly is w·Vᵢ·Vⱼ each,
 * w = p(1−p): the first-order term of the inverse of the posterior's precision, which has −w between the two. It is what makes a
 * repeated pair worth less than a new one. Covariances through other essays are left out: with them, which takes the whole matrix,
 * a batch needs 1 to 2 % fewer comparisons.
 */
export function differenceVariance(
  difference: number,
  variance: number,
  otherVariance: number,
  verdicts: number,
): number {
  const covariance = verdicts * verdictVariance(difference) * variance * otherVariance;
  return Math.max(0, variance + otherVariance - 2 * covariance);
}

/** p(1−p): variance of a verdict, and the Fisher information it carries about the difference. */
function verdictVariance(difference: number): number {
  const p = 1 / (1 + Math.exp(-difference));
  return p * (1 - p);
}

/**
 * The posterior variances as they will be when the pending verdicts are in, whatever these say: a verdict between i and j
 * takes w·Vᵢ²/(1 + w(Vᵢ+Vⱼ)) from Vᵢ, w = p(1−p) (the rank-one update of the covariance, its off-diagonal part left out).
 * So a pair in flight counts as asked, and pairs chosen one after the other do not all chase the same uncertainty.
 */
export function variancesAfter(pending: Iterable<Pair>, { abilities, variances }: Posterior): Float64Array {
  const expected = Float64Array.from(variances);
  for (const { first, second } of pending) {
    const weight = verdictVariance(abilities[first] - abilities[second]);
    const share = weight / (1 + weight * (expected[first] + expected[second]));
    const firstDrop = share * expected[first] ** 2;
    const secondDrop = share * expected[second] ** 2;
    expected[first] -= firstDrop;
    expected[second] -= secondDrop;
  }
  return expected;
}
