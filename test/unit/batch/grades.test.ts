import { describe, expect, it } from "vitest";
import { essayAlias, nameForJudge } from "../../../src/batch/essay-alias.ts";
import { gradeEssays, type RankedForGrading } from "../../../src/batch/grading.ts";
import type { Ranker } from "../../../src/batch/ranking.ts";
import { type GradeScale, requestedScaleSchema } from "../../../src/contracts/grade-scale.ts";
import { rankByWins } from "../../fakes/rank-by-wins.ts";
import {
  type BatchUnderTest,
  inlineEssays,
  numbersTo,
  openBatch,
  type RequestParts,
  referencedEssays,
} from "./harness.ts";

const SWEDISH = requestedScaleSchema.parse("swedish_8_anchor");
const NATIONAL = requestedScaleSchema.parse("eng5_np_national_9_step");
const LEGACY = requestedScaleSchema.parse("eng5_np_legacy_9_step");

function anchor(grade: string, score: number): RankedForGrading {
  return { score, standardError: 0.6, anchor: { anchorId: `anchor-${grade}`, grade } };
}
const essay = (score: number, standardError = 0.6): RankedForGrading => ({
  score,
  standardError,
  anchor: null,
});

const NINE = numbersTo(9).map((step) => anchor(String(step + 1), step - 4));

describe("the grades of a ranking", () => {
  it("come with their scale, the anchors by grade and the boundaries between grades", () => {
    const { grading } = gradeEssays(NATIONAL, [...NINE, essay(0.1)], true, 1);
    expect(grading).toMatchObject({
      claimed: true,
      withheld: null,
      anchors: 9,
      scale: { name: "eng5_np_national_9_step", below_lowest: "0" },
      grades: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
      grades_without_anchor: ["0"],
    });
    expect(Object.values(grading.anchor_grade_distribution)).toEqual(numbersTo(9).map(() => 1));
    expect(grading.boundaries.map(({ above }) => above)).toEqual([
      "0",
      "1",
      "2",
      "3",
      "4",
      "5",
      "6",
      "7",
      "8",
    ]);
    const places = grading.boundaries.map(({ at }) => at);
    expect(places).toEqual(places.toSorted((left, right) => left - right));
  });

  it("reach below the lowest grade, where the scale has a name for that, and say that no anchor is there", () => {
    const { grades } = gradeEssays(LEGACY, [anchor("F+", -1), anchor("A", 3), essay(-9, 0.2)], true, 1);
    expect(grades[2]).toMatchObject({ grade: "F", has_anchor: false });
  });

  it("warn exactly where a grade is more likely wrong than right", () => {
    const { grades } = gradeEssays(NATIONAL, [...NINE, essay(0.1, 2), essay(9, 0.2)], true, 1);
    const [doubtful, sure] = grades.slice(9);
    expect(doubtful?.wrong_probability).toBeGreaterThan(0.5);
    expect(doubtful?.warning).toBe("probably_wrong");
    expect(sure?.wrong_probability).toBeLessThan(0.5);
    expect(sure?.warning).toBeNull();

    const everywhere = numbersTo(200).map((step) => essay(step / 20 - 5, 0.3));
    const { grades: many } = gradeEssays(NATIONAL, [...NINE, ...everywhere], true, 1);
    const wrong = many.flatMap((grade) => (grade === null ? [] : [grade.wrong_probability]));
    expect(wrong.some((probability) => probability > 0.5 && probability < 0.55)).toBe(true);
    expect(wrong.some((probability) => probability > 0.45 && probability < 0.5)).toBe(true);
    for (const grade of many)
      if (grade !== null) expect(grade.warning === "probably_wrong").toBe(grade.wrong_probability > 0.5);
  });

  it.each<[string, readonly RankedForGrading[], boolean, string, RegExp]>([
    ["there are no anchors", [essay(1), essay(2)], true, "too_few_anchor_grades", /two different grades/],
    [
      "all anchors have one grade",
      [anchor("C", 1), anchor("C", 2), essay(0)],
      true,
      "too_few_anchor_grades",
      /two different grades/,
    ],
    [
      "the spread cannot be told",
      [anchor("C", 1), anchor("A", 2), essay(0)],
      false,
      "spread_not_told",
      /prior_at_boundary/,
    ],
  ])("are not claimed when %s, and the result says why", (_, essays, spreadTold, withheld, statement) => {
    const { grading, grades } = gradeEssays(SWEDISH, essays, spreadTold, 1);
    expect(grading).toMatchObject({
      claimed: false,
      withheld,
      expected_misclassification: null,
      boundaries: [],
    });
    expect(grading.statement).toMatch(statement);
    expect(grades).toEqual(essays.map(() => null));
  });
});

