import type { Pair } from "./pair.ts";
import { randomPermutation, type SeededRandom } from "./seeded-random.ts";

/**
 * Rounds of pairs among an odd number of players, two rounds to a cycle through all of them, no two players meeting twice.
 *
 * Walecki's decomposition of the complete graph on n = 2m + 1 players into m Hamiltonian cycles (Lucas, "Récréations
 * mathématiques" II, 1892; Alspach, "The wonderful Walecki construction", Bull. ICA 52, 2008): the zigzag
 * 0, 1, 2m−1, 2, 2m−2, …, m through the numbers modulo 2m, turned by i, and closed through player 2m.
 *
 * A cycle's pairs e(0) … e(n−1) are asked with even index first: e(0), e(2), …, e(n−3) leave out one player, who comes back at
 * once in e(n−1); the rest bring everyone to two. So at every moment the counts are within one of each other, and any n − 1
 * pairs of a cycle connect everyone. (Rotating byes, the usual way with odd numbers, keep neither rule: after k rounds k
 * players are one behind.) Walking the cycle in one direction shows every player once first and once second.
 *
 * @param playerCount odd, at least 3
 * @returns all n − 1 rounds, made as they are taken, of (n−1)/2 and (n+1)/2 pairs by turns. In the longer ones one player
 *   appears twice, and the first pair is the one that must be asked first.
 */
export function* hamiltonianRounds(playerCount: number, random: SeededRandom): Generator<Pair[]> {
  for (const turn of randomPermutation((playerCount - 1) / 2, random)) {
    yield* cycleInTwoRounds(randomWalk(waleckiCycle(playerCount, turn), random));
  }
}

function waleckiCycle(playerCount: number, turn: number): number[] {
  const modulus = playerCount - 1;
  const cycle = [modulus];
  for (let step = 0; step < modulus; step++) {
    const zigzag = step % 2 === 1 ? (step + 1) / 2 : modulus - step / 2;
    cycle.push((zigzag + turn) % modulus);
  }
  return cycle;
}

/** The same cycle from a random player on, in a random direction: nobody is always the one to sit out. */
function randomWalk(cycle: number[], random: SeededRandom): number[] {
  const start = random.below(cycle.length);
  const rotated = [...cycle.slice(start), ...cycle.slice(0, start)];
  return random.coin() ? rotated : rotated.reverse();
}

function cycleInTwoRounds(cycle: number[]): [Pair[], Pair[]] {
  const last = cycle.length - 1;
  const evens: Pair[] = [];
  const odds: Pair[] = [{ first: cycle[last], second: cycle[0] }];
  for (let index = 0; index < last; index++) {
    const pairs = index % 2 === 0 ? evens : odds;
    pairs.push({ first: cycle[index], second: cycle[index + 1] });
  }
  return [evens, odds];
}
