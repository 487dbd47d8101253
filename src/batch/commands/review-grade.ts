import type { Batch } from "../batch.ts";
import type { Decision } from "../decision.ts";
import { openDraft } from "../draft.ts";
import type { RankedEssay, Ranking } from "../ranking.ts";
import type { Review } from "../review.ts";

/** Most reviews that are kept of one essay. */
export const MAX_REVIEWS_PER_ESSAY = 50;

export interface ReviewRequest {
  readonly essayId: string;
  readonly reviewedBy: string;
  /** null: the claimed grade stands */
  readonly grade: string | null;
  /** name of the key that sent it */
  readonly caller: string;
}

export type ReviewOutcome =
  | { readonly kind: "reviewed"; readonly essay: RankedEssay; readonly review: Review }
  | { readonly kind: "not_ranked" }
  | { readonly kind: "unknown_essay" }
  /** the essay came with its grade, or the batch has no scale to grade on */
  | { readonly kind: "not_reviewable"; readonly why: "anchor" | "no_grade_scale" }
  /** no grade is claimed that could stand, or it is none of the scale's */
  | { readonly kind: "grade_expected"; readonly grades: readonly string[] }
  | { readonly kind: "too_many_reviews" };

/**
 * Records that a person has looked at an essay's grade and what it is to be. The projected grade stays beside it. The same
 * review again, while it is the newest, changes nothing.
 *
 * @param earlier the essay's reviews so far, oldest first
 */
export function reviewGrade(
  batch: Batch,
  ranking: Ranking | null,
  earlier: readonly Review[],
  request: ReviewRequest,
  now: number,
): Decision<ReviewOutcome> {
  const draft = openDraft(batch, now);
  if (batch.life.state !== "COMPLETED" || ranking === null) return draft.decide({ kind: "not_ranked" });
  const essay = ranking.essays.find(({ essayId }) => essayId === request.essayId);
  if (essay === undefined) return draft.decide({ kind: "unknown_essay" });
  if (ranking.grading === null) return draft.decide({ kind: "not_reviewable", why: "no_grade_scale" });
  if (essay.anchor !== null) return draft.decide({ kind: "not_reviewable", why: "anchor" });
  const { grades } = ranking.grading;
  const grade = request.grade ?? essay.grade?.grade ?? null;
  if (grade === null || !grades.includes(grade)) return draft.decide({ kind: "grade_expected", grades });

  const last = earlier.at(-1);
  const { reviewedBy, caller } = request;
  if (last?.reviewedBy === reviewedBy && last.grade === grade && last.caller === caller)
    return draft.decide({ kind: "reviewed", essay, review: last });
  if (earlier.length >= MAX_REVIEWS_PER_ESSAY) return draft.decide({ kind: "too_many_reviews" });
  const review = { essay: essay.number, reviewedBy, grade, caller, at: now };
  draft.change({ kind: "review", review });
  draft.emit({ kind: "projection" });
  return draft.decide({ kind: "reviewed", essay, review });
}
