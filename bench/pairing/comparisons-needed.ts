/**
 * How many comparisons a strategy needs before the ranking agrees with the truth, on simulated batches.
 *
 *     node bench/pairing/comparisons-needed.ts             the scenarios of docs/pairing.md, about half an hour on one core
 *     node bench/pairing/comparisons-needed.ts --rounds    how many balanced rounds should come first
 *     node bench/pairing/comparisons-needed.ts --variants  what each setting of adaptive pairing costs or saves
 *     node bench/pairing/comparisons-needed.ts --quick     a tenth of the repetitions
 *     node bench/pairing/comparisons-needed.ts --only 100  the scenarios of 100 essays
 *
 * Every run with the same arguments prints the same numbers: all randomness follows from the repetition's number. Pairs, pace and
 * fits are those of src/. What scenarios came to is kept in results.json, and table and plot are made of all that is there.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import {
  countAllPairs,
  freePlacesToPlan,
  pacedInFlight,
  verdictsBetweenFits,
} from "../../src/pairing/index.ts";
import { type Curve, meanCurve, perEssayNeeded, ratioNeeded } from "./curves.ts";
import { drawPlot, type Panel } from "./plot.ts";
import { type Scenario, simulateBatch } from "./simulated-batch.ts";

interface Setting {
  readonly name: string;
  readonly essayCount: number;
  readonly trueDeviation: number;
  readonly repetitions: number;
  /** Comparisons per essay at which the simulation ends; an essay has at most essayCount − 1 under balanced rounds. */
  readonly mostPerEssay: number;
}

interface Variant {
  readonly name: string;
  readonly change: Partial<Omit<Scenario, "pairing">> & { pairing?: Partial<Scenario["pairing"]> };
}

const TARGETS = [0.7, 0.8, 0.9] as const;

const SETTINGS: readonly Setting[] = [
  { name: "30 essays, SD 1.7", essayCount: 30, trueDeviation: 1.7, repetitions: 300, mostPerEssay: 29 },
  { name: "30 essays, SD 1", essayCount: 30, trueDeviation: 1, repetitions: 300, mostPerEssay: 29 },
  { name: "100 essays, SD 1.7", essayCount: 100, trueDeviation: 1.7, repetitions: 300, mostPerEssay: 36 },
  { name: "100 essays, SD 1", essayCount: 100, trueDeviation: 1, repetitions: 300, mostPerEssay: 60 },
  { name: "300 essays, SD 1.7", essayCount: 300, trueDeviation: 1.7, repetitions: 20, mostPerEssay: 36 },
  { name: "300 essays, SD 1", essayCount: 300, trueDeviation: 1, repetitions: 20, mostPerEssay: 60 },
];

const ROUNDS: readonly Variant[] = [3, 4, 5, 6].map((balancedRounds) => ({
  name: `${balancedRounds} balanced rounds`,
  change: { pairing: { balancedRounds } },
}));

const VARIANTS: readonly Variant[] = [
  { name: "as shipped", change: {} },
  { name: "no swaps", change: { pairing: { swapShare: 0 } } },
  { name: "no random pairs", change: { pairing: { randomShare: 0 } } },
  { name: "neither", change: { pairing: { swapShare: 0, randomShare: 0 } } },
  { name: "n/4 in flight", change: { inFlight: 7, planEvery: 3 } },
  { name: "n in flight", change: { inFlight: 30, planEvery: 15 } },
  { name: "2n in flight", change: { inFlight: 60, planEvery: 15 } },
  { name: "a barrier between rounds", change: { planEvery: 15 } },
  { name: "planned at every verdict", change: { planEvery: 1 } },
  { name: "planned and fitted at every second verdict", change: { planEvery: 2, refitEvery: 2 } },
];

const SEVERAL_JUDGES: Variant["change"] = { oneJudge: false, pairing: { repeatsInform: true } };

/** Swaps belong to `auto` alone: `balanced_rounds` asks no pair twice by default. */
function scenarioOf(setting: Setting, strategy: "balanced_rounds" | "adaptive", seed: number): Scenario {
  const { essayCount, trueDeviation, mostPerEssay } = setting;
  const budget = Math.min(Math.floor((mostPerEssay * essayCount) / 2), countAllPairs(essayCount));
  const inFlight = pacedInFlight(essayCount, Number.POSITIVE_INFINITY);
  return {
    essayCount,
    trueDeviation,
    seed,
    pairing: { strategy, budget, repeatsInform: false },
    inFlight,
    refitEvery: verdictsBetweenFits(essayCount),
    planEvery: freePlacesToPlan(inFlight),
    oneJudge: true,
  };
}

function simulate(
  setting: Setting,
  strategy: "balanced_rounds" | "adaptive",
  change: Variant["change"] = {},
) {
  return Array.from({ length: setting.repetitions }, (_, repetition): Curve => {
    const scenario = scenarioOf(setting, strategy, 1_000 + repetition);
    const pairing = { ...scenario.pairing, ...change.pairing };
    return [...simulateBatch({ ...scenario, ...change, pairing })];
  });
}

