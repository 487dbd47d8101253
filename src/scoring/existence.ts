import { describeConnectivity, strongComponents, weakComponents } from "./connectivity.ts";
import type { BradleyTerryData, PositionModel } from "./model.ts";
import { createWork, solve } from "./newton.ts";
import type { Posterior } from "./posterior.ts";
import { ScoringError } from "./scoring-error.ts";

const NAMED_ITEMS = 10;

/**
 * Refuses data whose likelihood has no maximum (Ford 1957, Amer. Math. Monthly 64:28), naming the items that cause it.
 * @throws {ScoringError} `mle_does_not_exist`
 */
export function requireMaximumLikelihood(data: BradleyTerryData, position: PositionModel): void {
  requireADecision(data);
  requireBothPositionsToWin(data, position);
  const strong = strongComponents(mergeAnchors(data));
  if (strong.count === 1) return;
  const { unbeaten, winless, isolated } = describeConnectivity(data);
  const reasons = [
    ...named(isolated, "never compared"),
    ...named(unbeaten, "never beaten"),
    ...named(winless, "never won"),
  ];
  const items = [...isolated, ...unbeaten, ...winless];
  if (items.length === 0) {
    const weak = weakComponents(data);
    const [parts, relation] =
      weak.count > 1 ? [weak, "never compared with"] : [strong, "separated by one-sided verdicts from"];
    items.push(...smallestPart(parts.of, parts.count));
    reasons.push(...named(items, `${relation} the others`));
  }
  throw new ScoringError(
    "mle_does_not_exist",
    `The maximum-likelihood estimate does not exist: ${reasons.join("; ")}. ${REMEDY}`,
    { items },
  );
}

/** With nothing but ties the likelihood grows with ν for ever. */
function requireADecision({ ties, weights }: BradleyTerryData): void {
  if (!ties?.every((tie, row) => tie === 1 || weights?.[row] === 0)) return;
  throw new ScoringError(
    "mle_does_not_exist",
    "The maximum-likelihood estimate does not exist: every verdict is a tie. Give the abilities a prior, or collect more comparisons.",
  );
}

/** A position effect has a finite estimate only if each position won at least once, under each judge that has one. */
function requireBothPositionsToWin(
  { firstShown, winners, judges, ties, weights }: BradleyTerryData,
  position: PositionModel,
): void {
  if (!firstShown || position === "ignored") return;
  const seen = new Map<number, { first: boolean; second: boolean }>();
  for (let row = 0; row < winners.length; row++) {
    if (firstShown[row] < 0 || weights?.[row] === 0) continue;
    const judge = position === "per-judge" ? (judges?.[row] ?? 0) : 0;
    const sides = seen.get(judge) ?? { first: false, second: false };
    const tie = ties?.[row] === 1;
    seen.set(judge, {
      first: sides.first || tie || firstShown[row] === winners[row],
      second: sides.second || tie || firstShown[row] !== winners[row],
    });
  }
  for (const [judge, { first, second }] of seen) {
    if (first && second) continue;
    const who = position === "per-judge" ? `judge ${judge}` : "the judges";
    throw new ScoringError(
      "mle_does_not_exist",
      `The maximum-likelihood estimate does not exist: ${who} always chose the item shown ${first ? "first" : "second"}. Give the abilities a prior, or ignore positions.`,
    );
  }
}

/** Logits: at an optimum another step is far shorter, on the way to infinity it is about 1. */
const STILL_MOVING = 1e-3;
const SOLVED = 1e-3;

/**
 * Refuses a fit with position effects or ties that only seems to have converged: abilities and effects can separate the
 * verdicts together where neither does alone, and the likelihood then rises for ever (Albert & Anderson 1984, Biometrika
 * 71:1), which a Newton step from the last point shows; or they can stand for each other, and the information is singular.
 * @param posterior evaluated at the last point.
 * @throws {ScoringError} `mle_does_not_exist`
 */
export function requireSettled(posterior: Posterior): void {
  const { model, dimension, gradient, center } = posterior;
  const { effects, itemCount } = model.graph;
  if (!effects) return;
  const cause = effects.tied === null ? "the position effect" : "the position effect or the odds of a tie";
  const slope = gradient.slice();
  center(slope);
  const { solution: step } = solveFor(posterior, slope);
  if (step.some((move) => Math.abs(move) >= STILL_MOVING)) {
    const items = Array.from({ length: itemCount }, (_, item) => item).filter(
      (item) => Math.abs(step[item]) >= STILL_MOVING,
    );
    const moving = items.length > 0 ? `the abilities of ${listed(items)} and ` : "";
    throw new ScoringError(
      "mle_does_not_exist",
      `The maximum-likelihood estimate does not exist: ${moving}${cause} explain the verdicts better the larger they are. ${REMEDY}`,
      { items },
    );
  }
  for (let coordinate = itemCount; coordinate < dimension; coordinate++) {
    const unit = new Float64Array(dimension);
    unit[coordinate] = 1;
    if (solveFor(posterior, unit).residual < SOLVED) continue;
    throw new ScoringError(
      "mle_does_not_exist",
      `The maximum-likelihood estimate does not exist: the verdicts do not tell abilities and ${cause} apart. ${REMEDY}`,
    );
  }
}

const REMEDY = "Give the abilities a prior, or collect more comparisons.";

/** A solution of A x = rhs as far as there is one, and the largest entry of what is left. */
function solveFor(posterior: Posterior, rhs: Float64Array): { solution: Float64Array; residual: number } {
  const { dimension, center } = posterior;
  const solution = new Float64Array(dimension);
  const product = new Float64Array(dimension);
  solve(posterior, rhs, solution, 1e-6, createWork(dimension));
  center(solution);
  posterior.multiply(solution, product);
  const residual = product.reduce((largest, value, i) => Math.max(largest, Math.abs(value - rhs[i])), 0);
  return { solution, residual: Number.isFinite(residual) ? residual : Number.POSITIVE_INFINITY };
}

/** Anchors have known abilities: for existence they are one item (that of the first anchor). */
function mergeAnchors(data: BradleyTerryData): BradleyTerryData {
  const [first] = data.anchors ?? [];
  if (!first) return data;
  const anchored = new Set(data.anchors?.map(({ item }) => item));
  const merge = (item: number) => (anchored.has(item) ? first.item : item);
  const chain = [...anchored].filter((item) => item !== first.item);
  return {
    itemCount: data.itemCount,
    winners: Int32Array.of(...data.winners.map(merge), ...chain, ...chain.map(() => first.item)),
    losers: Int32Array.of(...data.losers.map(merge), ...chain.map(() => first.item), ...chain),
  };
}

function named(items: readonly number[], what: string): string[] {
  return items.length === 0 ? [] : [`${listed(items)} ${what}`];
}

function listed(items: readonly number[]): string {
  const shown = items.slice(0, NAMED_ITEMS).join(", ");
  const more = items.length > NAMED_ITEMS ? ` and ${items.length - NAMED_ITEMS} more` : "";
  return `${items.length === 1 ? "item" : "items"} ${shown}${more}`;
}

function smallestPart(of: Int32Array, count: number): number[] {
  const sizes = new Int32Array(count);
  for (const part of of) sizes[part]++;
  const smallest = sizes.indexOf(Math.min(...sizes));
  return Array.from(of.keys()).filter((item) => of[item] === smallest);
}
