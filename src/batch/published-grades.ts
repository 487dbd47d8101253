/** How grades travel in `AssessmentResultV1`: letters where the contract knows them, every other grade beside them. */
import { type GradeScale, gradesOf } from "../contracts/grade-scale.ts";
import type { RankedEssay, Ranking } from "./ranking.ts";

/** P(right) from which a grade is published as of high confidence; below {@link MID_FROM} it is more likely wrong than right. */
const HIGH_FROM = 0.7;
const MID_FROM = 0.5;

/** What the contract takes as a letter; consumers store nothing else. */
const LETTER = /^([A-F][+-]?|U)$/;

/** The original's lookup from letter to share of the full mark. */
const SCORE_OF_LETTER: Readonly<Record<string, number>> = {
  A: 1,
  "A-": 0.93,
  "B+": 0.87,
  B: 0.8,
  "B-": 0.73,
  "C+": 0.67,
  C: 0.6,
  "C-": 0.53,
  "D+": 0.47,
  D: 0.4,
  "D-": 0.33,
  "E+": 0.27,
  E: 0.2,
  "E-": 0.13,
  "F+": 0.07,
  F: 0,
  U: 0,
};

/** Without a claimed grade the contract's way to say so is U with no confidence. */
const NO_GRADE = {
  normalized_score: 0,
  letter_grade: "U",
  confidence_score: 0,
  confidence_label: "LOW",
  display_name: null,
} as const;

/** The fields of one `EssayResultV1` that speak of its grade. An anchor has the grade that it came with, without doubt. */
export function publishedGrade({ anchor, grade }: RankedEssay, scale: GradeScale | null) {
  if (scale === null) return NO_GRADE;
  if (anchor !== null) {
    return {
      ...letterAndScore(scale, anchor.grade),
      confidence_score: 1,
      confidence_label: "HIGH" as const,
      display_name: `ANCHOR GRADE ${anchor.grade}`,
    };
  }
  if (grade === null) return NO_GRADE;
  const right = 1 - grade.wrong_probability;
  return {
    ...letterAndScore(scale, grade.grade),
    confidence_score: right,
    confidence_label: confidenceLabel(right),
    display_name: null,
  };
}

/** The keys of `assessment_metadata` that speak of anchors and grades. */
export function gradingMetadata({ essays, grading }: Ranking) {
  if (grading === null) {
    return { anchor_essays_used: 0, calibration_method: "default" as const, anchor_grade_distribution: {} };
  }
  const { scale, claimed, withheld, anchors, anchor_grade_distribution } = grading;
  const graded = essays.flatMap(({ essayId, anchor, grade }) => {
    const label = anchor?.grade ?? grade?.grade;
    return label === undefined ? [] : [[essayId, label] as const];
  });
  return {
    anchor_essays_used: anchors,
    calibration_method: claimed ? ("anchor" as const) : ("default" as const),
    anchor_grade_distribution,
    grade_scale: scale.name,
    grades_withheld: withheld,
    expected_misclassification: grading.expected_misclassification,
    grades_without_anchor: grading.grades_without_anchor,
    // Where letter_grade has them all there is no need to say them twice: two thousand ids weigh half a megabyte.
    ...(graded.every(([, label]) => LETTER.test(label)) ? {} : { grades: Object.fromEntries(graded) }),
  };
}

function letterAndScore(scale: GradeScale, grade: string) {
  const labels = gradesOf(scale).map(({ label }) => label);
  const place = labels.indexOf(grade) / (labels.length - 1);
  if (!LETTER.test(grade)) return { letter_grade: "U", normalized_score: place };
  return { letter_grade: grade, normalized_score: SCORE_OF_LETTER[grade] ?? place };
}

function confidenceLabel(right: number): "HIGH" | "MID" | "LOW" {
  if (right >= HIGH_FROM) return "HIGH";
  return right >= MID_FROM ? "MID" : "LOW";
}
