/** Two essays to be compared, as 0-based essay indices in the order in which they are shown to the judge. */
export interface Pair {
  readonly first: number;
  readonly second: number;
}

/** Number of different pairs that `essayCount` essays form: n(n−1)/2. */
export function countAllPairs(essayCount: number): number {
  return (essayCount * (essayCount - 1)) / 2;
}

/**
 * Why a pair is asked.
 *
 * - `balanced`: its turn in the rounds that never look at verdicts.
 * - `adaptive`: it is expected to tell most.
 * - `random`: drawn without looking at verdicts while adapting, so that the fit of unselected pairs can be reported.
 * - `swap`: drawn among the pairs already asked and shown the other way round, to measure the judge's consistency.
 */
export type PairOrigin = (typeof PAIR_ORIGINS)[number];
export const PAIR_ORIGINS = ["balanced", "adaptive", "random", "swap"] as const;

/** A pair to ask, and why. */
export interface PlannedPair extends Pair {
  readonly origin: PairOrigin;
}

/** A pair that has been asked. */
export interface AskedPair extends PlannedPair {
  /**
   * `scored`: its verdict is in the posterior that planning is given. `pending`: it is in flight, or answered since that
   * posterior was computed. `failed`: given up; it uses up budget, but counts as not asked.
   */
  readonly status: "scored" | "pending" | "failed";
}
