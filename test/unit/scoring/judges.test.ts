import { describe, expect, it } from "vitest";
import {
  type BradleyTerryData,
  describeJudges,
  reliabilityWithoutJudges,
  ScoringError,
  scoreBatch,
  splitHalf,
} from "../../../src/scoring/index.ts";
import { correlateHalves, pearson } from "../../../src/scoring/split-half.ts";
import { referenceData, referenceDatasets } from "./reference.ts";
import { simulate } from "./simulated.ts";

describe("judge agreement", () => {
  const data: BradleyTerryData = {
    itemCount: 3,
    winners: Int32Array.of(0, 0, 1, 0, 0, 1, 2),
    losers: Int32Array.of(1, 1, 0, 1, 1, 2, 1),
    judges: Int32Array.of(0, 1, 2, 2, 2, 0, 5),
  };
  const [first, second, third, last] = describeJudges(data, Float64Array.of(1, 0, -1));

  it("counts verdicts that agree with the scale", () => {
    expect(first).toMatchObject({ judge: 0, verdicts: 2, withScale: 1 });
    expect(third?.withScale).toBeCloseTo(2 / 3, 12);
    expect(last).toMatchObject({ judge: 5, withScale: 0 });
  });

  it("counts agreement with the other judges' majority on the pair", () => {
    expect(second).toMatchObject({ withOthers: 1, comparedWithOthers: 1 });
    expect(third?.withOthers).toBeCloseTo(2 / 3, 12);
    expect(last).toMatchObject({ withOthers: 0, comparedWithOthers: 1 });
  });

  it("counts the agreement of repeated verdicts as consistency", () => {
    expect(third).toMatchObject({ repeats: 3 });
    expect(third?.consistency).toBeCloseTo(1 / 3, 12);
    expect(second).toMatchObject({ repeats: 0, consistency: null });
  });

  it("lets ties agree with nothing but ties", () => {
    const [judge] = describeJudges(
      {
        itemCount: 2,
        winners: Int32Array.of(0, 1, 0),
        losers: Int32Array.of(1, 0, 1),
        judges: new Int32Array(3),
        ties: Uint8Array.of(1, 1, 0),
      },
      Float64Array.of(1, 0),
    );
    expect(judge).toMatchObject({ verdicts: 3, withScale: 1, repeats: 3 });
    expect(judge?.consistency).toBeCloseTo(1 / 3, 12);
  });

  it("is empty when nobody knows who judged", () => {
    const { judges: _judges, ...anonymous } = data;
    expect(describeJudges(anonymous, new Float64Array(3))).toEqual([]);
    expect(reliabilityWithoutJudges(anonymous)).toEqual([]);
  });
});

describe("reliability without a judge", () => {
  it("rises without a judge who tosses coins and falls without a good one", () => {
    const good = simulate({ items: 16, rounds: 20, sd: 2, seed: 3, positionEffects: [0, 0] });
    const coin = simulate({ items: 16, rounds: 10, sd: 0, seed: 4 });
    const join = (a: Int32Array, b: Int32Array) => Int32Array.of(...a, ...b);
    const data = {
      itemCount: 16,
      winners: join(good.winners, coin.winners),
      losers: join(good.losers, coin.losers),
      judges: join(
        good.judges,
        coin.judges.map(() => 2),
      ),
    };
    const changes = reliabilityWithoutJudges(data);
    expect(changes.map(({ judge }) => judge)).toEqual([0, 1, 2]);
    expect(changes[0]?.change).toBeLessThan(0);
    expect(changes[2]?.change).toBeGreaterThan(0);
  });

  it("is measured from the headline, in which repeated verdicts weigh as one", () => {
    const { winners, losers, judges, itemCount } = simulate({
      items: 10,
      rounds: 12,
      sd: 1.5,
      seed: 8,
      positionEffects: [0, 0],
    });
    const repeated = (values: Int32Array) => Int32Array.of(...values, ...values.subarray(0, 30));
    const data = {
      itemCount,
      winners: repeated(winners),
      losers: repeated(losers),
      judges: repeated(judges),
    };
    const without = (judge: number) => {
      const kept = (_: number, row: number) => data.judges[row] !== judge;
      const rest = {
        itemCount,
        winners: data.winners.filter(kept),
        losers: data.losers.filter(kept),
        judges: data.judges.filter(kept),
      };
      return scoreBatch(rest).reliability.reliability;
    };
    const headline = scoreBatch(data).reliability.reliability;
    for (const { judge, change } of reliabilityWithoutJudges(data))
      expect(change).toBeCloseTo(without(judge) - headline, 8);
  });

  it("is not asked of a batch's only judge", () => {
    expect(reliabilityWithoutJudges(simulate({ items: 6, rounds: 4, sd: 1, seed: 1 }))).toEqual([]);
  });
});

