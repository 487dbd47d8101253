/** How many pairs may be out, and how old a fit may be, while verdicts decide what is asked next. */

/**
 * Most comparisons in flight while pairs are chosen by verdicts, or while a stopping rule may end the batch: one round, n/2. With
 * everything asked at once nothing could be learnt from the answers, and nothing saved by stopping; `docs/pairing.md` has what
 * fewer and more cost. At least 1, and never above `maxInFlight`.
 */
export function pacedInFlight(essayCount: number, maxInFlight: number): number {
  return Math.max(1, Math.min(maxInFlight, Math.floor(essayCount / 2)));
}

/** So many of the places in flight must be free before more pairs are planned: half, so that rounds overlap. */
export function freePlacesToPlan(inFlightLimit: number): number {
  return Math.max(1, Math.floor(inFlightLimit / 2));
}

/** New verdicts between two fits: one round, n/2. A fit at every verdict would cost more and choose hardly better. */
export function verdictsBetweenFits(essayCount: number): number {
  return Math.ceil(essayCount / 2);
}
