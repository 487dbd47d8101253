import { type GradeScale, gradesOf, toWireScale } from "../contracts/grade-scale.ts";
import type { EssayGrade, GRADES_WITHHELD, Grading } from "../contracts/grading.ts";
import { type GradeProjection, projectGrades } from "../scoring/index.ts";
import type { Anchor } from "./batch.ts";

/** One ranked essay, as far as grading looks at it. Logits. */
export interface RankedForGrading {
  readonly score: number;
  readonly standardError: number;
  readonly anchor: Anchor | null;
}

export interface GradedEssays {
  readonly grading: Grading;
  /** In the order of the essays; null for anchors, and for all when no grade is claimed. */
  readonly grades: readonly (EssayGrade | null)[];
}

type Withheld = (typeof GRADES_WITHHELD)[number];

/** Fewest different grades among the anchors for a boundary to be told. */
const ANCHOR_GRADES_MIN = 2;
/** Above this, P(wrong) comes with a warning. */
const PROBABLY_WRONG = 0.5;

/**
 * Grades a ranking by the anchors in it.
 * @param spreadTold whether the verdicts tell how far the essays are apart; nothing is graded while they do not
 */
export function gradeEssays(
  scale: GradeScale,
  essays: readonly RankedForGrading[],
  spreadTold: boolean,
  seed: number,
): GradedEssays {
  const anchorGrades = new Set(essays.flatMap(({ anchor }) => (anchor === null ? [] : [anchor.grade])));
  if (anchorGrades.size < ANCHOR_GRADES_MIN) return withhold(scale, essays, "too_few_anchor_grades");
  if (!spreadTold) return withhold(scale, essays, "spread_not_told");

  const grades = gradesOf(scale);
  const labels = grades.map(({ label }) => label);
  const model = projectGrades(
    grades.map(({ prior }) => prior),
    essays.map(({ score, standardError, anchor }) => ({
      ability: score,
      standardError,
      knownGrade: anchor === null ? null : labels.indexOf(anchor.grade),
    })),
    { seed },
  );
  const without = model.gradesWithoutAnchor.map((grade) => labels[grade]);
  return {
    grading: {
      ...facts(scale, essays),
      claimed: true,
      withheld: null,
      statement: STATEMENT,
      expected_misclassification:
        model.expectedMisclassification === null ? null : rounded(model.expectedMisclassification),
      grades_without_anchor: without,
      boundaries: model.boundaries.map(({ mean, standardDeviation }, k) => ({
        above: labels[k],
        at: rounded(mean),
        standard_error: rounded(standardDeviation),
      })),
      scatter: rounded(model.scatter),
    },
    grades: model.projections.map((projection) =>
      projection === null ? null : describe(projection, labels, without),
    ),
  };
}

/** No grades: the grading says why. */
export function withhold(
  scale: GradeScale,
  essays: readonly RankedForGrading[],
  withheld: Withheld,
): GradedEssays {
  return {
    grading: {
      ...facts(scale, essays),
      claimed: false,
      withheld,
      statement: WHY_WITHHELD[withheld],
      expected_misclassification: null,
      grades_without_anchor: [],
      boundaries: [],
      scatter: null,
    },
    grades: essays.map(() => null),
  };
}

const STATEMENT =
  "Grades are read off the scores by the anchors, essays whose grade is known. wrong_probability counts the errors of the " +
  "essay's score, of the anchors' scores and of the boundaries between grades; it does not count that the anchors may be " +
  "graded wrongly or that the judge may look for something else than the scale does.";

const WHY_WITHHELD: Readonly<Record<Withheld, string>> = {
  too_few_anchor_grades:
    "No grade is claimed: it takes anchors of at least two different grades to place a boundary between grades. Give the " +
    "assignment more anchors, best one or two for every grade.",
  spread_not_told:
    "No grade is claimed: the verdicts do not tell how far the essays are apart (prior_at_boundary), because they never " +
    "contradict each other or hardly differ from chance. Ask for more comparisons, or look at the judge.",
  nothing_compared: "No grade is claimed: there was one essay and nothing to compare it with.",
};

function facts(scale: GradeScale, essays: readonly RankedForGrading[]) {
  const anchors = essays.flatMap(({ anchor }) => (anchor === null ? [] : [anchor.grade]));
  return {
    scale: toWireScale(scale),
    grades: gradesOf(scale).map(({ label }) => label),
    anchors: anchors.length,
    anchor_grade_distribution: Object.fromEntries(
      scale.grades.map(({ label }) => [label, anchors.filter((grade) => grade === label).length]),
    ),
  };
}

function describe(
  { grade, probabilities, wrongProbability, withinOneProbability }: GradeProjection,
  labels: readonly string[],
  without: readonly string[],
): EssayGrade {
  return {
    grade: labels[grade],
    probabilities: probabilities.map(rounded),
    wrong_probability: rounded(wrongProbability),
    within_one_probability: rounded(withinOneProbability),
    has_anchor: !without.includes(labels[grade]),
    warning: wrongProbability > PROBABLY_WRONG ? "probably_wrong" : null,
  };
}

/** More than four decimals would promise what draws cannot keep. */
function rounded(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}
