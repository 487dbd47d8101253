import type { Ranker } from "../../src/batch/ranking.ts";

/** Ranks by wins: for tests to which it matters that there is a ranking, complete, and not which. */
export const rankByWins: Ranker = ({ essays, comparisons }) => {
  const usable = essays.filter(({ text }) => text === "ready");
  const winsOf = (number: number) =>
    comparisons.filter(
      ({ winner, first, second }) =>
        (winner === "essay_a" && first === number) || (winner === "essay_b" && second === number),
    ).length;
  const ordered = usable
    .map(({ number, essayId }) => ({ number, essayId, wins: winsOf(number) }))
    .sort((left, right) => right.wins - left.wins || left.number - right.number);
  return {
    provisional: false,
    essays: ordered.map(({ number, essayId, wins }, at) => ({
      number,
      essayId,
      rank: at + 1,
      score: wins,
      standardError: 1,
      comparisons: comparisons.filter(({ first, second }) => first === number || second === number).length,
      wins,
      isAnchor: false,
      rankLow: 1,
      rankHigh: ordered.length,
      tiedWithNext: false,
      topProbability: 0,
      infit: null,
      outfit: null,
      infitP: null,
      outfitP: null,
      anchor: null,
      grade: null,
    })),
    reliability: null,
    model: null,
    grading: null,
    humanShare: 0,
  };
};
