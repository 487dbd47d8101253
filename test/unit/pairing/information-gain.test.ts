import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  differenceVariance,
  informationGain,
  variancesAfter,
} from "../../../src/pairing/information-gain.ts";

const differences = fc.double({ min: -8, max: 8, noNaN: true });
const variances = fc.double({ min: 1e-3, max: 9, noNaN: true });

/** Variances and covariance of two essays after a verdict of information `w`, by inverting the 2 × 2 precision. */
function exactlyAfterOneVerdict(variance: number, other: number, w: number) {
  const [a, b] = [1 / variance + w, 1 / other + w];
  const determinant = a * b - w * w;
  return { first: b / determinant, second: a / determinant, covariance: w / determinant };
}

function verdictInformation(difference: number): number {
  const p = 1 / (1 + Math.exp(-difference));
  return p * (1 - p);
}

describe("expected information gain", () => {
  it("is half the log of one plus the verdict's variance times the difference's", () => {
    expect(informationGain(0, 4)).toBeCloseTo(0.5 * Math.log(2), 14);
    expect(informationGain(Math.log(3), 16 / 3)).toBeCloseTo(0.5 * Math.log(2), 14);
    expect(informationGain(1.2, 0)).toBe(0);
  });

  it("does not depend on which of the two is better, and is largest for equals", () => {
    fc.assert(
      fc.property(differences, variances, (difference, variance) => {
        const gain = informationGain(difference, variance);
        expect(informationGain(-difference, variance)).toBeCloseTo(gain, 12);
        expect(gain).toBeLessThanOrEqual(informationGain(0, variance));
        expect(gain).toBeGreaterThan(0);
      }),
    );
  });

  it("grows with the uncertainty of the difference", () => {
    fc.assert(
      fc.property(differences, variances, variances, (difference, variance, more) => {
        expect(informationGain(difference, variance + more)).toBeGreaterThan(
          informationGain(difference, variance),
        );
      }),
    );
  });

  it("is finite for differences beyond what a probability can hold", () => {
    expect(informationGain(1_000, 5)).toBe(0);
    expect(informationGain(-1_000, 5)).toBe(0);
  });
});

describe("uncertainty while verdicts are in flight", () => {
  it("is exactly what one verdict leaves of two independent variances", () => {
    fc.assert(
      fc.property(differences, variances, variances, (difference, variance, other) => {
        const posterior = { abilities: [difference, 0], variances: [variance, other] };
        const [first, second] = variancesAfter([{ first: 0, second: 1 }], posterior);
        const exact = exactlyAfterOneVerdict(variance, other, verdictInformation(difference));
        expect(first).toBeCloseTo(exact.first, 10);
        expect(second).toBeCloseTo(exact.second, 10);
      }),
    );
  });

  it("falls with every verdict, stays positive, and leaves other essays and the posterior alone", () => {
    const posterior = { abilities: [0, 0.3, 2], variances: [0.5, 0.4, 0.3] };
    const pending = new Array(50).fill({ first: 0, second: 1 });
    const expected = variancesAfter(pending, posterior);
    expect(expected[0]).toBeGreaterThan(0);
    expect(expected[0]).toBeLessThan(0.1);
    expect(expected[2]).toBe(0.3);
    expect(posterior.variances).toEqual([0.5, 0.4, 0.3]);
  });
});

describe("variance of a difference", () => {
  it("is the sum of the variances of essays that no verdict compares", () => {
    expect(differenceVariance(0.7, 0.4, 0.3, 0)).toBeCloseTo(0.7, 14);
  });

  it("is smaller for a pair that has been compared, within 3 % of the exact value", () => {
    fc.assert(
      fc.property(differences, fc.double({ min: 0.05, max: 0.6, noNaN: true }), (difference, variance) => {
        const w = verdictInformation(difference);
        const { first, second, covariance } = exactlyAfterOneVerdict(variance, variance, w);
        const exact = first + second - 2 * covariance;
        const estimated = differenceVariance(difference, first, second, 1);
        expect(estimated).toBeLessThan(first + second);
        expect(Math.abs(estimated / exact - 1)).toBeLessThan(0.03);
      }),
    );
  });

  it("is never negative, whatever variances are passed in", () => {
    expect(differenceVariance(0, 100, 100, 1)).toBe(0);
  });
});
