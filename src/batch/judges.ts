/** The judges of a batch: who they are, and whose turn it is. */
import type { JudgeShare } from "./batch.ts";

/** The judge for whom people answer, over the API. */
export const HUMAN_JUDGE = "human";

/** The names of a batch's judges in one text, as lists show it: `anthropic + human`. */
export function describeJudges(judges: readonly JudgeShare[]): string {
  return [...new Set(judges.map(({ judge }) => judge))].join(" + ");
}

/**
 * The place of the judge who answers for people in the list, or -1 without one. A batch has at most one: people are told
 * apart by who they say they are.
 */
export function indexOfPeople(judges: readonly JudgeShare[]): number {
  return judges.findIndex(({ judge }) => judge === HUMAN_JUDGE);
}
