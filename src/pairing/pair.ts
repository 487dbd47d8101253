/** Two essays to be compared, as 0-based essay indices in the order in which they are shown to the judge. */
export interface Pair {
  readonly first: number;
  readonly second: number;
}

/** Number of different pairs that `essayCount` essays form: n(n−1)/2. */
export function countAllPairs(essayCount: number): number {
  return (essayCount * (essayCount - 1)) / 2;
}
