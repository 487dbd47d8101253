import { describeConnectivity, strongComponents, weakComponents } from "./connectivity.ts";
import type { BradleyTerryData, PositionModel } from "./model.ts";
import { ScoringError } from "./scoring-error.ts";

const NAMED_ITEMS = 10;

/**
 * Refuses data whose likelihood has no maximum (Ford 1957, Amer. Math. Monthly 64:28), naming the items that cause it.
 * @throws {ScoringError} `mle_does_not_exist`
 */
export function requireMaximumLikelihood(data: BradleyTerryData, position: PositionModel): void {
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
    `The maximum-likelihood estimate does not exist: ${reasons.join("; ")}. Give the abilities a prior, or collect more comparisons.`,
    { items },
  );
}

/** A position effect has a finite estimate only if each position won at least once, under each judge that has one. */
function requireBothPositionsToWin(
  { firstShown, winners, judges, ties }: BradleyTerryData,
  position: PositionModel,
): void {
  if (!firstShown || position === "ignored") return;
  const seen = new Map<number, { first: boolean; second: boolean }>();
  for (let row = 0; row < winners.length; row++) {
    if (firstShown[row] < 0) continue;
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
  if (items.length === 0) return [];
  const shown = items.slice(0, NAMED_ITEMS).join(", ");
  const more = items.length > NAMED_ITEMS ? ` and ${items.length - NAMED_ITEMS} more` : "";
  return [`${items.length === 1 ? "item" : "items"} ${shown}${more} ${what}`];
}

function smallestPart(of: Int32Array, count: number): number[] {
  const sizes = new Int32Array(count);
  for (const part of of) sizes[part]++;
  const smallest = sizes.indexOf(Math.min(...sizes));
  return Array.from(of.keys()).filter((item) => of[item] === smallest);
}
