import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  coordinateCount,
  thresholdPrior,
  thresholdsAt,
} from "../../../../src/scoring/grades/threshold-prior.ts";

describe("the prior of the grade boundaries", () => {
  it("has its centre where the scale's shares place the boundaries in a population of this mean and spread", () => {
    const prior = thresholdPrior([0.25, 0.25, 0.25, 0.25], 1, 2);
    const { boundaries } = thresholdsAt(prior, new Float64Array(coordinateCount(prior)));
    // A logistic population with standard deviation 2 about 1 has these quartiles.
    const quartile = (2 * Math.sqrt(3) * Math.log(3)) / Math.PI;
    expect(boundaries[0]).toBeCloseTo(1 - quartile, 12);
    expect(boundaries[1]).toBeCloseTo(1, 12);
    expect(boundaries[2]).toBeCloseTo(1 + quartile, 12);
  });

  it("is as wide as docs/grades.md says, in units of the batch's spread", () => {
    const spread = 2;
    const prior = thresholdPrior([0.25, 0.25, 0.25, 0.25], 0, spread);
    const centre = thresholdsAt(prior, new Float64Array(coordinateCount(prior)));
    const drawn = (coordinate: number) => {
      const at = new Float64Array(coordinateCount(prior));
      at[coordinate] = 1;
      return thresholdsAt(prior, at);
    };
    const [location, width, scatter, step] = [0, 1, 2, 3].map(drawn);
    const stepOf = ({ boundaries }: typeof centre) => boundaries[1] - boundaries[0];
    expect(location.boundaries[1] - centre.boundaries[1]).toBeCloseTo(0.8 * spread, 12);
    expect(Math.log(stepOf(width) / stepOf(centre))).toBeCloseTo(0.3, 12);
    expect(Math.log(stepOf(step) / stepOf(centre))).toBeCloseTo(0.3, 12);
    expect(centre.scatter).toBeCloseTo(0.08 * spread, 12);
    expect(Math.log(scatter.scatter / centre.scatter)).toBeCloseTo(0.9, 12);
  });

  it.each([
    ["lowest", [1e-17, 0.5, 0.5]],
    ["highest", [0.5, 0.5, 5e-324]],
    ["highest but one", [0.5, 0.5, 1e-17, 1e-17]],
  ])("places every boundary somewhere, however rare the %s grade is", (_, shares) => {
    const prior = thresholdPrior(shares, 0, 1);
    const { boundaries } = thresholdsAt(prior, new Float64Array(coordinateCount(prior)));
    expect(boundaries.every(Number.isFinite)).toBe(true);
    expect([...boundaries]).toEqual([...new Set(boundaries)].toSorted((left, right) => left - right));
  });

  it("is monotone and has a positive scatter, whatever is drawn", () => {
    const shares = fc.array(fc.double({ min: 0.001, max: 1, noNaN: true }), { minLength: 2, maxLength: 20 });
    fc.assert(
      fc.property(
        shares,
        fc.infiniteStream(fc.double({ min: -5, max: 5, noNaN: true })),
        (weights, stream) => {
          const total = weights.reduce((sum, weight) => sum + weight, 0);
          const prior = thresholdPrior(
            weights.map((weight) => weight / total),
            0,
            1,
          );
          const coordinates = Float64Array.from(
            { length: coordinateCount(prior) },
            () => stream.next().value,
          );
          const { boundaries, scatter } = thresholdsAt(prior, coordinates);
          expect(scatter).toBeGreaterThan(0);
          for (let k = 1; k < boundaries.length; k++)
            expect(boundaries[k]).toBeGreaterThan(boundaries[k - 1]);
        },
      ),
      { seed: 3 },
    );
  });
});