describe("split-half reliability", () => {
  const withSplits = referenceDatasets.filter(([, { split_half, n }]) => split_half && n <= 50);

  it.each(withSplits)("of %s by judges contains the reference's splits", (_name, dataset) => {
    const data = referenceData(dataset);
    const judges = [...new Set(data.judges)];
    const possible = Array.from({ length: 2 ** judges.length - 2 }, (_, mask) =>
      correlateHalves(data, (row) => (((mask + 1) >> (data.judges?.[row] ?? 0)) & 1) === 1, 5),
    );
    for (const expected of new Set(dataset.split_half?.pearson))
      expect(Math.min(...possible.map((value) => Math.abs(value - expected)))).toBeLessThan(1e-9);
  });

  it("rises with the number of comparisons, and is stepped up to full length", () => {
    const few = splitHalf(simulate({ items: 20, rounds: 8, sd: 1.5, seed: 2 }), { splits: 20 });
    const many = splitHalf(simulate({ items: 20, rounds: 60, sd: 1.5, seed: 2 }), { splits: 21 });
    expect(many.median).toBeGreaterThan(few.median + 0.1);
    expect(many.spearmanBrown).toBeCloseTo((2 * many.median) / (1 + many.median), 12);
    expect(many.correlations).toHaveLength(21);
    expect(many.validWhenAdaptive).toBe(false);
  });

  it("keeps the verdicts of a judge together when split by judges", () => {
    const data = simulate({ items: 10, rounds: 12, sd: 1, seed: 2, positionEffects: [0, 0] });
    const { correlations } = splitHalf(data, { by: "judges", splits: 10 });
    expect(new Set(correlations.map((value) => value.toFixed(9))).size).toBe(1);
  });

  it("keeps repeated verdicts of a judge on a pair in one half: they are not two opinions", () => {
    const once = simulate({ items: 8, rounds: 6, sd: 0, seed: 5 });
    const three = (values: Int32Array) =>
      Int32Array.from({ length: 3 * values.length }, (_, k) => values[Math.floor(k / 3)] ?? 0);
    const asked = {
      itemCount: 8,
      winners: three(once.winners),
      losers: three(once.losers),
      judges: three(once.judges),
    };
    const anonymous = { itemCount: 8, winners: asked.winners, losers: asked.losers };
    const together = splitHalf(asked, { splits: 40 }).median;
    expect(together).toBeLessThan(0.1);
    expect(splitHalf(anonymous, { splits: 40 }).median).toBeGreaterThan(together + 0.2);
  });

  it("is at least -1, where the formula would step a half of -1 down to minus infinity", () => {
    const opposed = { itemCount: 2, winners: Int32Array.of(0, 1), losers: Int32Array.of(1, 0) };
    expect(splitHalf(opposed, { splits: 3 })).toMatchObject({ median: -1, spearmanBrown: -1 });
  });

  it.each([0, -1, 1.5, Number.NaN, 10_001])("is refused with %s splits", (splits) => {
    expect(() => splitHalf(simulate({ items: 6, rounds: 4, sd: 1, seed: 1 }), { splits })).toThrow(
      expect.objectContaining({ code: "invalid_option", message: expect.stringContaining("10000") }),
    );
  });

  it("needs two judges", () => {
    expect(() => splitHalf(simulate({ items: 6, rounds: 4, sd: 1, seed: 1 }), { by: "judges" })).toThrow(
      ScoringError,
    );
  });

  it("is 0 where a half does not vary", () => {
    expect(pearson(Float64Array.of(0, 0, 0), Float64Array.of(1, 2, 3))).toBe(0);
  });
});
