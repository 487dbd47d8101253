import type { AskedSummary } from "./asked-pairs.ts";
import type { PairOrigin, PlannedPair } from "./pair.ts";
import { canBeShown, orderOfShowing } from "./position.ts";
import type { SeededRandom } from "./seeded-random.ts";

/** A round being put together: a set of pairs in which every essay appears at most once. */
export interface Round {
  readonly essayCount: number;
  readonly asked: AskedSummary;
  readonly random: SeededRandom;
  /** 1 for every essay that has its pair. */
  readonly taken: Uint8Array;
  /** Whether a second verdict on a pair tells something about its essays. */
  readonly repeatsInform: boolean;
}

/** Whether the two essays are still without a pair and may be shown together. */
export function canTake({ taken, asked }: Round, one: number, other: number): boolean {
  return taken[one] === 0 && taken[other] === 0 && canBeShown(one, other, asked);
}

/** Adds a pair that {@link canTake} allows to the round, and its showing to the tally. */
export function takePair(round: Round, one: number, other: number, origin: PairOrigin): PlannedPair {
  const { asked, random, taken } = round;
  const pair = orderOfShowing(one, other, asked, random.coin);
  if (pair === null) throw new Error(`Essays ${one} and ${other} were taken past the position limit`);
  asked.positions[pair.first]++;
  asked.positions[pair.second]--;
  taken[one] = 1;
  taken[other] = 1;
  return { ...pair, origin };
}
