import { findJudgeName } from "../settings/judge-names.ts";
import type { Settings } from "../settings/settings.ts";
import { modelFor } from "./judge-problem.ts";
import { costOf } from "./language-model/prices.ts";

/** Judges whose answers are priced here; the others say themselves what an answer cost, or cost nothing. */
const PRICED = ["openai-compatible", "anthropic", "workers-ai"] as const;

/**
 * Why a cost ceiling cannot be kept with this judge, in a sentence that says what to do; null when it can. An answer of
 * unknown price counts as free, and a ceiling that counts nothing would be none.
 */
export function priceProblem(settings: Settings, name: string, chosen: string | null): string | null {
  const judge = findJudgeName(name);
  if (judge === undefined || !PRICED.some((priced) => priced === judge)) return null;
  const model = modelFor(settings, judge, chosen);
  if (model === null) return null;
  const { basis } = costOf(settings, model, { promptTokens: 1, completionTokens: 1 });
  if (basis !== "unknown") return null;
  return `max_cost_usd cannot be kept with the model ${JSON.stringify(model)} of ${judge}, because no price is known of it: set one in JUDGE_PRICES (0 for a model on your own machine), or leave max_cost_usd out.`;
}
