import type { Pair } from "../../../src/pairing/index.ts";

/** What has been seen of each essay after some pairs have been asked. */
export interface Tally {
  readonly counts: readonly number[];
  /** Times shown first minus times shown second. */
  readonly positions: readonly number[];
}

/** The tally after every prefix of `pairs`, the shortest first. */
export function* tallyPrefixes(essayCount: number, pairs: readonly Pair[]): Generator<Tally> {
  const counts = new Array<number>(essayCount).fill(0);
  const positions = new Array<number>(essayCount).fill(0);
  for (const { first, second } of pairs) {
    counts[first]++;
    counts[second]++;
    positions[first]++;
    positions[second]--;
    yield { counts, positions };
  }
}

export function spread(values: readonly number[]): number {
  return Math.max(...values) - Math.min(...values);
}

export function largestMagnitude(values: readonly number[]): number {
  return Math.max(...values.map(Math.abs));
}

/** The same text for a pair in either order. */
export function unordered({ first, second }: Pair): string {
  return first < second ? `${first}-${second}` : `${second}-${first}`;
}

/** Number of groups of essays that `pairs` leave unconnected; 1 means that all are connected. */
export function countComponents(essayCount: number, pairs: readonly Pair[]): number {
  const parent = Array.from({ length: essayCount }, (_, essay) => essay);
  const root = (essay: number): number => (parent[essay] === essay ? essay : root(parent[essay]));
  let components = essayCount;
  for (const { first, second } of pairs) {
    const a = root(first);
    const b = root(second);
    if (a !== b) components--;
    parent[a] = b;
  }
  return components;
}
