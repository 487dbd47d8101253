import type { Contribution } from "./quality.ts";

const NAMED_MEASURES = 3;

/**
 * Says in a sentence or two why the first or the second text won. It names measures and their weight in logits, never the
 * texts, and always that this judge is a stand-in. Far below the 500 characters that a justification may have.
 *
 * @param contributions the strongest first, positive for the first text
 */
export function justify(contributions: readonly Contribution[], firstWins: boolean): string {
  const sign = firstWins ? 1 : -1;
  const inFavour = contributions.filter(({ logits }) => logits * sign > 0.005).slice(0, NAMED_MEASURES);
  const balance = contributions.reduce((sum, { logits }) => sum + logits * sign, 0);
  const winner = firstWins ? "first" : "second";
  const reasons = inFavour.map(({ name, logits }) => `${name} +${Math.abs(logits).toFixed(2)}`).join(", ");
  const decision =
    balance > 0
      ? `Text measures favour the ${winner} text by ${balance.toFixed(2)} logits (${reasons}).`
      : `Chance decided for the ${winner} text; the text measures ${balance < 0 ? "favour the other" : "are equal"}.`;
  return `${decision} Offline stand-in: it counts surface features and is no assessor.`;
}
