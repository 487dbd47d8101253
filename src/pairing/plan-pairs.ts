import { hamiltonianRounds } from "./hamiltonian-cycles.ts";
import { countAllPairs, type Pair } from "./pair.ts";
import { findPairingProblem, PairingError, type PlanRequest } from "./pairing-problem.ts";
import { roundRobin } from "./round-robin.ts";
import { randomPermutation, type SeededRandom, seededRandom, shuffle } from "./seeded-random.ts";

/** Every comparison of a batch, in the order in which they are to be asked. */
export interface PairPlan {
  readonly strategy: "all_pairs" | "balanced_rounds";
  readonly pairs: readonly Pair[];
  /** `roundEnds[k]` is the number of pairs in rounds 0 … k. The last one is `pairs.length`: the budget may cut its round short. */
  readonly roundEnds: readonly number[];
}

/**
 * Plans all comparisons of a batch at once.
 *
 * Whatever prefix of the plan has been asked, the essays' comparison counts are within one of each other, and so are the
 * numbers of times each essay has been shown first and second. No pair is planned twice. The first n − 1 pairs connect all n
 * essays. Essays are relabelled and rounds are shuffled by the seed, so that neither says anything about quality. All
 * strategies are made of the same rounds, and a plan for a larger budget begins with the plan for a smaller one. Time and
 * memory are O(essayCount + pairs).
 *
 * @throws {PairingError} when {@link findPairingProblem} finds a problem: ask it first, it answers with a value
 */
export function planPairs(request: PlanRequest): PairPlan {
  const problem = findPairingProblem(request);
  if (problem !== null) throw new PairingError(problem);
  const allPairs = countAllPairs(request.essayCount);
  const pairCount = Math.min(request.budget, allPairs);
  const strategy = request.strategy === "auto" ? chooseStrategy(request.budget, allPairs) : request.strategy;
  return { strategy, ...drawRounds(request.essayCount, pairCount, seededRandom(request.seed)) };
}

function chooseStrategy(budget: number, allPairs: number): PairPlan["strategy"] {
  return allPairs <= budget ? "all_pairs" : "balanced_rounds";
}

function drawRounds(essayCount: number, pairCount: number, random: SeededRandom) {
  const essayOf = randomPermutation(essayCount, random);
  const pairs: Pair[] = [];
  const roundEnds: number[] = [];
  for (const round of balancedRounds(essayCount, random)) {
    for (const { first, second } of round.slice(0, pairCount - pairs.length)) {
      pairs.push({ first: essayOf[first], second: essayOf[second] });
    }
    roundEnds.push(pairs.length);
    if (pairs.length === pairCount) break;
  }
  return { pairs, roundEnds };
}

/** All pairs in balanced rounds, made as they are taken; the order within a round is random as far as the counts allow. */
function* balancedRounds(essayCount: number, random: SeededRandom): Generator<Pair[]> {
  if (essayCount % 2 === 0) {
    for (const round of roundRobin(essayCount, random)) yield shuffle(round, random);
    return;
  }
  for (const round of hamiltonianRounds(essayCount, random)) {
    const [returning, ...others] = round;
    yield [returning, ...shuffle(others, random)];
  }
}
