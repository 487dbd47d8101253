import type { RankedEssay, Ranking } from "../../batch/ranking.ts";
import { newestReviews, type Review } from "../../batch/review.ts";
import { type RankedEssayBody, type ResultsBody, reviewSchema } from "../../contracts/api/results.ts";
import { essayGradeSchema } from "../../contracts/grading.ts";
import { reviewBodyOf } from "../../objects/review-body.ts";
import type { EssayResultRow } from "../../results/picture.ts";

/** A ranking as the batch's object tells it. */
export function rankingBodyOf(
  ranking: Ranking,
  reviews: readonly Review[],
): Omit<ResultsBody, "batch_id" | "state"> {
  const { provisional, reliability, model, grading, humanShare } = ranking;
  const newest = newestReviews(reviews);
  const rankings = ranking.essays.map((essay) => rankedEssayOf(essay, newest.get(essay.number)));
  return { provisional, rankings, reliability, model, grading, human_share: humanShare };
}

export function rankedEssayOf(essay: RankedEssay, review: Review | undefined): RankedEssayBody {
  return {
    ...placeOf(essay),
    anchor_id: essay.anchor?.anchorId ?? null,
    known_grade: essay.anchor?.grade ?? null,
    grade: essay.grade,
    review: review === undefined ? null : reviewBodyOf(review),
  };
}

/** The same from a row of D1. */
export function storedEssayOf(row: EssayResultRow): RankedEssayBody {
  return {
    ...placeOf(row),
    anchor_id: row.anchorId,
    known_grade: row.anchorGrade,
    grade: row.gradeProjection === null ? null : essayGradeSchema.parse(JSON.parse(row.gradeProjection)),
    review: row.review === null ? null : reviewSchema.parse(JSON.parse(row.review)),
  };
}

function placeOf(essay: Omit<RankedEssay, "number" | "anchor" | "grade">) {
  return {
    essay_id: essay.essayId,
    rank: essay.rank,
    score: essay.score,
    standard_error: essay.standardError,
    comparisons: essay.comparisons,
    wins: essay.wins,
    is_anchor: essay.isAnchor,
    rank_low: essay.rankLow,
    rank_high: essay.rankHigh,
    tied_with_next: essay.tiedWithNext,
    top_probability: essay.topProbability,
    infit: essay.infit,
    outfit: essay.outfit,
    infit_p: essay.infitP,
    outfit_p: essay.outfitP,
  };
}
