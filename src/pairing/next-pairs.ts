import { summariseAsked } from "./asked-pairs.ts";
import { chooseInformativePairs } from "./informative-pairs.ts";
import { planOpening, settleStrategy, settleSwapShare } from "./opening.ts";
import type { AskedPair, PairOrigin, PlannedPair } from "./pair.ts";
import {
  DEFAULT_RANDOM_SHARE,
  findPairingProblem,
  PairingError,
  type PairingRequest,
} from "./pairing-problem.ts";
import type { Posterior } from "./posterior.ts";
import { drawRandomPairs } from "./random-pairs.ts";
import type { Round } from "./round.ts";
import { seededRandom } from "./seeded-random.ts";
import { drawSwaps } from "./swapped-pairs.ts";

/** Where a batch stands: all that choosing its next pairs depends on. */
export interface PairingState extends PairingRequest {
  /** Every pair asked so far, in the order of asking, failed and repeated ones included. */
  readonly asked: readonly AskedPair[];
  /** How many pairs are wanted now, at least 0. */
  readonly wanted: number;
  /** The latest fit, or null when there is none yet: then pairs are drawn at random. */
  readonly posterior: Posterior | null;
}

/**
 * The pairs to ask next. Call it whenever comparisons in flight have become too few; nothing needs to have been answered.
 *
 * The batch's opening comes first: {@link planOpening}. After it `adaptive` returns one round, in which each essay appears at
 * most once: swaps and random pairs as their shares require, and for the rest the pairs with the largest expected
 * information gain. Equal states give equal pairs. A pair is asked at most twice, the second time the other way round; one
 * that failed may be asked again as if it were new.
 *
 * @returns at most `wanted` pairs, and perhaps fewer although more could be asked: call again. None at all, while pairs are
 *   wanted and budget is left, means that no pair is left to ask, unless one that is in flight should fail.
 * @throws {PairingError} when {@link findPairingProblem} finds a problem
 */
export function nextPairs(state: PairingState): PlannedPair[] {
  const problem = findPairingProblem(state);
  if (problem !== null) throw new PairingError(problem);
  const room = Math.min(state.wanted, state.budget - state.asked.length);
  if (room <= 0) return [];
  const opening = planOpening(state);
  if (state.asked.length < opening.length) {
    return opening.slice(state.asked.length, state.asked.length + room);
  }
  return settleStrategy(state) === "adaptive"
    ? planRound(state, opening.length, room)
    : askFailedAgain(state, room);
}

function askFailedAgain({ essayCount, asked }: PairingState, room: number): PlannedPair[] {
  const failed = summariseAsked(essayCount, asked).failed();
  return failed.slice(0, room).map(({ first, second }) => ({ first, second, origin: "balanced" }));
}

function planRound(state: PairingState, openingCount: number, room: number): PlannedPair[] {
  const { essayCount, posterior } = state;
  const size = Math.min(room, Math.floor(essayCount / 2));
  const round: Round = {
    essayCount,
    asked: summariseAsked(essayCount, state.asked),
    random: seededRandom(state.seed, state.asked.length + 1),
    taken: new Uint8Array(essayCount),
    repeatsInform: state.repeatsInform ?? true,
  };
  const swaps = drawSwaps(round, countSwapsDue(state, round, openingCount, size));
  const left = size - swaps.length;
  const randomsDue = posterior === null ? left : countRandomsDue(state, left);
  const randoms = drawRandomPairs(round, randomsDue);
  if (posterior === null) return [...swaps, ...randoms];
  return [...swaps, ...randoms, ...chooseInformativePairs(round, posterior, left - randoms.length)];
}

/**
 * Of the pairs chosen after the opening, as the share of random pairs is: the opening's own pairs are worth most when they are new.
 * Repeats that were asked for their information count as swaps: they too show their pair the other way round.
 */
function countSwapsDue(state: PairingState, { asked }: Round, openingCount: number, size: number): number {
  return countDue(settleSwapShare(state), state.asked.length - openingCount + size, asked.repeats, size);
}

function countRandomsDue({ asked, randomShare = DEFAULT_RANDOM_SHARE }: PairingState, size: number): number {
  const count = (origin: PairOrigin) => asked.filter((pair) => pair.origin === origin).length;
  const randoms = count("random");
  return countDue(randomShare, count("adaptive") + randoms + size, randoms, size);
}

/** How many of the next `size` must be of a kind so that the kind has its share of `total`, when `done` are already. */
function countDue(share: number, total: number, done: number, size: number): number {
  return Math.min(size, Math.max(0, Math.floor(share * total) - done));
}
