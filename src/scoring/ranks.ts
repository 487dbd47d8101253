import { DENSE_LIMIT } from "./covariance.ts";
import { drawIndependently, drawJointly, drawNodes } from "./draws.ts";
import type { Mixture } from "./mixture.ts";
import { createRandom } from "./random.ts";

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
