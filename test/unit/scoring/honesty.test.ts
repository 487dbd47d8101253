import { describe, expect, it } from "vitest";
import { fitEpsAdjusted } from "../../../src/scoring/eps-adjusted.ts";
import { estimate } from "../../../src/scoring/estimate.ts";
import { fitBradleyTerry } from "../../../src/scoring/index.ts";
import { reliabilityOf, scaleSeparation } from "../../../src/scoring/reliability.ts";
import { type Design, judgeDesign } from "./designs.ts";

const TOLERANCE = 1e-9;
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe("reliability of coin tosses: 100 essays, 16 comparisons each, 40 repetitions", () => {
  it.each<[Design, number]>([
    ["random", 0],
    ["swiss", 0.8],
    ["nearest", 0.8],
  ])("under %s pairing is at most .12 on average, where SSR exceeds %s", (design, ssrAbove) => {
    const batches = Array.from({ length: 40 }, (_, seed) =>
      judgeDesign({ items: 100, rounds: 16, sd: 0, design, seed: 100 + seed }),
    );
    expect(
      mean(batches.map((data) => reliabilityOf(estimate(data, { tolerance: TOLERANCE })))),
    ).toBeLessThanOrEqual(0.12);
    expect(mean(batches.map((data) => scaleSeparation(fitEpsAdjusted(data)).adjusted ?? 0))).toBeGreaterThan(
      ssrAbove,
    );
  });
});

describe("95 % intervals with the spread integrated out", () => {
  it.each([
    [10, 9, 1],
    [10, 9, 1.7],
    [20, 9, 1],
    [30, 10, 1.7],
  ])("cover at least .90 with %s essays, %s comparisons each, SD %s", (items, rounds, sd) => {
    let covered = 0;
    let count = 0;
    for (let seed = 0; seed < 2_000 / items; seed++) {
      const data = judgeDesign({ items, rounds, sd, design: "random", seed: 900 + seed });
      const { abilities, standardErrors } = fitBradleyTerry(data, { tolerance: TOLERANCE });
      for (let item = 0; item < items; item++) {
        const error = (abilities[item] ?? 0) - (data.truth[item] ?? 0);
        if (Math.abs(error) < 1.96 * (standardErrors[item] ?? 0)) covered++;
        count++;
      }
    }
    expect(covered / count).toBeGreaterThanOrEqual(0.9);
  });
});

describe("headline reliability of real differences against r² with the truth", () => {
  it.each([
    [30, 10, 1, 0],
    [30, 10, 1.7, 0],
    [100, 6, 1.7, 0],
    [100, 10, 1, 0],
    [100, 10, 1.7, 6],
  ])(
    "%s essays, %s comparisons each, SD %s, Swiss after %s random rounds (0: all random) lies in [-.05, .03]",
    (items, rounds, sd, swissAfter) => {
      const differences = Array.from({ length: items === 30 ? 120 : 40 }, (_, seed) => {
        const design: Design = swissAfter > 0 ? "swiss" : "random";
        const data = judgeDesign({ items, rounds, sd, design, seed: 500 + seed, randomRounds: swissAfter });
        const fit = estimate(data, { tolerance: TOLERANCE });
        return reliabilityOf(fit) - squaredCorrelation(fit.mode.at, data.truth);
      });
      expect(mean(differences)).toBeGreaterThanOrEqual(-0.05);
      expect(mean(differences)).toBeLessThanOrEqual(0.03);
    },
  );
});

function squaredCorrelation(a: Float64Array, b: Float64Array): number {
  const [meanA, meanB] = [mean([...a]), mean([...b])];
  const product = (x: Float64Array, mx: number, y: Float64Array, my: number) =>
    x.reduce((sum, value, i) => sum + (value - mx) * ((y[i] ?? 0) - my), 0);
  return product(a, meanA, b, meanB) ** 2 / (product(a, meanA, a, meanA) * product(b, meanB, b, meanB));
}
