import { describe, expect, it } from "vitest";
import { drawAbilities } from "../../../src/scoring/draws.ts";
import { estimate } from "../../../src/scoring/estimate.ts";
import { createRandom } from "../../../src/scoring/random.ts";
import { simulate } from "./simulated.ts";

const { firstShown: _f, judges: _j, ties: _t, ...data } = simulate({ items: 10, rounds: 12, sd: 1, seed: 2 });

describe("draws from the mixture", () => {
  it("have its means and standard deviations", () => {
    const mixture = estimate(data, {}).integrate();
    const draws: number[][] = [];
    drawAbilities(mixture, 20_000, createRandom(9), (abilities) => draws.push([...abilities]));
    expect(draws).toHaveLength(20_000);
    mixture.abilities.forEach((ability, item) => {
      const mean = draws.reduce((sum, draw) => sum + (draw[item] ?? 0), 0) / draws.length;
      const square = draws.reduce((sum, draw) => sum + ((draw[item] ?? 0) - mean) ** 2, 0) / draws.length;
      expect(Math.abs(mean - ability)).toBeLessThan(0.02);
      expect(Math.abs(Math.sqrt(square) / (mixture.standardErrors[item] ?? 1) - 1)).toBeLessThan(0.02);
    });
  });
});
