import { type BradleyTerryData, fitBradleyTerry } from "../../../src/scoring/index.ts";
import { createRandom } from "../../../src/scoring/random.ts";
import { shuffled } from "./simulated.ts";

/** How pairs are chosen: at random; by equal wins; by nearest ability. The last two avoid rematches. */
export type Design = "random" | "swiss" | "nearest";

export interface DesignedBatch {
  readonly items: number;
  readonly rounds: number;
  readonly sd: number;
  readonly design: Design;
  readonly seed: number;
  /** Rounds of random pairs before the design begins. */
  readonly randomRounds?: number;
}

/** A batch judged round by round; `truth` is centred. */
export function judgeDesign(batch: DesignedBatch): BradleyTerryData & { readonly truth: Float64Array } {
  const { items, rounds, sd, design, seed, randomRounds = 0 } = batch;
  const random = createRandom(seed);
  const raw = Float64Array.from({ length: items }, () => sd * random.normal());
  const mean = raw.reduce((sum, ability) => sum + ability, 0) / items;
  const truth = raw.map((ability) => ability - mean);
  const winners: number[] = [];
  const losers: number[] = [];
  const wins = new Float64Array(items);
  const met = new Set<number>();
  for (let round = 0; round < rounds; round++) {
    const order = shuffled(items, random.below);
    const adaptive = design !== "random" && round >= randomRounds;
    if (adaptive) sortBy(order, design === "swiss" ? wins : currentAbilities(items, winners, losers));
    for (const [a, b] of pairUp(order, adaptive ? met : new Set(), items)) {
      met.add(Math.min(a, b) * items + Math.max(a, b));
      const aWins = random.uniform() < 1 / (1 + Math.exp((truth[b] ?? 0) - (truth[a] ?? 0)));
      winners.push(aWins ? a : b);
      losers.push(aWins ? b : a);
      wins[aWins ? a : b] += 1;
    }
  }
  return { itemCount: items, truth, winners: Int32Array.from(winners), losers: Int32Array.from(losers) };
}

function sortBy(order: number[], value: Float64Array): void {
  order.sort((a, b) => (value[b] ?? 0) - (value[a] ?? 0));
}

function currentAbilities(
  itemCount: number,
  winners: readonly number[],
  losers: readonly number[],
): Float64Array {
  if (winners.length === 0) return new Float64Array(itemCount);
  const data = { itemCount, winners: Int32Array.from(winners), losers: Int32Array.from(losers) };
  return fitBradleyTerry(data, { prior: { variance: 4 }, tolerance: 1e-6 }).abilities;
}

/** Pairs neighbours in the order, each with the nearest it has not met. */
function pairUp(order: readonly number[], met: ReadonlySet<number>, items: number): [number, number][] {
  const left = [...order];
  const pairs: [number, number][] = [];
  while (left.length > 1) {
    const a = left.shift() ?? 0;
    const fresh = left.findIndex((b) => !met.has(Math.min(a, b) * items + Math.max(a, b)));
    const [b = 0] = left.splice(Math.max(0, fresh), 1);
    pairs.push([a, b]);
  }
  return pairs;
}
