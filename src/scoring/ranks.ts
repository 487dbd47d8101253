import { createColumns, DENSE_LIMIT } from "./covariance.ts";
import type { Mixture, MixtureNode } from "./mixture.ts";
import { createRandom, type Random } from "./random.ts";

/** Where an item may stand. Rank 1 is the best; the interval holds 95 % of the posterior of its rank. */
export interface RankRange {
  readonly rank: number;
  readonly rankLow: number;
  readonly rankHigh: number;
  /** P(the item is among the best k). */
  readonly topProbability: number;
}

/** So many draws leave a rank's quantiles within 1 % of probability. */
const DRAWS_SMALL = 2_000;
const DRAWS_LARGE = 1_000;
const SMALL = 200;
const TAIL = 0.025;

/** Items by ability, best first; equal abilities by index. */
export function orderByAbility(abilities: Float64Array): Int32Array {
  return Int32Array.from(abilities.keys()).sort((a, b) => abilities[b] - abilities[a] || a - b);
}

/**
 * 95 % marginal posterior rank intervals and P(top k), by counting ranks over seeded draws from the posterior of all
 * abilities (Goldstein & Spiegelhalter 1996, JRSS A 159:385, §4), in mirrored pairs (Hammersley & Morton 1956). Up to 2,000
 * items the draws are joint. Beyond, every ability is drawn by itself: a rank is a sum over all the others, in which the few
 * that an item was compared with, the only ones it is noticeably correlated with, no longer count.
 * @param k size of the top group, 1 … itemCount.
 */
export function rankItems(mixture: Mixture, k: number, seed: number): RankRange[] {
  const n = mixture.abilities.length;
  const random = createRandom(seed);
  const draws = n <= SMALL ? DRAWS_SMALL : DRAWS_LARGE;
  const ranks = new Uint16Array(draws * n);
  const rankInto = createRanking(n);
  const drawFrom = n > DENSE_LIMIT ? drawIndependently : drawJointly;
  drawNodes(mixture, draws, (node, from, until) =>
    drawFrom(node, until - from, random, { mirrored: true }, (abilities, index) =>
      rankInto(abilities, ranks, (from + index) * n),
    ),
  );
  const rankOf = new Int32Array(n);
  orderByAbility(mixture.abilities).forEach((item, place) => {
    rankOf[item] = place + 1;
  });
  const counts = new Int32Array(n + 1);
  return Array.from(rankOf, (rank, item) => {
    counts.fill(0);
    for (let draw = 0; draw < draws; draw++) counts[ranks[draw * n + item]]++;
    const { low, high, top } = summarise(counts, draws, k);
    return { rank, rankLow: Math.min(rank, low), rankHigh: Math.max(rank, high), topProbability: top };
  });
}

function summarise(counts: Int32Array, draws: number, k: number): { low: number; high: number; top: number } {
  let below = 0;
  let low = 0;
  let high = 0;
  let top = 0;
  for (let rank = 1; rank < counts.length; rank++) {
    below += counts[rank];
    if (low === 0 && below > TAIL * draws) low = rank;
    if (high === 0 && below >= (1 - TAIL) * draws) high = rank;
    if (rank === k) top = below / draws;
  }
  return { low, high, top };
}

/** Calls `use` with draws from the joint posterior, independent of each other: nodes in proportion to their weights. */
export function drawAbilities(
  mixture: Mixture,
  draws: number,
  random: Random,
  use: (abilities: Float64Array, draw: number) => void,
): void {
  drawNodes(mixture, draws, (node, from, until) =>
    drawJointly(node, until - from, random, { mirrored: false }, (abilities, index) =>
      use(abilities, from + index),
    ),
  );
}

function drawNodes(
  { nodes }: Mixture,
  draws: number,
  take: (node: MixtureNode, from: number, until: number) => void,
): void {
  let from = 0;
  let weight = 0;
  for (const node of nodes) {
    weight += node.weight;
    const until = Math.min(draws, Math.round(weight * draws));
    if (from < until) take(node, from, until);
    from = Math.max(from, until);
  }
}

