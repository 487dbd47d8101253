/**
 * How often grades are right, and how well the stated error matches, on simulated classes.
 *
 *     npm run bench:grades              the table of docs/grades.md, about ten minutes on one core
 *     npm run bench:grades -- --quick   a tenth of the classes
 *
 * Every run prints the same numbers: all randomness follows from the class's number. It ends with 1 when the bar is missed.
 */
import { type GradeModel, projectGrades } from "../../src/scoring/grades/project-grades.ts";
import { calibrate, gradeIndexOf } from "./original-method.ts";
import { type ClassScenario, type SimulatedEssay, simulateClass } from "./simulated-class.ts";

/** The shares of `swedish_8_anchor`, lowest grade first. */
const SWEDISH = [0.02, 0.08, 0.15, 0.2, 0.25, 0.15, 0.1, 0.05];
const NINE_EQUAL = Array.from({ length: 9 }, () => 1 / 9);

const BASE: ClassScenario = {
  students: 25,
  anchorsPerGrade: 1,
  deviation: 1.7,
  shiftDeviation: 0.3,
  scatter: 0.1,
  stepDeviation: 0.25,
  locationDeviation: 0.25,
  comparisonsPerEssay: 10,
  shares: SWEDISH,
};

interface Setting {
  readonly name: string;
  readonly change: Partial<ClassScenario>;
  /** Whether the bar of 1.5 × the original's exact rate is set here: one anchor per grade of eight. */
  readonly ratioBar: boolean;
}

const SETTINGS: readonly Setting[] = [
  { name: "8 anchors, 8 grades, 10 comparisons per essay, SD 1.7", change: {}, ratioBar: true },
  { name: "20 comparisons per essay", change: { comparisonsPerEssay: 20 }, ratioBar: true },
  { name: "SD 1", change: { deviation: 1 }, ratioBar: true },
  { name: "grades follow ability exactly", change: { scatter: 0 }, ratioBar: true },
  {
    name: "the same, 20 comparisons per essay",
    change: { scatter: 0, comparisonsPerEssay: 20 },
    ratioBar: true,
  },
  { name: "grades scatter 2.5 times as much", change: { scatter: 0.25 }, ratioBar: true },
  {
    name: "boundaries twice as far from the scale's",
    change: { stepDeviation: 0.5, locationDeviation: 0.5 },
    ratioBar: true,
  },
  { name: "class far from the population", change: { shiftDeviation: 0.8 }, ratioBar: true },
  { name: "10 students", change: { students: 10 }, ratioBar: true },
  { name: "100 students", change: { students: 100 }, ratioBar: true },
  { name: "16 anchors, two per grade", change: { anchorsPerGrade: 2 }, ratioBar: false },
  { name: "9 grades of equal shares, 9 anchors", change: { shares: NINE_EQUAL }, ratioBar: false },
];

const MISCLASSIFICATION_BAR = 0.05;
const RATIO_BAR = 1.5;

interface Totals {
  graded: number;
  statedWrong: number;
  wrong: number;
  statedNear: number;
  near: number;
  originalRight: number;
  warned: number;
  warnedWrong: number;
}

function measure(scenario: ClassScenario, classes: number): Totals {
  const totals: Totals = {
    graded: 0,
    statedWrong: 0,
    wrong: 0,
    statedNear: 0,
    near: 0,
    originalRight: 0,
    warned: 0,
    warnedWrong: 0,
  };
  for (let number = 0; number < classes; number++) {
    const { essays, decisive } = simulateClass(scenario, 1_000 + number);
    // No grade is claimed while the spread cannot be told.
    if (decisive) add(totals, scenario, essays, grade(scenario, essays, number));
  }
  return totals;
}

function grade({ shares }: ClassScenario, essays: readonly SimulatedEssay[], seed: number): GradeModel {
  const abilities = essays.map(({ ability, standardError, isAnchor, trueGrade }) => ({
    ability,
    standardError,
    knownGrade: isAnchor ? trueGrade : null,
  }));
  return projectGrades(shares, abilities, { seed });
}

function add(
  totals: Totals,
  { shares }: ClassScenario,
  essays: readonly SimulatedEssay[],
  { projections }: GradeModel,
): void {
  const anchors = essays.filter(({ isAnchor }) => isAnchor);
  const original = calibrate(
    shares.map((_, index) => String(index)),
    anchors.map(({ trueGrade, ability }) => ({ grade: String(trueGrade), score: ability })),
  );
  essays.forEach(({ ability, trueGrade }, i) => {
    const projection = projections[i];
    if (projection === null) return;
    const wrong = projection.grade !== trueGrade;
    totals.graded += 1;
    totals.statedWrong += projection.wrongProbability;
    totals.wrong += Number(wrong);
    totals.statedNear += projection.withinOneProbability;
    totals.near += Number(Math.abs(projection.grade - trueGrade) <= 1);
    totals.originalRight += Number(gradeIndexOf(original.grades, ability) === trueGrade);
    if (projection.wrongProbability <= 0.5) return;
    totals.warned += 1;
    totals.warnedWrong += Number(wrong);
  });
}

const quick = process.argv.includes("--quick");
const classes = quick ? 20 : 200;
console.log(`${classes} classes per row.\n`);
console.log(
  "| classes | wrong: stated | wrong: actual | stated − actual | within one: stated | actual | exactly right | original | ratio | wrong of those with a warning |",
);
console.log("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
const missed = SETTINGS.filter(({ name, change, ratioBar }) => {
  const totals = measure({ ...BASE, ...change }, classes);
  const share = (count: number) => count / totals.graded;
  const gap = share(totals.statedWrong - totals.wrong);
  const right = share(totals.graded - totals.wrong);
  const ratio = right / share(totals.originalRight);
  const cells = [
    share(totals.statedWrong).toFixed(3),
    share(totals.wrong).toFixed(3),
    `${gap >= 0 ? "+" : "−"}${Math.abs(gap).toFixed(3)}`,
    share(totals.statedNear).toFixed(3),
    share(totals.near).toFixed(3),
    right.toFixed(3),
    share(totals.originalRight).toFixed(3),
    ratio.toFixed(2),
    `${(totals.warnedWrong / totals.warned).toFixed(2)} of ${totals.warned}`,
  ];
  console.log(`| ${[name, ...cells].join(" | ")} |`);
  return Math.abs(gap) > MISCLASSIFICATION_BAR || (ratioBar && ratio < RATIO_BAR);
});
for (const { name } of missed) console.log(`The bar is missed: ${name}`);
process.exitCode = missed.length === 0 ? 0 : 1;
