import type { BradleyTerryData } from "../../../src/scoring/index.ts";
import { createRandom } from "../../../src/scoring/random.ts";

export interface Simulation {
  readonly items: number;
  /** Balanced random rounds, items/2 comparisons each. */
  readonly rounds: number;
  readonly sd: number;
  readonly seed: number;
  /** logit added to the item shown first, per judge. */
  readonly positionEffects?: readonly number[];
  /** log ν of Davidson's model; no ties by default. */
  readonly logTie?: number;
}

/** Verdicts of a Bradley-Terry world: every row knows what was shown first, judges take turns. */
export function simulate(spec: Simulation): BradleyTerryData & {
  readonly truth: Float64Array;
  readonly firstShown: Int32Array;
  readonly judges: Int32Array;
} {
  const { items, rounds, sd, seed, positionEffects = [0], logTie = Number.NEGATIVE_INFINITY } = spec;
  const random = createRandom(seed);
  const truth = Float64Array.from({ length: items }, () => sd * random.normal());
  const mean = truth.reduce((sum, ability) => sum + ability, 0) / items;
  truth.forEach((ability, item) => {
    truth[item] = ability - mean;
  });
  const rows: { winner: number; loser: number; first: number; judge: number; tie: number }[] = [];
  for (let round = 0; round < rounds; round++) {
    const order = shuffled(items, random.below);
    for (let k = 0; k + 1 < items; k += 2) {
      const judge = rows.length % positionEffects.length;
      const [first = 0, second = 0] = [order[k], order[k + 1]];
      const difference = (truth[first] ?? 0) - (truth[second] ?? 0) + (positionEffects[judge] ?? 0);
      const [win, tie] = [Math.exp(difference / 2), Math.exp(logTie)];
      const draw = random.uniform() * (win + 1 / win + tie);
      const firstWins = draw < win;
      rows.push({
        winner: firstWins ? first : second,
        loser: firstWins ? second : first,
        first,
        judge,
        tie: draw >= win + 1 / win ? 1 : 0,
      });
    }
  }
  return {
    itemCount: items,
    truth,
    winners: Int32Array.from(rows, ({ winner }) => winner),
    losers: Int32Array.from(rows, ({ loser }) => loser),
    firstShown: Int32Array.from(rows, ({ first }) => first),
    judges: Int32Array.from(rows, ({ judge }) => judge),
    ties: Uint8Array.from(rows, ({ tie }) => tie),
  };
}

export function shuffled(count: number, below: (limit: number) => number): number[] {
  const order = Array.from({ length: count }, (_, item) => item);
  for (let i = count - 1; i > 0; i--) {
    const j = below(i + 1);
    [order[i], order[j]] = [order[j] ?? 0, order[i] ?? 0];
  }
  return order;
}
