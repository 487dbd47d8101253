import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { drawJudge } from "../../../src/batch/judge-assignment.ts";
import { planPairs } from "../../../src/pairing/index.ts";

/** The judges of the first `turns` comparisons. */
function assign(shares: readonly number[], turns: number, seed = 1): number[] {
  const counts = shares.map(() => 0);
  return Array.from({ length: turns }, () => {
    const judge = drawJudge(shares, counts, seed);
    counts[judge] += 1;
    return judge;
  });
}

/** By how much a judge ever had more or less than its share. */
function worstDeviation(shares: readonly number[], judges: readonly number[]): number {
  const counts = shares.map(() => 0);
  let worst = 0;
  judges.forEach((judge, index) => {
    counts[judge] += 1;
    shares.forEach((share, each) => {
      worst = Math.max(worst, Math.abs(counts[each] - share * (index + 1)));
    });
  });
  return worst;
}

const shares = fc
  .array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 8 })
  .map((parts) => parts.map((part) => part / parts.reduce((sum, each) => sum + each, 0)));

describe("the judge of each comparison", () => {
  it("has had its share after every comparison, give or take less than one", () => {
    fc.assert(
      fc.property(shares, fc.nat(), (shares, seed) => {
        expect(worstDeviation(shares, assign(shares, 300, seed))).toBeLessThan(1 + 1e-6);
      }),
      { numRuns: 200 },
    );
  });

  it("is the same whenever it is drawn again, and another under another seed", () => {
    const thirds = [1 / 3, 1 / 3, 1 / 3];
    expect(assign(thirds, 200, 5)).toEqual(assign(thirds, 200, 5));
    expect(assign(thirds, 200, 5)).not.toEqual(assign(thirds, 200, 6));
  });

  it("says nothing about the pair: every essay, and either place of showing, falls to every judge by its share", () => {
    const essayCount = 10;
    const seconds = { first: new Array(essayCount).fill(0), second: new Array(essayCount).fill(0) };
    const times = { first: new Array(essayCount).fill(0), second: new Array(essayCount).fill(0) };
    for (let seed = 0; seed < 400; seed++) {
      const { pairs } = planPairs({ essayCount, budget: 45, strategy: "auto", seed });
      const judges = assign([0.7, 0.3], pairs.length, seed + 1_000_000);
      pairs.forEach((pair, number) => {
        for (const place of ["first", "second"] as const) {
          times[place][pair[place]] += 1;
          seconds[place][pair[place]] += judges[number];
        }
      });
    }
    for (const place of ["first", "second"] as const)
      seconds[place].forEach((count, essay) => {
        expect(Math.abs(count / times[place][essay] - 0.3)).toBeLessThan(0.04);
      });
  });

  it("is never one without a share", () => {
    expect(new Set(assign([0.5, 0, 0.5], 100))).toEqual(new Set([0, 2]));
  });

  it("is drawn quickly, even where a share is tiny", () => {
    const counts = [0, 0];
    for (let turn = 0; turn < 5_000; turn++) counts[drawJudge([0.001, 0.999], counts, 3)] += 1;
    expect(counts[0]).toBeGreaterThanOrEqual(4);
    expect(counts[0]).toBeLessThanOrEqual(6);
  });
});
