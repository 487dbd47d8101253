import { z } from "zod";
import { gradeScaleSchema } from "./grade-scale.ts";

/** Why no grade is claimed although the batch has a scale. */
export const GRADES_WITHHELD = [
  /** the assignment has no anchors, or no more than one grade among those that were compared */
  "too_few_anchor_grades",
  /** the verdicts do not tell how far the essays are apart: `prior_at_boundary` */
  "spread_not_told",
  /** there was one essay and nothing to compare it with */
  "nothing_compared",
] as const;

/** What is said about the grades of a batch as a whole, as it is stored, shown and published. */
export const gradingSchema = z.object({
  scale: gradeScaleSchema,
  /** the grades of `probabilities`, lowest first */
  grades: z.array(z.string()),
  claimed: z.boolean(),
  withheld: z.enum(GRADES_WITHHELD).nullable(),
  /** why no grade is claimed, or what the grades rest on, in a sentence */
  statement: z.string(),
  anchors: z.int().nonnegative(),
  anchor_grade_distribution: z.record(z.string(), z.int().nonnegative()),
  /** share of the essays whose grade is expected to be wrong; null when none is claimed */
  expected_misclassification: z.number().nullable(),
  grades_without_anchor: z.array(z.string()),
  /** between one grade and the next, in logits on the scale of the scores; ascending, empty when no grade is claimed */
  boundaries: z.array(z.object({ above: z.string(), at: z.number(), standard_error: z.number() })),
  /** logistic scale by which grading scatters about the boundaries, in logits */
  scatter: z.number().nullable(),
});
export type Grading = z.infer<typeof gradingSchema>;

/** The grade of one essay and how sure it is. Probabilities are rounded to four decimals. */
export const essayGradeSchema = z.object({
  grade: z.string(),
  /** by grade, in the order of `grades` */
  probabilities: z.array(z.number()),
  wrong_probability: z.number(),
  within_one_probability: z.number(),
  /** false: no anchor has this grade, so it rests on its neighbours and on how common grades are */
  has_anchor: z.boolean(),
  /** `probably_wrong` when `wrong_probability` is above one half */
  warning: z.enum(["probably_wrong"]).nullable(),
});
export type EssayGrade = z.infer<typeof essayGradeSchema>;
