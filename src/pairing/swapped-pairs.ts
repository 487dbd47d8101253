import type { PlannedPair } from "./pair.ts";
import { canTake, type Round, takePair } from "./round.ts";
import { randomPermutation } from "./seeded-random.ts";

/**
 * Up to `count` of the pairs asked once, to be shown the other way round. They are drawn without looking at verdicts: a sample
 * chosen for being uncertain would understate how consistent the judge is.
 */
export function drawSwaps(round: Round, count: number): PlannedPair[] {
  const swaps: PlannedPair[] = [];
  if (count === 0) return swaps;
  const candidates = round.asked.askedOnce();
  for (const index of randomPermutation(candidates.length, round.random)) {
    if (swaps.length === count) break;
    const { first, second } = candidates[index];
    if (canTake(round, first, second)) swaps.push(takePair(round, first, second, "swap"));
  }
  return swaps;
}
