/** Essays whose abilities are known to the fake models and to nobody else: each text carries its own. */

/** A text that carries its ability (in logits) where a fake model finds it. */
export function essayOfAbility(ability: number, words = "An essay like any other."): string {
  return `${words} [ability ${ability.toFixed(6)}]`;
}

/**
 * `count` abilities at the quantiles of a normal distribution with this standard deviation, in logits: always the same, and
 * spread as evenly as a sample can be.
 */
export function normalAbilities(count: number, standardDeviation: number): readonly number[] {
  const quantiles = Array.from({ length: count }, (_, k) => probit((k + 0.5) / count));
  const variance = quantiles.reduce((sum, value) => sum + value * value, 0) / (count - 1);
  return quantiles.map((value) => (value * standardDeviation) / Math.sqrt(variance));
}

/** The abilities of the two essays of a prompt, in the order shown; 0 for a text without one. */
export function abilitiesIn(prompt: string): readonly [number, number] {
  const found = Array.from(prompt.matchAll(/\[ability (-?\d+\.\d+)\]/g), ([, ability]) => Number(ability));
  return [found[0] ?? 0, found[1] ?? 0];
}

/** Inverse of the standard normal distribution function, by bisection: exact enough, and nothing to look up. */
function probit(probability: number): number {
  let [low, high] = [-8, 8];
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (normalCdf(middle) < probability) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** By Simpson's rule from 0. */
function normalCdf(z: number): number {
  const steps = 200;
  const width = z / steps;
  let sum = 0;
  for (let k = 0; k <= steps; k++) {
    const weight = k === 0 || k === steps ? 1 : k % 2 === 0 ? 2 : 4;
    sum += weight * Math.exp(-((k * width) ** 2) / 2);
  }
  return 0.5 + (sum * width) / 3 / Math.sqrt(2 * Math.PI);
}
