import type { Batch, Comparison } from "./batch.ts";
import type { Change } from "./decision.ts";
import { emptyTally, retally } from "./tally.ts";

/** A batch as it stands right after its `opened` change. */
export function batchFrom(opened: Extract<Change, { kind: "opened" }>): Batch {
  return {
    origin: opened.origin,
    config: opened.config,
    life: opened.life,
    essays: opened.essays.map(({ essay }) => essay),
    comparisons: [],
    fit: null,
    tally: emptyTally(),
  };
}

/**
 * Applies committed changes to the batch in memory. It is called after the transaction, never before: what could not
 * be written must not be believed.
 */
export function evolve(batch: Batch, changes: readonly Change[]): void {
  for (const change of changes) apply(batch, change);
}

function apply(batch: Batch, change: Change): void {
  switch (change.kind) {
    case "life":
      batch.life = change.life;
      return;
    case "essay":
      batch.essays[change.essay.number] = change.essay;
      return;
    case "issued":
    case "comparison":
      place(batch, change.comparison);
      return;
    case "fit":
      batch.fit = change.fit;
      return;
    case "opened":
    case "transition":
    case "student-prompt":
    case "ranking":
    case "review":
    case "texts-erased":
      return;
  }
}

function place(batch: Batch, comparison: Comparison): void {
  retally(batch.tally, batch.comparisons[comparison.number], comparison);
  batch.comparisons[comparison.number] = comparison;
}
