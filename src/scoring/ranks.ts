import type { DrawColumns } from "./covariance.ts";
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
 * 95 % marginal posterior rank intervals and P(top k), by counting ranks over seeded draws from the joint posterior of
 * all abilities (Goldstein & Spiegelhalter 1996, JRSS A 159:385, §4). At most 2,000 items.
 * @param k size of the top group, 1 … itemCount.
 */
export function rankItems(mixture: Mixture, k: number, seed: number): RankRange[] {
  const n = mixture.abilities.length;
  const draws = n <= SMALL ? DRAWS_SMALL : DRAWS_LARGE;
  const ranks = new Uint16Array(draws * n);
  drawAbilities(mixture, draws, createRandom(seed), (abilities, draw) =>
    rankInto(abilities, ranks, draw * n),
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

/** Calls `use` with draws from the mixture: nodes in proportion to their weights, four draws of a node at a time. */
export function drawAbilities(
  mixture: Mixture,
  draws: number,
  random: Random,
  use: (abilities: Float64Array, draw: number) => void,
): void {
  let draw = 0;
  let weight = 0;
  for (const node of mixture.nodes) {
    weight += node.weight;
    const until = Math.min(draws, Math.round(weight * draws));
    if (draw < until) draw = drawFromNode(node, mixture.abilities.length, draw, until, random, use);
  }
}

function drawFromNode(
  { covariance, mode }: MixtureNode,
  items: number,
  from: number,
  until: number,
  random: Random,
  use: (abilities: Float64Array, draw: number) => void,
): number {
  if (!covariance) throw new Error(`Drawing needs the covariance, which ${items} items are too many for.`);
  const { base, scale, anchorResponses } = covariance;
  const size = base.factor.size;
  const columns = (length: number): DrawColumns => [
    new Float64Array(length),
    new Float64Array(length),
    new Float64Array(length),
    new Float64Array(length),
  ];
  const normals = columns(size);
  const out = columns(items);
  let draw = from;
  while (draw < until) {
    for (const column of normals) for (let i = 0; i < size; i++) column[i] = random.normal();
    base.draw(normals, out);
    for (const column of out) {
      if (draw >= until) break;
      for (let i = 0; i < items; i++) column[i] = mode[i] + (scale ? scale[i] : 1) * column[i];
      for (const response of anchorResponses) {
        const push = random.normal();
        for (let i = 0; i < items; i++) column[i] += push * response[i];
      }
      use(column, draw++);
    }
  }
  return draw;
}

/** Writes the rank of every ability (1 for the largest) at `offset`, by binary search among the sorted ones. */
function rankInto(abilities: Float64Array, ranks: Uint16Array, offset: number): void {
  const n = abilities.length;
  const sorted = abilities.slice().sort();
  for (let i = 0; i < n; i++) {
    let low = 0;
    let high = n - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (sorted[middle] <= abilities[i]) low = middle;
      else high = middle - 1;
    }
    ranks[offset + i] = n - low;
  }
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
  const shared = covariance ? sharedCovariance(covariance, a, b) : 0;
  return Math.max(0, variances[a] + variances[b] - 2 * shared);
}

function sharedCovariance(
  { base, scale, anchorResponses }: NonNullable<MixtureNode["covariance"]>,
  a: number,
  b: number,
): number {
  const own = base.between(a, b) * (scale ? scale[a] * scale[b] : 1);
  return anchorResponses.reduce((sum, response) => sum + response[a] * response[b], own);
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
