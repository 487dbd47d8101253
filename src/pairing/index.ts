export { countAllPairs, type Pair } from "./pair.ts";
export {
  findPairingProblem,
  MAX_COMPARISONS,
  MAX_ESSAYS,
  MIN_ESSAYS,
  PairingError,
  type PairingProblem,
  type PairingStrategy,
  type PlanRequest,
  smallestBudget,
} from "./pairing-problem.ts";
export { type PairPlan, planPairs } from "./plan-pairs.ts";
