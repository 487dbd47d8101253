import { type Comparison, isOutstanding, type Tally } from "./batch.ts";

/** The counters of a batch without comparisons. */
export function emptyTally(): Tally {
  return {
    completed: 0,
    failed: 0,
    outstanding: 0,
    unanswered: 0,
    waitingForPeople: 0,
    completedByPeople: 0,
    copiesCompleted: 0,
    copiesOutstanding: 0,
    nanoUsd: 0,
    late: 0,
    lastVerdictAt: 0,
  };
}

/** Moves the counters from what a comparison was (undefined: it did not exist) to what it is now. */
export function retally(tally: Tally, before: Comparison | undefined, after: Comparison): void {
  if (before) count(tally, before, -1);
  count(tally, after, 1);
  if (after.status === "judged" && after.settledAt !== null) {
    tally.lastVerdictAt = Math.max(tally.lastVerdictAt, after.settledAt);
  }
}

function count(tally: Tally, comparison: Comparison, by: 1 | -1): void {
  tally.nanoUsd += by * comparison.usage.nanoUsd;
  if (comparison.lateAt !== null) tally.late += by;
  if (comparison.copyOf === null) countPlanned(tally, comparison, by);
  else if (comparison.status === "judged") tally.copiesCompleted += by;
  else if (isOutstanding(comparison)) tally.copiesOutstanding += by;
}

function countPlanned(tally: Tally, comparison: Comparison, by: 1 | -1): void {
  if (comparison.status === "judged") tally.completed += by;
  else if (comparison.status === "failed") tally.failed += by;
  else tally.outstanding += by;
  if (comparison.status === "unanswered") tally.unanswered += by;
  if (!comparison.forPeople) return;
  if (isOutstanding(comparison)) tally.waitingForPeople += by;
  if (comparison.status === "judged") tally.completedByPeople += by;
}

/** How many comparisons of the plan have been issued. */
export function plannedSoFar({ completed, failed, outstanding }: Readonly<Tally>): number {
  return completed + failed + outstanding;
}

/** How many verdicts there are to rank by, those on copies for people included. */
export function verdictsSoFar({ completed, copiesCompleted }: Readonly<Tally>): number {
  return completed + copiesCompleted;
}
