/** What a batch may still ask under its cost ceiling. */
import type { Batch, BatchConfig, Tally } from "./batch.ts";

/** Comparisons that are asked before anything is known of their price, and at least so many at a time afterwards. */
export const PRICE_PROBE = 10;

const NANO = 1e9;

type Costs = Pick<Batch, "config"> & { readonly tally: Readonly<Tally> };

/** Whether the answers so far have cost as much as the batch may spend. */
export function ceilingReached({ config, tally }: Costs): boolean {
  return config.maxCostUsd !== null && tally.nanoUsd >= config.maxCostUsd * NANO;
}

/**
 * How many more comparisons the ceiling allows at the mean cost of a verdict so far, those in flight counted as spent; Infinity
 * without a ceiling, or where verdicts cost nothing.
 */
export function countAffordable(config: BatchConfig, tally: Readonly<Tally>): number {
  if (config.maxCostUsd === null) return Number.POSITIVE_INFINITY;
  if (ceilingReached({ config, tally })) return 0;
  const verdicts = tally.completed - tally.completedByPeople;
  const inFlight = countWithMachines(tally);
  if (verdicts === 0) return Math.max(0, PRICE_PROBE - inFlight);
  if (tally.nanoUsd === 0) return Number.POSITIVE_INFINITY;
  const each = tally.nanoUsd / verdicts;
  const left = Math.max(0, Math.floor((config.maxCostUsd * NANO - tally.nanoUsd) / each) - inFlight);
  // In portions, so that not every verdict plans one more comparison.
  return left >= PRICE_PROBE || inFlight === 0 ? left : 0;
}

/** Comparisons that may still cost something. */
export function countWithMachines({ outstanding, unanswered, waitingForPeople }: Readonly<Tally>): number {
  return outstanding - unanswered - waitingForPeople;
}
