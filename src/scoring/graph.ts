import type { BradleyTerryData } from "./model.ts";

/**
 * The comparisons aggregated to unordered pairs {i < j}, in compressed sparse rows: the pairs of row i are the
 * entries rowStart[i] … rowStart[i + 1] − 1. Each pair is stored once, so that a pass over the graph reads each
 * comparison once; passes scatter into the other item.
 */
export interface PairGraph {
  readonly itemCount: number;
  readonly pairCount: number;
  /** Length itemCount + 1. */
  readonly rowStart: Int32Array;
  /** The higher item of each pair, length pairCount. */
  readonly other: Int32Array;
  /** Total weight of each pair's comparisons, length pairCount. */
  readonly games: Float64Array;
  /** Per item: weight of comparisons won (a tie is half) and of all comparisons. */
  readonly wins: Float64Array;
  readonly played: Float64Array;
}

/** Sorts validated comparisons into a {@link PairGraph} by counting: O(items + rows), no allocation per row. */
export function buildPairGraph(data: BradleyTerryData): PairGraph {
  const { itemCount } = data;
  const { wins, played } = tallyWins(data);
  const { rowStart, other, games } = sortByLowerItem(data);
  const pairCount = mergeRepeats(itemCount, rowStart, other, games);
  return {
    itemCount,
    pairCount,
    rowStart,
    other: other.subarray(0, pairCount),
    games: games.subarray(0, pairCount),
    wins,
    played,
  };
}

/** Weight of the comparisons each item won (a tie is half) and played. */
export function tallyWins({
  itemCount,
  winners,
  losers,
  weights,
  ties,
}: BradleyTerryData): Pick<PairGraph, "wins" | "played"> {
  const wins = new Float64Array(itemCount);
  const losses = new Float64Array(itemCount);
  for (let row = 0; row < winners.length; row++) {
    const weight = weights ? weights[row] : 1;
    if (ties && ties[row] === 1) {
      for (const half of [wins, losses]) {
        half[winners[row]] += weight / 2;
        half[losers[row]] += weight / 2;
      }
      continue;
    }
    wins[winners[row]] += weight;
    losses[losers[row]] += weight;
  }
  return { wins, played: wins.map((won, item) => won + losses[item]) };
}

function sortByLowerItem({ itemCount, winners, losers, weights }: BradleyTerryData) {
  const rows = winners.length;
  const rowStart = new Int32Array(itemCount + 1);
  for (let row = 0; row < rows; row++) rowStart[Math.min(winners[row], losers[row]) + 1]++;
  for (let item = 0; item < itemCount; item++) rowStart[item + 1] += rowStart[item];
  const next = rowStart.slice(0, itemCount);
  const other = new Int32Array(rows);
  const games = new Float64Array(rows).fill(1);
  for (let row = 0; row < rows; row++) {
    const a = winners[row];
    const b = losers[row];
    const at = next[Math.min(a, b)]++;
    other[at] = Math.max(a, b);
    if (weights) games[at] = weights[row];
  }
  return { rowStart, other, games };
}

/** Merges repeated pairs within each row in place and drops pairs of weight 0; returns the number of pairs left. */
function mergeRepeats(
  itemCount: number,
  rowStart: Int32Array,
  other: Int32Array,
  games: Float64Array,
): number {
  const slotOf = new Int32Array(itemCount).fill(-1);
  let write = 0;
  let read = 0;
  for (let item = 0; item < itemCount; item++) {
    const rowEnd = rowStart[item + 1];
    const first = write;
    rowStart[item] = first;
    for (; read < rowEnd; read++) {
      const weight = games[read];
      if (weight === 0) continue;
      const opponent = other[read];
      const slot = slotOf[opponent];
      if (slot >= first) {
        games[slot] += weight;
        continue;
      }
      slotOf[opponent] = write;
      other[write] = opponent;
      games[write++] = weight;
    }
  }
  rowStart[itemCount] = write;
  return write;
}
