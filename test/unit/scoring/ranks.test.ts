import { describe, expect, it } from "vitest";
import { estimate } from "../../../src/scoring/estimate.ts";
import { describePosterior } from "../../../src/scoring/index.ts";
import { createRandom } from "../../../src/scoring/random.ts";
import { drawAbilities, normalCdf, probabilityBetter } from "../../../src/scoring/ranks.ts";
import { invertDense, oracleMode, oracleModel } from "./oracle.ts";
import { simulate } from "./simulated.ts";

const { firstShown: _f, judges: _j, ties: _t, ...data } = simulate({ items: 10, rounds: 12, sd: 1, seed: 2 });

describe("P(a better than b)", () => {
  it("uses the covariance of the two", () => {
    const variance = 1.3;
    const { at, hessian } = oracleMode(oracleModel(data), variance);
    const covariance = invertDense(hessian);
    const mixture = estimate(data, { prior: { variance } }).integrate();
    const entry = (i: number, j: number) => covariance[i]?.[j] ?? Number.NaN;
    const expected = normalCdf(
      ((at[3] ?? 0) - (at[7] ?? 0)) / Math.sqrt(entry(3, 3) + entry(7, 7) - 2 * entry(3, 7)),
    );
    expect(probabilityBetter(mixture, 3, 7)).toBeCloseTo(expected, 9);
    expect(probabilityBetter(mixture, 3, 7) + probabilityBetter(mixture, 7, 3)).toBeCloseTo(1, 12);
  });

  it("agrees with draws from the mixture", () => {
    const mixture = estimate(data, {}).integrate();
    let better = 0;
    drawAbilities(mixture, 20_000, createRandom(8), (abilities) => {
      if ((abilities[1] ?? 0) > (abilities[2] ?? 0)) better++;
    });
    expect(better / 20_000).toBeCloseTo(probabilityBetter(mixture, 1, 2), 1.7);
  });
});

describe("the posterior of the abilities", () => {
  it("answers for pairs what the fit answers for items", () => {
    const posterior = describePosterior(data);
    expect(posterior.probabilityBetter(1, 2)).toBe(probabilityBetter(estimate(data, {}).integrate(), 1, 2));
    const [own = 0, other = 0] = [posterior.standardErrors[1], posterior.standardErrors[2]];
    expect(posterior.differenceVariance(1, 2)).toBeGreaterThan(0);
    expect(posterior.differenceVariance(1, 2)).toBeLessThan((own + other) ** 2);
    expect(posterior.differenceVariance(1, 1)).toBeCloseTo(0, 12);
    expect(posterior.abilities).toHaveLength(10);
  });

  it("is refused beyond the limit for covariances", () => {
    const many = { itemCount: 2_001, winners: Int32Array.of(0), losers: Int32Array.of(1) };
    expect(() => describePosterior(many)).toThrow(expect.objectContaining({ code: "item_limit" }));
    expect(() =>
      drawAbilities(estimate(many, { prior: { variance: 1 } }).integrate(), 1, createRandom(1), () => {}),
    ).toThrow(/too many/);
  });
});

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

describe("the normal distribution function", () => {
  it.each([
    [0, 0.5],
    [1, 0.8413447460685429],
    [-1.959963984540054, 0.025],
    [3.5, 0.999767370920964],
    [-6, 9.86587645037698e-10],
    [-40, 0],
    [40, 1],
  ])("at %s is %s", (z, expected) => {
    expect(Math.abs(normalCdf(z) - expected)).toBeLessThan(1e-14);
  });
});
