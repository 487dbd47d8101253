export { NEAREST_NEIGHBOURS } from "./informative-pairs.ts";
export { nextPairs, type PairingState } from "./next-pairs.ts";
export {
  countOpening,
  countPlanned,
  type SettledStrategy,
  settleStrategy,
  settleSwapShare,
} from "./opening.ts";
export { freePlacesToPlan, pacedInFlight, verdictsBetweenFits } from "./pace.ts";
export {
  type AskedPair,
  countAllPairs,
  PAIR_ORIGINS,
  type Pair,
  type PairOrigin,
  type PlannedPair,
} from "./pair.ts";
export {
  DEFAULT_BALANCED_ROUNDS,
  DEFAULT_RANDOM_SHARE,
  defaultSwapShare,
  findPairingProblem,
  MAX_BALANCED_ROUNDS,
  MAX_COMPARISONS,
  MAX_ESSAYS,
  MAX_SWAP_SHARE,
  MIN_BALANCED_ROUNDS,
  MIN_ESSAYS,
  PairingError,
  type PairingProblem,
  type PairingRequest,
  type PairingStrategy,
  type PlanRequest,
  smallestBudget,
} from "./pairing-problem.ts";
export { type PairPlan, planPairs } from "./plan-pairs.ts";
export { POSITION_LIMIT } from "./position.ts";
export type { Posterior } from "./posterior.ts";
export { type SeededRandom, seededRandom } from "./seeded-random.ts";
