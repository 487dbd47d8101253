/** Comparisons that people answer: they wait until somebody comes, and are with that person for a while. */
import { type Batch, type Comparison, isTerminal } from "./batch.ts";
import { roundUpToSecond } from "./deadlines.ts";

const MINUTE_MS = 60_000;

/**
 * The comparison for whoever comes now: the one that this person has already, so that asking twice is the same as once; else
 * the first that nobody has, or that somebody has had for too long. Undefined when there is none.
 */
export function findForPerson(batch: Batch, person: string, now: number): Comparison | undefined {
  if (isTerminal(batch.life.state)) return undefined;
  const { comparisons } = batch;
  return (
    comparisons.find((comparison) => comparison.person === person && isLent(comparison, now)) ??
    comparisons.find((comparison) => isWaiting(comparison, now))
  );
}

/** When somebody who has a comparison may have run out of time, so that it waits again; null when nobody has any. */
export function nextReturn(batch: Batch, now: number): number | null {
  if (isTerminal(batch.life.state)) return null;
  return batch.comparisons.reduce<number | null>((earliest, comparison) => {
    if (!isLent(comparison, now) || comparison.deadline === null) return earliest;
    return earliest === null ? comparison.deadline : Math.min(earliest, comparison.deadline);
  }, null);
}

/** The comparison as it is with a person. */
export function lendTo(
  comparison: Comparison,
  person: string,
  leaseMinutes: number,
  now: number,
): Comparison {
  const deadline = roundUpToSecond(now + leaseMinutes * MINUTE_MS);
  return { ...comparison, status: "dispatched", deadline, person };
}

/** The comparison as it waits for whoever comes next. */
export function putBack(comparison: Comparison): Comparison {
  return { ...comparison, status: "planned", deadline: null, person: null };
}

/** How long this person has had the comparison, in milliseconds to the second; 0 when it is not theirs (any more). */
export function heldForMs(comparison: Comparison, person: string, leaseMinutes: number, now: number): number {
  if (comparison.person !== person || comparison.deadline === null) return 0;
  return Math.max(0, Math.round(now - (comparison.deadline - leaseMinutes * MINUTE_MS)));
}

function isLent({ forPeople, status, deadline }: Comparison, now: number): boolean {
  return forPeople && status === "dispatched" && deadline !== null && deadline > now;
}

function isWaiting(comparison: Comparison, now: number): boolean {
  const { forPeople, status } = comparison;
  return forPeople && (status === "planned" || (status === "dispatched" && !isLent(comparison, now)));
}
