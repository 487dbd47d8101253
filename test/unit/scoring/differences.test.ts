import { describe, expect, it } from "vitest";
import { isTied, probabilityBetter } from "../../../src/scoring/differences.ts";
import { drawAbilities } from "../../../src/scoring/draws.ts";
import { estimate } from "../../../src/scoring/estimate.ts";
import { describePosterior } from "../../../src/scoring/index.ts";
import { normalCdf } from "../../../src/scoring/normal.ts";
import { createRandom } from "../../../src/scoring/random.ts";
import { orderByAbility } from "../../../src/scoring/ranks.ts";
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

  it("has the covariances of a dense inverse above 2,000 items, too", () => {
    // Two copies of one graph side by side: with a prior given, differences within a copy have the variance they have alone.
    const half = simulate({ items: 1_005, rounds: 6, sd: 1, seed: 3 });
    const shift = (items: Int32Array) => Int32Array.of(...items, ...items.map((item) => item + 1_005));
    const both = { itemCount: 2_010, winners: shift(half.winners), losers: shift(half.losers) };
    const alone = { itemCount: 1_005, winners: half.winners, losers: half.losers };
    const prior = { variance: 1 };
    const dense = describePosterior(alone, { prior });
    const sparse = describePosterior(both, { prior });
    const pairs = [
      [half.winners[0] ?? 0, half.losers[0] ?? 0],
      [3, 900],
    ] as const;
    for (const [a, b] of pairs) {
      expect(sparse.differenceVariance(a, b)).toBeCloseTo(dense.differenceVariance(a, b), 8);
      expect(sparse.probabilityBetter(a + 1_005, b + 1_005)).toBeCloseTo(dense.probabilityBetter(a, b), 8);
    }
  });
});

describe("essays that are not told apart", () => {
  it("are found without a solve above 2,000 items exactly where the probability says so", () => {
    const data = simulate({ items: 2_002, rounds: 8, sd: 1.5, seed: 9 });
    const mixture = estimate(
      { itemCount: data.itemCount, winners: data.winners, losers: data.losers },
      { prior: { variance: 2 } },
    ).integrate();
    const order = orderByAbility(mixture.abilities);
    for (const [better, worse] of [
      [0, 1],
      [0, 40],
      [100, 130],
      [300, 1_900],
    ]) {
      const [a = 0, b = 0] = [order[better ?? 0], order[worse ?? 0]];
      expect(isTied(mixture, a, b)).toBe(probabilityBetter(mixture, a, b) < 0.975);
    }
  });
});
