import { describeConnectivity, strongComponents, weakComponents } from "./connectivity.ts";
import type { BradleyTerryData } from "./model.ts";
import { ScoringError } from "./scoring-error.ts";

const NAMED_ITEMS = 10;

/**
 * Refuses data whose likelihood has no maximum (Ford 1957, Amer. Math. Monthly 64:28), naming the items that cause it.
 * @throws {ScoringError} `mle_does_not_exist`
 */
export function requireMaximumLikelihood(data: BradleyTerryData): void {
  const strong = strongComponents(data);
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
