import type { BatchStatus, Results } from "../rank/client.ts";
import { UserError } from "../rank/user-error.ts";

/**
 * What must hold of any completed batch: it is final, ranks exactly the essays that were sent with ranks from 1
 * upwards, and its comparisons add up, each with one winner and two participants.
 *
 * @throws UserError that names the first rule that does not hold
 */
export function checkRanking(essayIds: readonly string[], batch: BatchStatus, results: Results): void {
  const { rankings, provisional } = results;
  const ranked = rankings.map((essay) => essay.essay_id).toSorted();
  const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
  const wins = sum(rankings.map((essay) => essay.wins));
  const participations = sum(rankings.map((essay) => essay.comparisons));
  const judged = batch.completed_comparisons;
  const rules: readonly (readonly [holds: boolean, otherwise: string])[] = [
    [!provisional, "the results of the completed batch are still provisional"],
    [
      ranked.join() === essayIds.toSorted().join(),
      `the ranking holds ${ranked.join(", ") || "no essays"} instead of ${essayIds.toSorted().join(", ")}`,
    ],
    [ranksFollow(rankings.map((essay) => essay.rank)), "the ranks do not count up from 1"],
    [rankings.every(({ score }) => score !== null), "an essay has no score"],
    [judged > 0, "no comparison was judged"],
    [wins === judged, `${judged} comparisons were judged but ${wins} won`],
    [participations === 2 * judged, `${judged} comparisons have ${participations} participants`],
  ];
  const broken = rules.find(([holds]) => !holds);
  if (broken !== undefined) {
    throw new UserError(`Smoke test failed: ${broken[1]}.`);
  }
}

/** 1, 2, 3 …, where tied essays share the smaller rank (1, 2, 2, 4). */
function ranksFollow(ranks: readonly (number | null)[]): boolean {
  const sorted = ranks.map((rank) => rank ?? Number.NaN).toSorted((a, b) => a - b);
  return sorted.every((rank, at) => rank === at + 1 || (at > 0 && rank === sorted[at - 1]));
}
