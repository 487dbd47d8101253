import type { AskedSummary } from "./asked-pairs.ts";
import type { Pair } from "./pair.ts";

/** No essay is shown first, or second, this much more often than the other way. */
export const POSITION_LIMIT = 4;

/**
 * The order in which to show two essays: the other way round when the pair has been shown before, else first the one that has
 * been first less often, else by the coin. Null when that order would take an essay past {@link POSITION_LIMIT}: then the
 * pair has to wait.
 */
export function orderOfShowing(
  one: number,
  other: number,
  asked: AskedSummary,
  coin: () => boolean,
): Pair | null {
  const pair = preferredOrder(one, other, asked, coin);
  const withinLimit =
    asked.positions[pair.first] < POSITION_LIMIT && asked.positions[pair.second] > -POSITION_LIMIT;
  return withinLimit ? pair : null;
}

/** Whether there is an order of showing within the limit. */
export function canBeShown(one: number, other: number, asked: AskedSummary): boolean {
  return orderOfShowing(one, other, asked, () => true) !== null;
}

function preferredOrder(one: number, other: number, asked: AskedSummary, coin: () => boolean): Pair {
  const shown = asked.onlyShowing(one, other);
  if (shown !== undefined) return { first: shown.second, second: shown.first };
  const skew = asked.positions[one] - asked.positions[other];
  const oneFirst = skew === 0 ? coin() : skew < 0;
  return oneFirst ? { first: one, second: other } : { first: other, second: one };
}