type UseDraw = (abilities: Float64Array, index: number) => void;

/** Draws of all abilities together, four at a time; each mirrored at the mode, if wanted. */
function drawJointly(
  { covariance, mode }: MixtureNode,
  count: number,
  random: Random,
  { mirrored }: { readonly mirrored: boolean },
  use: UseDraw,
): void {
  const { base, scale, anchorResponses } = covariance;
  const items = base.variances.length;
  const columns = createColumns(items);
  const abilities = new Float64Array(items);
  let index = 0;
  const useAt = (deviations: Float64Array, sign: number) => {
    if (index >= count) return;
    for (let i = 0; i < items; i++) abilities[i] = mode[i] + sign * deviations[i];
    use(abilities, index++);
  };
  while (index < count) {
    base.draw(random, columns);
    for (const column of columns) {
      if (scale) for (let i = 0; i < items; i++) column[i] *= scale[i];
      for (const response of anchorResponses) {
        const push = random.normal();
        for (let i = 0; i < items; i++) column[i] += push * response[i];
      }
      useAt(column, 1);
      if (mirrored) useAt(column, -1);
    }
  }
}

/** Draws of every ability by itself. */
function drawIndependently(
  { mode, variances }: MixtureNode,
  count: number,
  random: Random,
  { mirrored }: { readonly mirrored: boolean },
  use: UseDraw,
): void {
  const deviations = variances.map(Math.sqrt);
  const abilities = new Float64Array(variances.length);
  for (let index = 0; index < count; index++) {
    const mirror = mirrored && index % 2 === 1;
    for (let i = 0; i < abilities.length; i++)
      abilities[i] = mirror ? 2 * mode[i] - abilities[i] : mode[i] + deviations[i] * random.normal();
    use(abilities, index);
  }
}

/**
 * A function that writes the rank of every ability (1 for the largest) at an offset: a bucket sort, which for values as
 * evenly spread as abilities takes time in proportion to their number.
 */
function createRanking(n: number) {
  const bucketOf = new Int32Array(n);
  const start = new Int32Array(n + 1);
  const order = new Int32Array(n);
  return (abilities: Float64Array, ranks: Uint16Array, offset: number): void => {
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < n; i++) {
      if (abilities[i] < low) low = abilities[i];
      if (abilities[i] > high) high = abilities[i];
    }
    const perLogit = high > low ? (n - 1) / (high - low) : 0;
    start.fill(0);
    for (let i = 0; i < n; i++) {
      const bucket = Math.floor((high - abilities[i]) * perLogit);
      bucketOf[i] = bucket;
      start[bucket + 1]++;
    }
    for (let bucket = 0; bucket < n; bucket++) start[bucket + 1] += start[bucket];
    for (let i = 0; i < n; i++) order[start[bucketOf[i]]++] = i;
    for (let place = 1; place < n; place++) {
      const item = order[place];
      let at = place;
      for (; at > 0 && abilities[order[at - 1]] < abilities[item]; at--) order[at] = order[at - 1];
      order[at] = item;
    }
    for (let place = 0; place < n; place++) ranks[offset + order[place]] = place + 1;
  };
}

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

/** Φ to 1e-15: the complementary error function by series and continued fraction (Abramowitz & Stegun 7.1.6, 7.1.14). */
export function normalCdf(z: number): number {
  if (z < -38) return 0;
  if (z > 38) return 1;
  if (Math.abs(z) < 3) {
    let term = z;
    let sum = z;
    for (let k = 1; k < 200 && Math.abs(term) > 1e-17; k++) {
      term *= (z * z) / (2 * k + 1);
      sum += term;
    }
    return 0.5 + (sum * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI);
  }
  const x = Math.abs(z);
  let fraction = x;
  for (let k = 60; k > 0; k--) fraction = x + k / fraction;
  const tail = Math.exp((-x * x) / 2) / (fraction * Math.sqrt(2 * Math.PI));
  return z < 0 ? tail : 1 - tail;
}
