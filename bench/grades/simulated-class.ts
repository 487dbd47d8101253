import { planPairs } from "../../src/pairing/index.ts";
import { scoreBatch } from "../../src/scoring/index.ts";
import { normalCdf } from "../../src/scoring/normal.ts";
import { createRandom, type Random } from "../../src/scoring/random.ts";

/** A class and its anchors as they might be in truth. */
export interface ClassScenario {
  readonly students: number;
  readonly anchorsPerGrade: number;
  /** Standard deviation of the abilities of the graded population, in logits. */
  readonly deviation: number;
  /** Mean of the class above the population's, in standard deviations; drawn from N(0, this²). */
  readonly shiftDeviation: number;
  /** Logistic scatter of the grades about the boundaries, in standard deviations. */
  readonly scatter: number;
  /** How far the true boundaries lie from where the scale's shares put them: standard deviations of log steps, and of the whole. */
  readonly stepDeviation: number;
  readonly locationDeviation: number;
  readonly comparisonsPerEssay: number;
  /** Shares of the grades in the population, lowest first. */
  readonly shares: readonly number[];
}

/** What the service would see of one essay, and what only the simulation knows. */
export interface SimulatedEssay {
  readonly ability: number;
  readonly standardError: number;
  readonly isAnchor: boolean;
  readonly trueGrade: number;
}

interface Truth {
  readonly boundaries: readonly number[];
  readonly scatter: number;
}

/** Most draws in search of an anchor of one grade; a grade that is so rare goes without. */
const ANCHOR_DRAWS_MAX = 20_000;

/** Draws essays, lets a Bradley-Terry judge compare them in balanced rounds, and scores the verdicts as the service does. */
export function simulateClass(
  scenario: ClassScenario,
  seed: number,
): { readonly essays: readonly SimulatedEssay[]; readonly decisive: boolean } {
  const random = createRandom(seed);
  const truth = drawTruth(scenario, random);
  const shift = scenario.shiftDeviation * scenario.deviation * random.normal();
  const students = Array.from({ length: scenario.students }, () => {
    const ability = shift + scenario.deviation * random.normal();
    return { ability, grade: gradeOf(truth, ability, random), isAnchor: false };
  });
  const drawn = [...students, ...drawAnchors(scenario, truth, random)];
  const scores = judge(drawn, scenario.comparisonsPerEssay, random, seed);
  return {
    decisive: !scores.priorAtBoundary,
    essays: scores.items.map(({ ability, standardError }, i) => ({
      ability,
      standardError,
      isAnchor: drawn[i].isAnchor,
      trueGrade: drawn[i].grade,
    })),
  };
}

function drawTruth(scenario: ClassScenario, random: Random): Truth {
  const { shares, deviation, stepDeviation, locationDeviation } = scenario;
  let below = 0;
  const expected = shares.slice(0, -1).map((share) => {
    below += share;
    return deviation * normalQuantile(below);
  });
  const middle = Math.floor(expected.length / 2);
  const boundaries = [...expected];
  boundaries[middle] += locationDeviation * deviation * random.normal();
  const stretched = (k: number) =>
    (expected[k + 1] - expected[k]) * Math.exp(stepDeviation * random.normal());
  for (let k = middle + 1; k < boundaries.length; k++) boundaries[k] = boundaries[k - 1] + stretched(k - 1);
  for (let k = middle - 1; k >= 0; k--) boundaries[k] = boundaries[k + 1] - stretched(k);
  return { boundaries, scatter: scenario.scatter * deviation };
}

function gradeOf({ boundaries, scatter }: Truth, ability: number, random: Random): number {
  const uniform = 1 - random.uniform();
  const seen = ability + scatter * Math.log(uniform / (1 - uniform + Number.EPSILON));
  return boundaries.filter((boundary) => seen > boundary).length;
}

/** Anchors are chosen by their grade, so they are drawn from the population until each grade has its number. */
function drawAnchors({ shares, deviation, anchorsPerGrade }: ClassScenario, truth: Truth, random: Random) {
  return shares.flatMap((_, grade) => {
    const found: { ability: number; grade: number; isAnchor: boolean }[] = [];
    for (let draw = 0; draw < ANCHOR_DRAWS_MAX && found.length < anchorsPerGrade; draw++) {
      const ability = deviation * random.normal();
      if (gradeOf(truth, ability, random) === grade) found.push({ ability, grade, isAnchor: true });
    }
    return found;
  });
}

function judge(
  essays: readonly { readonly ability: number }[],
  comparisonsPerEssay: number,
  random: Random,
  seed: number,
) {
  const essayCount = essays.length;
  const budget = Math.min(
    Math.round((essayCount * comparisonsPerEssay) / 2),
    (essayCount * (essayCount - 1)) / 2,
  );
  const { pairs } = planPairs({ essayCount, budget, strategy: "balanced_rounds", seed });
  const winners = new Int32Array(pairs.length);
  const losers = new Int32Array(pairs.length);
  pairs.forEach(({ first, second }, row) => {
    const firstWins = random.uniform() < 1 / (1 + Math.exp(essays[second].ability - essays[first].ability));
    winners[row] = firstWins ? first : second;
    losers[row] = firstWins ? second : first;
  });
  return scoreBatch({ itemCount: essayCount, winners, losers }, { seed });
}

/** By bisection. */
function normalQuantile(probability: number): number {
  let low = -8;
  let high = 8;
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (normalCdf(middle) < probability) low = middle;
    else high = middle;
  }
  return low;
}
