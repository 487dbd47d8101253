import { describe, expect, it } from "vitest";
import { sampleWithNormalPrior } from "../../../../src/scoring/grades/elliptical-slice.ts";
import { createRandom } from "../../../../src/scoring/random.ts";

/** Mean and variance, by coordinate, of draws under this likelihood. */
function momentsOf(dimension: number, logLikelihood: (at: Float64Array) => number) {
  const draws = 40_000;
  const sums = new Float64Array(dimension);
  const squares = new Float64Array(dimension);
  const sampling = { burnIn: 200, draws, random: createRandom(3) };
  sampleWithNormalPrior(dimension, logLikelihood, sampling, (at) => {
    at.forEach((value, i) => {
      sums[i] += value / draws;
      squares[i] += value ** 2 / draws;
    });
  });
  return Array.from(sums, (mean, i) => ({ mean, variance: squares[i] - mean ** 2 }));
}

describe("elliptical slice sampling", () => {
  it("draws from the prior where the data say nothing", () => {
    for (const { mean, variance } of momentsOf(3, () => 0)) {
      expect(mean).toBeCloseTo(0, 1);
      expect(Math.abs(variance - 1)).toBeLessThan(0.05);
    }
  });

  it("draws from a normal posterior with its mean and variance", () => {
    // One observation of 3 with variance ¼: the posterior is N(2.4, .2).
    const [{ mean, variance }] = momentsOf(1, ([x]) => -((x - 3) ** 2) / (2 * 0.25));
    expect(Math.abs(mean - 2.4)).toBeLessThan(0.02);
    expect(Math.abs(variance - 0.2)).toBeLessThan(0.02);
  });

  it("keeps within a bound that the likelihood sets", () => {
    // A normal distribution cut off below 0 has mean √(2/π).
    const [{ mean }] = momentsOf(1, ([x]) => (x < 0 ? Number.NEGATIVE_INFINITY : 0));
    expect(Math.abs(mean - Math.sqrt(2 / Math.PI))).toBeLessThan(0.03);
  });

  it("goes on where the likelihood is flat, also when the draw under it is exactly 0", () => {
    let asked = 0;
    let visited = 0;
    const flat = () => {
      asked += 1;
      if (asked > 100) throw new Error("it never accepts a proposal");
      return -5;
    };
    const random = { ...createRandom(3), uniform: () => 0 };
    sampleWithNormalPrior(2, flat, { burnIn: 1, draws: 2, random }, () => {
      visited += 1;
    });
    expect(visited).toBe(2);
  });
});
