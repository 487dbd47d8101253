/** What a person said of an essay's grade. The newest review of an essay counts; the earlier ones are its history. */
export interface Review {
  /** the essay's number */
  readonly essay: number;
  readonly reviewedBy: string;
  /** a grade of the batch's scale */
  readonly grade: string;
  /** name of the key that sent it */
  readonly caller: string;
  readonly at: number;
}

/** The newest review of every essay that has one, by the essay's number. */
export function newestReviews(reviews: readonly Review[]): ReadonlyMap<number, Review> {
  return new Map(reviews.map((review) => [review.essay, review]));
}
