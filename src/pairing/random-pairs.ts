import type { PlannedPair } from "./pair.ts";
import { canTake, type Round, takePair } from "./round.ts";
import { randomPermutation } from "./seeded-random.ts";

/** Up to `count` new pairs among the essays without a pair, drawn without looking at verdicts. */
export function drawRandomPairs(round: Round, count: number): PlannedPair[] {
  const pairs: PlannedPair[] = [];
  if (count === 0) return pairs;
  const order = randomPermutation(round.essayCount, round.random);
  for (let place = 0; place < order.length && pairs.length < count; place++) {
    const other = findPartner(round, order, place);
    if (other !== null) pairs.push(takePair(round, order[place], other, "random"));
  }
  return pairs;
}

/** The first of the essays after `place` that has not met the one at `place`. */
function findPartner(round: Round, order: readonly number[], place: number): number | null {
  const one = order[place];
  if (round.taken[one] === 1) return null;
  for (let later = place + 1; later < order.length; later++) {
    const other = order[later];
    if (canTake(round, one, other) && round.asked.standing(one, other) === "new") return other;
  }
  return null;
}
