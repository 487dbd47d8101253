import { createHash } from "node:crypto";
import type { BradleyTerryData } from "../../src/scoring/index.ts";
import { createRandom } from "../../src/scoring/random.ts";

/** The sets of the table: balanced random rounds judged by a Bradley-Terry model. */
export interface BenchmarkSet {
  readonly name: string;
  readonly items: number;
  readonly rounds: number;
  readonly sd: number;
  readonly seed: number;
  /** Prior variance of the fixed-prior rows. */
  readonly variance: number;
}

export const BENCHMARK_SETS: readonly BenchmarkSet[] = [
  { name: "100 / 1,000", items: 100, rounds: 20, sd: 0.8, seed: 1, variance: 1.5 },
  { name: "1,000 / 10,000", items: 1_000, rounds: 20, sd: 1.5, seed: 2, variance: 1.5 },
  { name: "2,000 / 20,000", items: 2_000, rounds: 20, sd: 1.5, seed: 3, variance: 1.5 },
  { name: "1,000 / 100,000", items: 1_000, rounds: 200, sd: 1.5, seed: 4, variance: 1.5 },
  { name: "10,000 / 1,000,000", items: 10_000, rounds: 200, sd: 1.5, seed: 5, variance: 1.5 },
];

export function generate({ items, rounds, sd, seed }: BenchmarkSet): BradleyTerryData {
  const random = createRandom(seed);
  const truth = Float64Array.from({ length: items }, () => sd * random.normal());
  const half = items >> 1;
  const winners = new Int32Array(rounds * half);
  const losers = new Int32Array(rounds * half);
  const order = Int32Array.from({ length: items }, (_, item) => item);
  for (let round = 0, row = 0; round < rounds; round++) {
    for (let i = items - 1; i > 0; i--) {
      const j = random.below(i + 1);
      const swapped = order[i];
      order[i] = order[j];
      order[j] = swapped;
    }
    for (let k = 0; k < half; k++, row++) {
      const a = order[2 * k];
      const b = order[2 * k + 1];
      const aWins = random.uniform() < 1 / (1 + Math.exp(truth[b] - truth[a]));
      winners[row] = aWins ? a : b;
      losers[row] = aWins ? b : a;
    }
  }
  return { itemCount: items, winners, losers };
}

export function firstRows(data: BradleyTerryData, rows: number): BradleyTerryData {
  return {
    itemCount: data.itemCount,
    winners: data.winners.slice(0, rows),
    losers: data.losers.slice(0, rows),
  };
}

/** Names the data, so that two tables can be told to be of the same. */
export function fingerprint({ winners, losers }: BradleyTerryData): string {
  return createHash("sha256").update(winners).update(losers).digest("hex").slice(0, 12);
}