const anchorsOf = (...grades: string[]) =>
  grades.map((grade, k) => ({
    essayId: essayAlias("0123456789abc", 100 + k),
    anchorId: `anchor-${k}`,
    grade,
    text: `text of anchor ${k}`,
  }));

function gradedBatch(
  parts: RequestParts & { readonly scale?: GradeScale } = {},
  ranker?: Ranker,
): BatchUnderTest {
  const { scale = SWEDISH, ...rest } = parts;
  return openBatch(
    { anchors: anchorsOf("F", "C", "A"), ...rest, origin: { gradeScale: scale, ...rest.origin } },
    ranker,
  );
}

describe("anchors in a batch", () => {
  it("are numbered after the students' essays and compared like them", () => {
    const batch = gradedBatch({ essays: 3 });
    expect(batch.batch.essays.map(({ anchor: known }) => known?.grade ?? null)).toEqual([
      null,
      null,
      null,
      "F",
      "C",
      "A",
    ]);
    expect(batch.batch.comparisons).toHaveLength(15);
    expect(batch.text(4)).toBe("text of anchor 1");
  });

  it("make a batch of one essay worth judging", () => {
    const batch = gradedBatch({ essays: 1 });
    expect(batch.state()).toBe("GENERATING_PAIRS");
    expect(batch.batch.comparisons).toHaveLength(6);
  });

  it("are missed by one essay that has none: it is ranked, not graded, and the result says why", () => {
    const batch = gradedBatch({ essays: 1, anchors: [] });
    expect(batch.batch.life).toMatchObject({ state: "COMPLETED", stopReason: "single_essay_batch" });
    expect(batch.ranking()).toMatchObject({
      essays: [{ rank: 1, grade: null }],
      grading: {
        claimed: false,
        withheld: "nothing_compared",
        statement: expect.stringContaining("nothing to compare it with"),
      },
    });
  });

  it("alone are nothing to assess: a batch none of whose texts is found fails", () => {
    const batch = gradedBatch({ essays: referencedEssays(2) });
    batch.texts({ of: 0, kind: "missing", reason: "gone" }, { of: 1, kind: "missing", reason: "gone" });
    expect(batch.state()).toBe("FAILED");
    expect(batch.batch.life.failure).toMatchObject({
      reason: "no_usable_essays",
      details: { total_essays: 2 },
    });
  });

  it("hide among the others: with anchors every essay goes by a made-up name to its judge, without them by its own", () => {
    const { essays } = gradedBatch({ essays: 3 }).batch;
    const names = essays.map(({ number }) => nameForJudge("0123456789abc", essays, number));
    expect(new Set(names).size).toBe(6);
    for (const name of names) expect(name).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    const plain = openBatch({ essays: 2 }).batch.essays;
    expect(plain.map(({ number }) => nameForJudge("0123456789abc", plain, number))).toEqual([
      "essay-0",
      "essay-1",
    ]);
  });

  it("have the same made-up names whenever a request is repeated, and others in another batch", () => {
    expect(essayAlias("0123456789abc", 3)).toBe(essayAlias("0123456789abc", 3));
    expect(essayAlias("0123456789abc", 3)).not.toBe(essayAlias("0123456789abd", 3));
  });
});

