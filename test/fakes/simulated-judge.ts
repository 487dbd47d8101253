import { createHash } from "node:crypto";
import { abilitiesIn } from "./known-abilities.ts";

/**
 * Whether the first essay wins, drawn by the Bradley-Terry model. The same essays in the same order always meet the same
 * draw; another seed or another model meets another.
 */
export function firstWins(
  prompt: string,
  seed: string,
): { readonly wins: boolean; readonly probability: number } {
  const [first, second] = abilitiesIn(prompt);
  const probability = 1 / (1 + Math.exp(second - first));
  return { wins: uniform(`${seed}:${first}:${second}`) < probability, probability };
}

function uniform(text: string): number {
  return createHash("sha256").update(text).digest().readUIntBE(0, 6) / 2 ** 48;
}
