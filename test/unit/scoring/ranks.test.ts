import { describe, expect, it } from "vitest";
import { varianceOfDifference } from "../../../src/scoring/differences.ts";
import { drawAbilities } from "../../../src/scoring/draws.ts";
import { estimate } from "../../../src/scoring/estimate.ts";
import { scoreBatch } from "../../../src/scoring/index.ts";
import { createRandom } from "../../../src/scoring/random.ts";
import { orderByAbility } from "../../../src/scoring/ranks.ts";
import { pearson } from "../../../src/scoring/split-half.ts";
import { simulate } from "./simulated.ts";

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
