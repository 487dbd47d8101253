import { describe, expect, it } from "vitest";
import {
  MAX_REVIEWS_PER_ESSAY,
  type ReviewRequest,
  reviewGrade,
} from "../../../src/batch/commands/review-grade.ts";
import { evolve } from "../../../src/batch/evolve.ts";
import { newestReviews, type Review } from "../../../src/batch/review.ts";
import { requestedScaleSchema } from "../../../src/contracts/grade-scale.ts";
import { openBatch } from "./harness.ts";

const gradeScale = requestedScaleSchema.parse({ grades: [{ label: "fail" }, { label: "pass" }] });

function completed(parts: object = {}) {
  const batch = openBatch({ essays: 3, origin: { gradeScale }, ...parts });
  batch.judgeAll([0, 1, 2]);
  expect(batch.state()).toBe("COMPLETED");
  return batch;
}

const request = (changes: Partial<ReviewRequest> = {}): ReviewRequest => ({
  essayId: "essay-1",
  reviewedBy: "A. Reader",
  grade: "pass",
  caller: "school",
  ...changes,
});

const review = (changes: Partial<Review> = {}): Review => ({
  essay: 1,
  reviewedBy: "A. Reader",
  grade: "pass",
  caller: "school",
  at: 5,
  ...changes,
});

describe("a review of a grade", () => {
  it("is recorded with who, what and when, shown in D1, and moves the batch nowhere", () => {
    const { batch, ranking } = completed();
    const { changes, outbox, reply } = reviewGrade(batch, ranking() ?? null, [], request(), 77);
    expect(reply).toMatchObject({ kind: "reviewed", review: review({ at: 77 }) });
    expect(changes.map(({ kind }) => kind)).toEqual(["review", "life"]);
    expect(outbox.map(({ effect }) => effect.kind)).toEqual(["projection"]);
    evolve(batch, changes);
    expect(batch.life.state).toBe("COMPLETED");
  });

  it("changes nothing when it repeats the newest one, and is taken when it repeats an earlier one", () => {
    const { batch, ranking } = completed();
    const repeat = (earlier: readonly Review[]) =>
      reviewGrade(batch, ranking() ?? null, earlier, request(), 9);
    expect(repeat([review()])).toMatchObject({ changes: [], outbox: [], reply: { kind: "reviewed" } });
    expect(repeat([review(), review({ grade: "fail" })]).changes).not.toEqual([]);
    expect(repeat([review({ caller: "other" })]).changes).not.toEqual([]);
  });

  it("is refused beyond the limit, and the last of them can still be repeated", () => {
    const { batch, ranking } = completed();
    const many = Array.from({ length: MAX_REVIEWS_PER_ESSAY }, (_, k) => review({ reviewedBy: `R. ${k}` }));
    const outcome = (changes: Partial<ReviewRequest>) =>
      reviewGrade(batch, ranking() ?? null, many, request(changes), 9);
    expect(outcome({})).toMatchObject({ changes: [], reply: { kind: "too_many_reviews" } });
    expect(outcome({ reviewedBy: `R. ${MAX_REVIEWS_PER_ESSAY - 1}` }).reply.kind).toBe("reviewed");
  });

  it.each<[string, Partial<ReviewRequest>, object]>([
    ["an essay that is not ranked", { essayId: "nobody" }, { kind: "unknown_essay" }],
    ["a grade outside the scale", { grade: "A" }, { kind: "grade_expected", grades: ["fail", "pass"] }],
    ["no grade where none is claimed", { grade: null }, { kind: "grade_expected", grades: ["fail", "pass"] }],
  ])("is refused for %s, and changes nothing", (_, changes, reply) => {
    const { batch, ranking } = completed();
    expect(reviewGrade(batch, ranking() ?? null, [], request(changes), 9)).toMatchObject({
      changes: [],
      outbox: [],
      reply,
    });
  });

  it("is refused while the batch is open, and in a batch without a scale", () => {
    const open = openBatch({ essays: 3, origin: { gradeScale } });
    expect(reviewGrade(open.batch, null, [], request(), 9).reply).toEqual({ kind: "not_ranked" });
    const { batch, ranking } = completed({ origin: { gradeScale: null } });
    expect(reviewGrade(batch, ranking() ?? null, [], request(), 9).reply).toEqual({
      kind: "not_reviewable",
      why: "no_grade_scale",
    });
  });

  it("counts when it is the essay's newest", () => {
    const newest = newestReviews([
      review({ at: 1 }),
      review({ essay: 2, at: 2 }),
      review({ grade: "fail", at: 3 }),
    ]);
    expect([...newest.values()].map(({ essay, at }) => [essay, at])).toEqual([
      [1, 3],
      [2, 2],
    ]);
  });
});
