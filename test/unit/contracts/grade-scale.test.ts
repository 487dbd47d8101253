import { describe, expect, it } from "vitest";
import {
  fromWireScale,
  GRADE_SCALE_NAMES,
  gradeProblem,
  gradeScaleSchema,
  gradesOf,
  requestedScaleSchema,
  toWireScale,
} from "../../../src/contracts/grade-scale.ts";

const scales = [
  ...GRADE_SCALE_NAMES,
  {
    grades: [
      { label: "fail", prior: 0.3 },
      { label: "pass", prior: 0.7 },
    ],
  },
].map((requested) => requestedScaleSchema.parse(requested));

describe("a grade scale", () => {
  it.each(scales)("$name has grades whose shares make 1, lowest first", (scale) => {
    const grades = gradesOf(scale);
    expect(grades.reduce((sum, { prior }) => sum + prior, 0)).toBeCloseTo(1, 12);
    expect(grades.every(({ prior }) => prior > 0)).toBe(true);
    expect(new Set(grades.map(({ label }) => label)).size).toBe(grades.length);
    expect(grades.map(({ label }) => label).slice(scale.belowLowest === null ? 0 : 1)).toEqual(
      scale.grades.map(({ label }) => label),
    );
  });

  it.each(scales)("$name is the same after it was stored", (scale) => {
    expect(fromWireScale(gradeScaleSchema.parse(JSON.parse(JSON.stringify(toWireScale(scale)))))).toEqual(
      scale,
    );
  });

  it("of the original has the original's grades", () => {
    const labelsOf = (name: string) => gradesOf(requestedScaleSchema.parse(name)).map(({ label }) => label);
    expect(labelsOf("swedish_8_anchor").join(" ")).toBe("F E D D+ C C+ B A");
    expect(labelsOf("eng5_np_legacy_9_step").join(" ")).toBe("F F+ E- E+ D- D+ C- C+ B A");
    expect(labelsOf("eng5_np_national_9_step").join(" ")).toBe("0 1 2 3 4 5 6 7 8 9");
  });

  it("takes an anchor of any of its grades, and none below the lowest", () => {
    const national = requestedScaleSchema.parse("eng5_np_national_9_step");
    expect(gradeProblem(national, "9")).toBeNull();
    expect(gradeProblem(national, "0")).toMatch(/1, 2, 3, 4, 5, 6, 7, 8, 9/);
    expect(gradeProblem(national, "A")).toMatch(/got "A"/);
  });
});
