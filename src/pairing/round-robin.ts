import type { Pair } from "./pair.ts";
import { randomPermutation, type SeededRandom } from "./seeded-random.ts";

/**
 * Rounds of a round-robin among an even number of players, in each of which every player meets one other and no two players
 * meet twice.
 *
 * The circle method (Kirkman, "On a problem in combinations", 1847): players 0 … n−2 stand on a circle and player n−1 in its
 * middle; in round r the players whose numbers add up to 2r modulo n−1 meet, and r itself meets the middle. Rounds r and s
 * together form one cycle through all n players exactly when r − s is coprime to n − 1, so the first two rounds are drawn
 * that way: any n − 1 of their pairs connect everyone. (Two independent random matchings do so in one case of five at n = 30.)
 *
 * Order of showing: two successive rounds form disjoint cycles, and each cycle is walked in one direction, drawn by a coin.
 * Within these two rounds every player is shown once first and once second.
 *
 * @param playerCount even, at least 2
 * @returns all playerCount − 1 rounds of playerCount/2 pairs, made as they are taken
 */
export function* roundRobin(playerCount: number, random: SeededRandom): Generator<Pair[]> {
  const order = drawRoundOrder(playerCount - 1, random);
  for (let index = 0; index + 1 < order.length; index += 2) {
    yield* twoRoundsInCycles(playerCount, order[index], order[index + 1], random);
  }
  yield loneRound(playerCount, order[order.length - 1], random);
}

function drawRoundOrder(modulus: number, random: SeededRandom): number[] {
  if (modulus === 1) return [0];
  const start = random.below(modulus);
  const second = (start + drawCoprime(modulus, random)) % modulus;
  const others = randomPermutation(modulus, random).filter((round) => round !== start && round !== second);
  return [start, second, ...others];
}

function drawCoprime(modulus: number, random: SeededRandom): number {
  for (;;) {
    const offset = 1 + random.below(modulus - 1);
    if (greatestCommonDivisor(offset, modulus) === 1) return offset;
  }
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

function opponent(playerCount: number, round: number, player: number): number {
  const modulus = playerCount - 1;
  if (player === modulus) return round;
  const other = (2 * round - player + modulus) % modulus;
  return other === player ? modulus : other;
}

function twoRoundsInCycles(playerCount: number, round: number, next: number, random: SeededRandom) {
  const roundPairs: Pair[] = [];
  const nextPairs: Pair[] = [];
  const visited = new Uint8Array(playerCount);
  for (let start = 0; start < playerCount; start++) {
    if (visited[start] === 1) continue;
    const forwards = random.coin();
    let player = start;
    do {
      const other = opponent(playerCount, round, player);
      const after = opponent(playerCount, next, other);
      visited[player] = 1;
      visited[other] = 1;
      roundPairs.push(inOrder(player, other, forwards));
      nextPairs.push(inOrder(other, after, forwards));
      player = after;
    } while (player !== start);
  }
  return [roundPairs, nextPairs];
}

function loneRound(playerCount: number, round: number, random: SeededRandom): Pair[] {
  const pairs: Pair[] = [];
  for (let player = 0; player < playerCount; player++) {
    const other = opponent(playerCount, round, player);
    if (player < other) pairs.push(inOrder(player, other, random.coin()));
  }
  return pairs;
}

function inOrder(player: number, other: number, forwards: boolean): Pair {
  return forwards ? { first: player, second: other } : { first: other, second: player };
}
