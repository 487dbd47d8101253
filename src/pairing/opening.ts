import { countAllPairs, type Pair, type PlannedPair } from "./pair.ts";
import { DEFAULT_BALANCED_ROUNDS, defaultSwapShare, type PairingRequest } from "./pairing-problem.ts";
import { planPairs } from "./plan-pairs.ts";

/** A strategy once `auto` has been decided. */
export type SettledStrategy = "all_pairs" | "balanced_rounds" | "adaptive";

/** `auto` asks all pairs when they fit the budget and adapts otherwise. */
export function settleStrategy({
  strategy,
  essayCount,
  budget,
}: Pick<PairingRequest, "strategy" | "essayCount" | "budget">): SettledStrategy {
  if (strategy !== "auto") return strategy;
  return countAllPairs(essayCount) <= budget ? "all_pairs" : "adaptive";
}

/** All pairs once is what `all_pairs` says, so it never swaps. */
export function settleSwapShare(request: PairingRequest): number {
  const strategy = settleStrategy(request);
  return strategy === "all_pairs" ? 0 : (request.swapShare ?? defaultSwapShare(strategy));
}

/**
 * The comparisons that are asked before any verdict is looked at: the whole plan of {@link planPairs} for `all_pairs` and
 * `balanced_rounds`, its first rounds for `adaptive`. Swaps are spread evenly among a whole plan, oldest pair first, so that the
 * plan's laws hold for the pairs without the swaps, counts with them stay within two, and positions within two. Where the budget is
 * too small for both, connecting all essays comes before the share of swaps. The first rounds
 * of an adaptive batch have none: there a new pair tells most, and the swaps are caught up on afterwards.
 */
export function planOpening(request: PairingRequest): PlannedPair[] {
  const { essayCount, budget, seed, balancedRounds = DEFAULT_BALANCED_ROUNDS } = request;
  const adapts = settleStrategy(request) === "adaptive";
  const pairCount = adapts ? Math.min(budget, Math.floor((balancedRounds * essayCount) / 2)) : budget;
  const plan = planPairs({ essayCount, budget: pairCount, seed, strategy: "balanced_rounds" });
  // Swaps take what the budget has beyond the n − 1 pairs that connect everyone, and no more.
  const mostSwaps = budget - (essayCount - 1);
  return [...withSwaps(plan.pairs, adapts ? 0 : settleSwapShare(request), mostSwaps)].slice(0, budget);
}

/** Most comparisons that a batch of this request can ask: its T, unless pairing stops early. */
export function countPlanned(request: PairingRequest): number {
  if (settleStrategy(request) !== "adaptive") return planOpening(request).length;
  return Math.min(request.budget, 2 * countAllPairs(request.essayCount));
}

/** How many comparisons are asked before any verdict is looked at. */
export function countOpening(request: PairingRequest): number {
  return planOpening(request).length;
}

function* withSwaps(pairs: readonly Pair[], swapShare: number, mostSwaps: number): Generator<PlannedPair> {
  let swaps = 0;
  let planned = 0;
  function* swapsDue(): Generator<PlannedPair> {
    const swapsWanted = () => Math.min(mostSwaps, Math.floor(swapShare * (planned + 1)));
    for (; swapsWanted() > swaps && planned > swaps; planned++) {
      const { first, second } = pairs[swaps++];
      yield { first: second, second: first, origin: "swap" };
    }
  }
  for (const pair of pairs) {
    yield* swapsDue();
    yield { ...pair, origin: "balanced" };
    planned++;
  }
  yield* swapsDue();
}
