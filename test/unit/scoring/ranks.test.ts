import { describe, expect, it } from "vitest";
import { estimate } from "../../../src/scoring/estimate.ts";
import { describePosterior, scoreBatch } from "../../../src/scoring/index.ts";
import { createRandom } from "../../../src/scoring/random.ts";
import {
  drawAbilities,
  isTied,
  normalCdf,
  orderByAbility,
  probabilityBetter,
  varianceOfDifference,
} from "../../../src/scoring/ranks.ts";
import { pearson } from "../../../src/scoring/split-half.ts";
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

describe("more items than a dense inverse has room for", () => {
  const many = simulate({ items: 2_010, rounds: 12, sd: 1, seed: 6 });
  const { items, reliability } = scoreBatch(
    { itemCount: many.itemCount, winners: many.winners, losers: many.losers },
    { topCount: 201 },
  );

  it("have rank intervals that hold the true rank in about 95 of 100", () => {
    const place = new Map(
      orderByAbility(many.truth)
        .entries()
        .map(([index, item]) => [item, index + 1]),
    );
    const covered = items.filter(({ item, rankLow, rankHigh }) => {
      const rank = place.get(item) ?? 0;
      return rankLow <= rank && rank <= rankHigh;
    });
    expect(covered.length / items.length).toBeGreaterThan(0.93);
    expect(covered.length / items.length).toBeLessThan(0.97);
  });

  it("have chances of the top group that sum to its size, and a headline near r² with the truth", () => {
    expect(items.reduce((sum, { topProbability }) => sum + topProbability, 0)).toBeCloseTo(201, 6);
    const r = pearson(
      Float64Array.from(items, ({ ability }) => ability),
      many.truth,
    );
    expect(Math.abs(reliability.reliability - r * r)).toBeLessThan(0.03);
  });

  it("have joint draws with the variances of differences", () => {
    const mixture = estimate(
      { itemCount: many.itemCount, winners: many.winners, losers: many.losers },
      { prior: { variance: 1 } },
    ).integrate();
    const [a, b] = [many.winners[0] ?? 0, many.losers[0] ?? 0];
    const differences: number[] = [];
    drawAbilities(mixture, 400, createRandom(5), (abilities) =>
      differences.push((abilities[a] ?? 0) - (abilities[b] ?? 0)),
    );
    const mean = differences.reduce((sum, value) => sum + value, 0) / 400;
    const variance = differences.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 399;
    const expected = varianceOfDifference(mixture, a, b);
    // A variance from 400 draws has a standard error of 7 %.
    expect(Math.abs(variance / expected - 1)).toBeLessThan(0.25);
    expect(Math.abs(mean - ((mixture.abilities[a] ?? 0) - (mixture.abilities[b] ?? 0)))).toBeLessThan(
      4 * Math.sqrt(expected / 400),
    );
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
