import type { ModelPrice } from "../../settings/model-prices.ts";
import type { Settings } from "../../settings/settings.ts";
import type { TokenUsage } from "./language-model.ts";
import { PUBLISHED_PRICES } from "./published-prices.ts";

/**
 * Where a cost comes from: prices in this deployment's settings, the table of published prices, or nowhere, and then it is
 * 0 and says nothing about what the answer did cost.
 */
export type CostBasis = "configured" | "published" | "unknown";

export interface Cost {
  /** US dollars */
  readonly usd: number;
  readonly basis: CostBasis;
}

/**
 * What the tokens cost. Configured prices come before published ones. A price holds for the model of its name and for
 * its dated releases; tokens that a provider bills at other rates, such as cached ones, count as ordinary input.
 */
export function costOf(settings: Settings, model: string, usage: TokenUsage): Cost {
  const configured = priceFor(settings.JUDGE_PRICES, model);
  if (configured !== null) return { usd: price(configured, usage), basis: "configured" };
  const published = priceFor(PUBLISHED_PRICES, model);
  if (published !== null) return { usd: price(published, usage), basis: "published" };
  return { usd: 0, basis: "unknown" };
}

function price({ input, output }: ModelPrice, { promptTokens, completionTokens }: TokenUsage): number {
  return (promptTokens * input + completionTokens * output) / 1_000_000;
}

function priceFor(prices: Readonly<Record<string, ModelPrice>>, model: string): ModelPrice | null {
  const name = Object.keys(prices).find((known) => isReleaseOf(known, model));
  return name === undefined ? null : prices[name];
}

/** `gpt-5-2026-01-31` and `gpt-5-latest` are `gpt-5`; `gpt-5.1`, `gpt-5-mini` and `gpt-5-2` are other models. */
function isReleaseOf(known: string, model: string): boolean {
  return (
    model === known || (model.startsWith(known) && /^[-@](\d{4}|latest$)/.test(model.slice(known.length)))
  );
}