function neededText(curves: readonly Curve[], target: number, essayCount: number): string {
  return perEssayNeeded(meanCurve(curves, essayCount), target)?.toFixed(1) ?? "not reached";
}

function ratioText(
  adaptive: readonly Curve[],
  balanced: readonly Curve[],
  target: number,
  essayCount: number,
) {
  const interval = ratioNeeded(adaptive, balanced, target, essayCount);
  if (interval === null) return "–";
  const [low, ratio, high] = interval.map((value) => value.toFixed(2));
  return `${ratio} (${low}–${high})`;
}

/** Range over k ≥ 6 comparisons per essay of the mean of (published reliability − squared correlation with the truth). */
function honesty(curves: readonly Curve[], essayCount: number): string {
  const gaps = meanCurve(curves, essayCount)
    .filter(({ perEssay }) => perEssay >= 6)
    .map(({ reliability, rSquared }) => reliability - rSquared);
  return `${Math.min(...gaps).toFixed(3)} … ${Math.max(...gaps).toFixed(3)}`;
}

/** What one scenario came to: lines of the table, and the mean curves of both strategies. */
interface Outcome extends Panel {
  readonly rows: readonly string[];
}

const RESULTS = join(import.meta.dirname, "results.json");

function compareStrategies(settings: readonly Setting[]): void {
  for (const setting of settings) keep(outcomeOf(setting));
  const outcomes = kept();
  console.log(
    "| batch | r² ≥ | balanced rounds | auto, one judge | ÷ balanced (95 %) | repeats by another judge: ÷ balanced (95 %) | reliability − r²: balanced | one judge | another |",
  );
  console.log("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
  for (const { rows } of outcomes) for (const row of rows) console.log(row);
  writeFileSync(join(import.meta.dirname, "../../docs/pairing.svg"), drawPlot(outcomes));
}

function outcomeOf(setting: Setting): Outcome {
  const { name, essayCount, repetitions } = setting;
  const balanced = simulate(setting, "balanced_rounds");
  const adaptive = simulate(setting, "adaptive");
  const another = simulate(setting, "adaptive", SEVERAL_JUDGES);
  const rows = TARGETS.map((target, row) => {
    const cells = [
      row === 0 ? `${name} (${repetitions} repetitions)` : "",
      target,
      neededText(balanced, target, essayCount),
      neededText(adaptive, target, essayCount),
      ratioText(adaptive, balanced, target, essayCount),
      ratioText(another, balanced, target, essayCount),
      ...[balanced, adaptive, another].map((curves) => (row === 0 ? honesty(curves, essayCount) : "")),
    ];
    return `| ${cells.join(" | ")} |`;
  });
  return { name, rows, balanced: meanCurve(balanced, essayCount), adaptive: meanCurve(adaptive, essayCount) };
}

function kept(): readonly Outcome[] {
  return existsSync(RESULTS) ? JSON.parse(readFileSync(RESULTS, "utf8")) : [];
}

function keep(outcome: Outcome): void {
  const order = SETTINGS.map(({ name }) => name);
  const outcomes = [...kept().filter(({ name }) => name !== outcome.name), outcome];
  outcomes.sort((left, right) => order.indexOf(left.name) - order.indexOf(right.name));
  const rounded = (_key: string, value: unknown) =>
    typeof value === "number" ? Math.round(value * 1e4) / 1e4 : value;
  writeFileSync(RESULTS, `${JSON.stringify(outcomes, rounded, 2)}\n`);
}

function compareVariants(setting: Setting, variants: readonly Variant[]): void {
  const balanced = simulate(setting, "balanced_rounds");
  console.log(`| ${setting.name}, auto ÷ balanced rounds | r² ≥ .7 | .8 | .9 | reliability − r² |`);
  console.log("| --- | --- | --- | --- | --- |");
  for (const { name, change } of variants) {
    const adaptive = simulate(setting, "adaptive", change);
    const ratios = TARGETS.map((target) => ratioText(adaptive, balanced, target, setting.essayCount));
    console.log(`| ${[name, ...ratios, honesty(adaptive, setting.essayCount)].join(" | ")} |`);
  }
}

const { values: flags } = parseArgs({
  options: {
    rounds: { type: "boolean", default: false },
    variants: { type: "boolean", default: false },
    quick: { type: "boolean", default: false },
    only: { type: "string" },
  },
});
const settings = SETTINGS.filter(
  ({ essayCount }) => flags.only === undefined || essayCount === Number(flags.only),
).map((setting) =>
  flags.quick ? { ...setting, repetitions: Math.ceil(setting.repetitions / 10) } : setting,
);
if (flags.rounds) for (const setting of settings.slice(0, 4)) compareVariants(setting, ROUNDS);
else if (flags.variants) for (const setting of settings.slice(0, 2)) compareVariants(setting, VARIANTS);
else compareStrategies(settings);
