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

  const problemsOf = (grades: readonly { readonly label: string; readonly prior?: number }[]) =>
    requestedScaleSchema.safeParse({ grades }).error?.issues.map(({ message }) => message) ?? [];

  it.each([0, 5e-324, 0.000_999, -0.1])("has no grade as rare as %d: none could ever get it", (prior) => {
    const [problem] = problemsOf([
      { label: "rare", prior },
      { label: "common", prior: 1 - prior },
    ]);
    expect(problem).toContain(`at least 0.001, got ${prior}`);
  });

  it("may have a grade of a share of .001", () => {
    expect(
      problemsOf([
        { label: "rare", prior: 0.001 },
        { label: "common", prior: 0.999 },
      ]),
    ).toEqual([]);
  });

  it.each(["", " ", "A ", "\u00a0A", "A\nB", "\u0000", "x".repeat(21), "\ud800", "__proto__"])(
    "has no label that cannot be read or told apart: %j",
    (label) => {
      expect(problemsOf([{ label }, { label: "B" }])).not.toEqual([]);
    },
  );

  it.each(["A+", "väl godkänd", "優", "🙂", "not bad at all"])("may have the label %j", (label) => {
    expect(problemsOf([{ label }, { label: "B" }])).toEqual([]);
  });

  it("has no two labels that look the same", () => {
    expect(problemsOf([{ label: "\u00e5" }, { label: "a\u030a" }])).toEqual([
      expect.stringContaining("every grade once"),
    ]);
  });
});
