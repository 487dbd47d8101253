import { describe, expect, it } from "vitest";
import { z } from "zod";
import { calibrate, projectOriginal } from "../../../bench/grades/original-method.ts";
import golden from "../../fixtures/golden_grade_projection.json" with { type: "json" };

const LABELS = ["F", "E", "D", "D+", "C", "C+", "B", "A"];
const ANCHORS = [
  { grade: "F", score: -3 },
  { grade: "E", score: -2 },
  { grade: "E", score: -1.8 },
  { grade: "D", score: -1 },
  { grade: "C", score: 0.4 },
  { grade: "C", score: 0.6 },
  { grade: "C", score: 0.5 },
  { grade: "B", score: 1.5 },
  { grade: "A", score: 2.4 },
  { grade: "A", score: 2.8 },
];
const byGrade = z.record(z.string(), z.number());

describe("the original's grade projection, which bench:grades measures against", () => {
  const calibration = calibrate(LABELS, ANCHORS);
  const ofGrade = (grade: string) => calibration.grades[LABELS.indexOf(grade)];

  it("pools the variance of all anchors", () => {
    expect(calibration.pooledVariance).toBeCloseTo(golden.pooled_variance, 10);
  });

  it.each(Object.entries(byGrade.parse(golden.means)))("gives %s the mean %d", (grade, mean) => {
    expect(ofGrade(grade).mean).toBeCloseTo(mean, 9);
  });

  it.each(Object.entries(byGrade.parse(golden.variances)))("gives %s the variance %d", (grade, variance) => {
    expect(ofGrade(grade).variance).toBeCloseTo(variance, 9);
  });

  it.each(Object.entries(z.record(z.string(), z.array(z.number())).parse(golden.boundaries)))(
    "gives %s its interval",
    (grade, [from, to]) => {
      expect(ofGrade(grade).from).toBeCloseTo(from, 9);
      expect(ofGrade(grade).to).toBeCloseTo(to, 9);
    },
  );

  it.each(golden.students)("grades a score of $score with error $se as $grade", (student) => {
    const projection = projectOriginal(
      LABELS,
      calibration,
      { score: student.score, standardError: student.se },
      true,
    );
    expect(projection.grade).toBe(student.grade);
    expect(projection.label).toBe(student.label);
    expect(projection.confidence).toBeCloseTo(student.confidence, 9);
  });
});
