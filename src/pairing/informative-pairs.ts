import { differenceVariance, informationGain, variancesAfter } from "./information-gain.ts";
import { type Candidate, greedyMatching } from "./matching.ts";
import { offerNeighbours } from "./nearest-neighbours.ts";
import type { PlannedPair } from "./pair.ts";
import { checkPosterior, type Posterior } from "./posterior.ts";
import { canTake, type Round, takePair } from "./round.ts";
import { randomPermutation } from "./seeded-random.ts";

/** Every essay is offered at least this many new opponents, its nearest in ability. */
export const NEAREST_NEIGHBOURS = 20;

/** Up to `count` pairs among the essays without a pair: a greedy matching by expected information gain. */
export function chooseInformativePairs(round: Round, posterior: Posterior, count: number): PlannedPair[] {
  if (count === 0) return [];
  checkPosterior(posterior, round.essayCount);
  const matching = greedyMatching(rateNeighbours(round, posterior, NEAREST_NEIGHBOURS), count);
  return matching.map(({ one, other }) => takePair(round, one, other, "adaptive"));
}

/**
 * The expected information gain (none for a repeat that cannot inform) of every pair of free essays in which one is among the other's `enough` nearest new opponents, and
 * of the repeats passed on the way. Essays are walked in random order, so that equal gains, as in the beginning, favour nobody.
 */
export function rateNeighbours(round: Round, posterior: Posterior, enough: number): Candidate[] {
  const { essayCount, random, taken } = round;
  const variances = variancesAfter(round.asked.pending, posterior);
  const free = randomPermutation(essayCount, random).filter((essay) => taken[essay] === 0);
  const candidates: Candidate[] = [];
  const offer = (one: number, other: number): boolean => {
    const standing = round.asked.standing(one, other);
    if (standing === "closed" || !canTake(round, one, other)) return false;
    const difference = posterior.abilities[one] - posterior.abilities[other];
    const isNew = standing === "new";
    const variance = differenceVariance(difference, variances[one], variances[other], isNew ? 0 : 1);
    const informs = isNew || round.repeatsInform;
    candidates.push({ one, other, worth: informs ? informationGain(difference, variance) : 0 });
    return isNew;
  };
  offerNeighbours(free, posterior.abilities, enough, offer);
  return candidates;
}
