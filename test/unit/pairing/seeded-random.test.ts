import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  randomPermutation,
  seededRandom,
  shuffle,
  xoshiro128StarStar,
} from "../../../src/pairing/seeded-random.ts";

function draw(count: number, seed: number, stream?: number): number[] {
  const random = seededRandom(seed, stream);
  return Array.from({ length: count }, () => random.bits());
}

describe("seeded randomness", () => {
  it("repeats itself for the same seed and stream", () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.nat(), (seed, stream) => {
        expect(draw(8, seed, stream)).toEqual(draw(8, seed, stream));
      }),
    );
  });

  it("gives the same numbers for ever: stored batches are replayed from their seed", () => {
    expect(draw(4, 1)).toEqual([2235598157, 3467619080, 3823610481, 69132918]);
  });

  it("follows the reference implementation of xoshiro128** from the state 1, 2, 3, 4", () => {
    const next = xoshiro128StarStar([1, 2, 3, 4]);
    expect([next(), next(), next(), next()]).toEqual([11520, 0, 5927040, 70819200]);
  });

  it("differs by seed, by the seed's high bits, and by stream", () => {
    const starts = [draw(4, 1), draw(4, 2), draw(4, 1 + 2 ** 32), draw(4, -1), draw(4, 1, 1), draw(4, 0, 1)];
    expect(new Set(starts.map(String)).size).toBe(starts.length);
  });

  it("draws every integer below a bound equally often", () => {
    const random = seededRandom(11);
    const counts = new Array<number>(7).fill(0);
    for (let index = 0; index < 70_000; index++) counts[random.below(7)]++;
    const chiSquare = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
    expect(chiSquare).toBeLessThan(30);
  });

  it("has no modulo bias where a plain remainder would show it", () => {
    const random = seededRandom(12);
    const bound = 3 * 2 ** 30;
    let inLowerThird = 0;
    for (let index = 0; index < 30_000; index++) if (random.below(bound) < 2 ** 30) inLowerThird++;
    expect(inLowerThird / 30_000).toBeCloseTo(1 / 3, 1);
  });

  it("tosses a fair coin and spreads evenly over [0, 1)", () => {
    const random = seededRandom(13);
    let heads = 0;
    let sum = 0;
    for (let index = 0; index < 40_000; index++) {
      if (random.coin()) heads++;
      const drawn = random.uniform();
      expect(drawn >= 0 && drawn < 1).toBe(true);
      sum += drawn;
    }
    expect(heads / 40_000).toBeCloseTo(0.5, 1);
    expect(sum / 40_000).toBeCloseTo(0.5, 2);
  });

  it("shuffles into every order equally often and loses nothing", () => {
    const random = seededRandom(14);
    const orders = new Map<string, number>();
    for (let index = 0; index < 24_000; index++) {
      const order = shuffle(["a", "b", "c", "d"], random).join("");
      orders.set(order, (orders.get(order) ?? 0) + 1);
    }
    const chiSquare = [...orders.values()].reduce((sum, count) => sum + (count - 1_000) ** 2 / 1_000, 0);
    expect(orders.size).toBe(24);
    expect(chiSquare).toBeLessThan(60);
  });

  it("permutes 0 … n − 1", () => {
    fc.assert(
      fc.property(fc.nat({ max: 60 }), fc.maxSafeInteger(), (count, seed) => {
        const permutation = randomPermutation(count, seededRandom(seed));
        expect(permutation.toSorted((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
      }),
    );
  });
});
