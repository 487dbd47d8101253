/**
 * How many comparisons a strategy needs before the ranking agrees with the truth, on simulated batches.
 *
 *     node bench/pairing/comparisons-needed.ts            the scenarios of docs/pairing.md, about half an hour on one core
 *     node bench/pairing/comparisons-needed.ts --variants  what each setting of adaptive pairing costs or saves
 *     node bench/pairing/comparisons-needed.ts --quick     a tenth of the repetitions
 *
 * Every run with the same arguments prints the same numbers: all randomness follows from the repetition's number.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { countAllPairs } from "../../src/pairing/index.ts";
import { type Curve, meanCurve, perEssayNeeded, ratioNeeded } from "./curves.ts";
import { drawPlot } from "./plot.ts";
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
  { name: "100 essays, SD 1.7", essayCount: 100, trueDeviation: 1.7, repetitions: 100, mostPerEssay: 36 },
  { name: "100 essays, SD 1", essayCount: 100, trueDeviation: 1, repetitions: 100, mostPerEssay: 60 },
  { name: "300 essays, SD 1.7", essayCount: 300, trueDeviation: 1.7, repetitions: 20, mostPerEssay: 36 },
  { name: "300 essays, SD 1", essayCount: 300, trueDeviation: 1, repetitions: 20, mostPerEssay: 60 },
];

const VARIANTS: readonly Variant[] = [
  { name: "as shipped", change: {} },
  { name: "3 balanced rounds", change: { pairing: { balancedRounds: 3 } } },
  { name: "4 balanced rounds", change: { pairing: { balancedRounds: 4 } } },
  { name: "6 balanced rounds", change: { pairing: { balancedRounds: 6 } } },
  { name: "no swaps", change: { pairing: { swapShare: 0 } } },
  { name: "no random pairs", change: { pairing: { randomShare: 0 } } },
  { name: "neither", change: { pairing: { swapShare: 0, randomShare: 0 } } },
  { name: "repeats weigh as one verdict", change: { shareRepeats: true } },
  { name: "n/4 in flight", change: { inFlight: 7 } },
  { name: "n in flight", change: { inFlight: 30 } },
  { name: "2n in flight", change: { inFlight: 60 } },
  { name: "4n in flight", change: { inFlight: 120 } },
];

function scenarioOf(setting: Setting, strategy: "balanced_rounds" | "adaptive", seed: number): Scenario {
  const { essayCount, trueDeviation, mostPerEssay } = setting;
  const budget = Math.min(Math.floor((mostPerEssay * essayCount) / 2), countAllPairs(essayCount));
  const quarter = Math.floor(essayCount / 4);
  return {
    essayCount,
    trueDeviation,
    seed,
    pairing: { strategy, budget },
    inFlight: Math.floor(essayCount / 2),
    refitEvery: Math.floor(essayCount / 2),
    planEvery: quarter,
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

function compareStrategies(settings: readonly Setting[]): void {
  console.log(
    "| batch | r² ≥ | balanced rounds | auto | auto ÷ balanced (95 %) | reliability − r²: balanced | auto |",
  );
  console.log("| --- | --- | --- | --- | --- | --- | --- |");
  const panels = settings.map((setting) => {
    const { name, essayCount, repetitions } = setting;
    const balanced = simulate(setting, "balanced_rounds");
    const adaptive = simulate(setting, "adaptive");
    TARGETS.forEach((target, row) => {
      const cells = [
        row === 0 ? `${name} (${repetitions} repetitions)` : "",
        target,
        neededText(balanced, target, essayCount),
        neededText(adaptive, target, essayCount),
        ratioText(adaptive, balanced, target, essayCount),
        row === 0 ? honesty(balanced, essayCount) : "",
        row === 0 ? honesty(adaptive, essayCount) : "",
      ];
      console.log(`| ${cells.join(" | ")} |`);
    });
    return { name, balanced: meanCurve(balanced, essayCount), adaptive: meanCurve(adaptive, essayCount) };
  });
  writeFileSync(join(import.meta.dirname, "../../docs/pairing.svg"), drawPlot(panels));
}

function compareVariants(setting: Setting): void {
  const balanced = simulate(setting, "balanced_rounds");
  console.log(`| ${setting.name}, auto ÷ balanced rounds | r² ≥ .7 | .8 | .9 | reliability − r² |`);
  console.log("| --- | --- | --- | --- | --- |");
  for (const { name, change } of VARIANTS) {
    const adaptive = simulate(setting, "adaptive", change);
    const ratios = TARGETS.map((target) => ratioText(adaptive, balanced, target, setting.essayCount));
    console.log(`| ${[name, ...ratios, honesty(adaptive, setting.essayCount)].join(" | ")} |`);
  }
}

const flags = new Set(process.argv.slice(2));
const settings = SETTINGS.map((setting) =>
  flags.has("--quick") ? { ...setting, repetitions: Math.ceil(setting.repetitions / 10) } : setting,
);
if (flags.has("--variants"))
  for (const setting of settings.slice(0, 2))
    compareVariants({ ...setting, repetitions: Math.ceil(setting.repetitions / 2) });
else compareStrategies(settings);
