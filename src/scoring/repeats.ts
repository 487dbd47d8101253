import type { BradleyTerryData } from "./model.ts";

/**
 * Weights under which the verdicts of one judge on one pair together weigh as much as one: asking the same judge again
 * is not new evidence about the essays. Without `judges` every verdict keeps its weight.
 * @returns length of the rows: weight / (number of verdicts of that judge on that pair).
 */
export function shareRepeats({
  itemCount,
  winners,
  losers,
  judges,
  weights,
}: BradleyTerryData): Float64Array {
  const shared = weights ? weights.slice() : new Float64Array(winners.length).fill(1);
  if (!judges) return shared;
  const counts = new Map<string, number>();
  const keys = Array.from(winners, (winner, row) => {
    const pair = Math.min(winner, losers[row]) * itemCount + Math.max(winner, losers[row]);
    const key = `${judges[row]}:${pair}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
    return key;
  });
  keys.forEach((key, row) => {
    shared[row] /= counts.get(key) ?? 1;
  });
  return shared;
}
