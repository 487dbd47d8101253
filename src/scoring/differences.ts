/** Differences between the abilities of two items. */
import { DENSE_LIMIT } from "./covariance.ts";
import type { Mixture, MixtureNode } from "./mixture.ts";
import { normalCdf } from "./normal.ts";

/** P(item a is better than item b) with the covariance of the two, over the mixture: Σ wₖ Φ(Δₖ / SD(Δ)ₖ). */
export function probabilityBetter({ nodes }: Mixture, a: number, b: number): number {
  let total = 0;
  for (const node of nodes) {
    const difference = node.mode[a] - node.mode[b];
    const deviation = Math.sqrt(differenceVariance(node, a, b));
    total += node.weight * (deviation > 0 ? normalCdf(difference / deviation) : difference > 0 ? 1 : 0.5);
  }
  return total;
}

/** Two items are told apart when one is better with more than this probability. */
const TOLD_APART = 0.975;
/** A difference of fewer deviations than this is no such probability. */
const SURELY_TIED = 1.9;

/** Whether the verdicts do not tell two items apart, the first the one of higher ability. */
export function isTied(mixture: Mixture, better: number, worse: number): boolean {
  const surely = mixture.nodes.every(({ mode, covariance: { base, scale } }) => {
    const least =
      base.leastDifferenceVariance?.(better, worse, scale?.[better] ?? 1, scale?.[worse] ?? 1) ?? 0;
    return mode[better] - mode[worse] < SURELY_TIED * Math.sqrt(least);
  });
  return surely || probabilityBetter(mixture, better, worse) < TOLD_APART;
}

/** Var(θₐ − θ_b) over the mixture: what a comparison of the two would inform about. */
export function varianceOfDifference(mixture: Mixture, a: number, b: number): number {
  const mean = mixture.abilities[a] - mixture.abilities[b];
  return mixture.nodes.reduce(
    (sum, node) =>
      sum + node.weight * (differenceVariance(node, a, b) + (node.mode[a] - node.mode[b] - mean) ** 2),
    0,
  );
}

function differenceVariance({ covariance, variances }: MixtureNode, a: number, b: number): number {
  const { base, scale, anchorResponses } = covariance;
  const between = (i: number, j: number) =>
    anchorResponses.reduce(
      (sum, response) => sum + response[i] * response[j],
      base.between(i, j) * (scale ? scale[i] * scale[j] : 1),
    );
  // Estimated variances next to an exact covariance could differ by more than the difference's own variance.
  const own = (i: number) => (variances.length > DENSE_LIMIT ? between(i, i) : variances[i]);
  return Math.max(0, own(a) + own(b) - 2 * between(a, b));
}