/** Gives every essay the same doubtful grade: for tests to which it matters how grades travel. */
const gradeAll =
  (grade: string, right: number): Ranker =>
  (input) => {
    const ranking = rankByWins(input);
    const known = new Map(input.essays.map((one) => [one.number, one.anchor]));
    const { grading } = gradeEssays(
      input.gradeScale ?? SWEDISH,
      ranking.essays.map(({ number }) => ({ score: 0, standardError: 1, anchor: known.get(number) ?? null })),
      false,
      1,
    );
    return {
      ...ranking,
      essays: ranking.essays.map((one) => {
        const its = known.get(one.number) ?? null;
        const projected = {
          grade,
          probabilities: grading.grades.map(() => 0.1234),
          wrong_probability: 1 - right,
          within_one_probability: 0.9876,
          has_anchor: true,
          warning: null,
        };
        // Numbers as long as those of a real fit.
        const fitted = { score: one.score - 1 / 3, standardError: 1.2345678901234567 };
        return {
          ...one,
          ...fitted,
          isAnchor: its !== null,
          anchor: its,
          grade: its === null ? projected : null,
        };
      }),
      grading: { ...grading, claimed: true, withheld: null },
    };
  };

function publishedResults(batch: BatchUnderTest) {
  batch.judgeAll(batch.batch.comparisons.map(({ number }) => number));
  expect(batch.state()).toBe("COMPLETED");
  return batch.events("result")[0].envelope.data;
}

describe("a published grade", () => {
  it.each([
    ["C+", 0.9, { letter_grade: "C+", normalized_score: 0.67, confidence_label: "HIGH" }],
    ["C+", 0.7, { confidence_label: "HIGH" }],
    ["C+", 0.69, { confidence_label: "MID" }],
    ["A", 0.5, { letter_grade: "A", normalized_score: 1, confidence_label: "MID" }],
    ["F", 0.49, { letter_grade: "F", normalized_score: 0, confidence_label: "LOW" }],
  ])("%s of which %d is sure travels as a letter with its confidence", (grade, right, expected) => {
    const results = publishedResults(gradedBatch({ essays: 2 }, gradeAll(grade, right)));
    expect(results).toMatchObject({
      essay_results: expect.arrayContaining([
        expect.objectContaining({ essay_id: "essay-0", confidence_score: right, ...expected }),
      ]),
    });
    expect(results).not.toHaveProperty("assessment_metadata.grades");
  });

  it("that is no letter is U in the letter, and itself in the metadata", () => {
    const parts = { essays: 2, anchors: anchorsOf("1", "9"), scale: NATIONAL };
    const results = publishedResults(gradedBatch(parts, gradeAll("3", 0.6)));
    expect(results).toMatchObject({
      essay_results: expect.arrayContaining([
        expect.objectContaining({ essay_id: "essay-0", letter_grade: "U", normalized_score: 1 / 3 }),
      ]),
      assessment_metadata: {
        grades: expect.objectContaining({ "essay-0": "3", "essay-1": "3" }),
        anchor_essays_used: 2,
        calibration_method: "anchor",
        grade_scale: "eng5_np_national_9_step",
      },
    });
  });

  it("fits with two thousand essays of the longest ids, on any scale, into one event and one row of 2 MB", () => {
    const grades = numbersTo(20).map((k) => ({ label: `grade ${String(k).padStart(14, "x")}` }));
    const scale = requestedScaleSchema.parse({ grades });
    const essays = inlineEssays(1_900).map((one) => ({ ...one, essayId: one.essayId.padEnd(255, "x") }));
    const anchors = numbersTo(100).map((k) => ({
      ...anchorsOf("")[0],
      anchorId: `anchor-${k}`.padEnd(255, "x"),
      grade: grades[k % 20].label,
      essayId: essayAlias("0123456789abc", k),
    }));
    const batch = gradedBatch(
      { essays, anchors, scale, config: { maxComparisons: 1_999, maxInFlight: 5_000 } },
      gradeAll(grades[7].label, 0.4877),
    );
    const results = publishedResults(batch);
    expect(JSON.stringify(results).length).toBeLessThan(1_900_000);
    expect(JSON.stringify(batch.ranking()).length).toBeLessThan(1_900_000);
  });
});
