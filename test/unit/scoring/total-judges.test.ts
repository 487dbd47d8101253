import { describe, expect, it } from "vitest";
import {
  type BradleyTerryData,
  countSplittable,
  reliabilityWithoutJudges,
  scoreBatch,
  scoreInterim,
  splitHalf,
} from "../../../src/scoring/index.ts";
import { pearson } from "../../../src/scoring/split-half.ts";
import { leaveOutTotalJudges, ONE_SIDED_PAIRS } from "../../../src/scoring/total-judges.ts";
import { largestDifference } from "./reference.ts";
import { simulate } from "./simulated.ts";

/** Verdicts of 20 essays (SD 2.5) of which the last `oneSided` are given, in turn, to judges who always choose one position. */
function mixed({
  seed,
  honest,
  oneSided,
}: {
  seed: number;
  honest: readonly number[];
  oneSided: readonly boolean[];
}) {
  const data = simulate({ items: 20, rounds: 19, sd: 2.5, seed });
  const from = Math.round(data.winners.length * (honest.length > 0 ? 0.7 : 0));
  const judges = data.judges.map((_, row) =>
    row < from ? (honest[row % honest.length] ?? 0) : 100 + (row % oneSided.length),
  );
  const { firstShown } = data;
  const firstWins = (row: number) =>
    row < from ? firstShown[row] === data.winners[row] : oneSided[row % oneSided.length] === true;
  const second = firstShown.map((first, row) => (data.winners[row] ?? 0) + (data.losers[row] ?? 0) - first);
  return {
    itemCount: 20,
    truth: data.truth,
    winners: firstShown.map((first, row) => (firstWins(row) ? first : (second[row] ?? 0))),
    losers: firstShown.map((first, row) => (firstWins(row) ? (second[row] ?? 0) : first)),
    firstShown,
    judges,
    honestRows: from,
  };
}

function firstRows(
  {
    itemCount,
    winners,
    losers,
    firstShown,
    judges,
  }: Required<Omit<BradleyTerryData, "weights" | "ties" | "anchors">>,
  count: number,
) {
  const [first, ...rest] = [winners, losers, firstShown, judges].map((values) => values.subarray(0, count));
  const [second, third, fourth] = rest;
  return {
    itemCount,
    winners: first ?? winners,
    losers: second ?? losers,
    firstShown: third ?? firstShown,
    judges: fourth ?? judges,
  };
}

const abilitiesOf = (data: BradleyTerryData) =>
  Float64Array.from(scoreBatch(data).items, ({ ability }) => ability);
const SEEDS = Array.from({ length: 12 }, (_, seed) => seed + 1);

describe("a judge who always chooses one position", () => {
  it.each([
    ["an honest judge", [1], [true]],
    ["an honest judge, and always the second", [1], [false]],
    ["thirteen judges of about ten verdicts", Array.from({ length: 13 }, (_, judge) => judge), [true]],
    ["an honest judge, and another of its kind who prefers the other", [1], [true, false]],
  ])("does not move the scale of a batch with %s", (_case, honest, oneSided) => {
    for (const seed of SEEDS) {
      const data = mixed({ seed, honest, oneSided });
      const scale = abilitiesOf(data);
      const without = abilitiesOf(firstRows(data, data.honestRows));
      expect(largestDifference(scale, without)).toBeLessThan(1e-9);
      expect(pearson(scale, data.truth)).toBeGreaterThan(0.85);
    }
  });

  const data = mixed({ seed: 3, honest: [1, 2], oneSided: [true] });
  const honestOnly = firstRows(data, data.honestRows);
  const scores = scoreBatch(data, { replications: 20 });

  it("is reported as total, its verdicts are counted, and its agreement is told", () => {
    expect(scores.position?.judges.at(-1)).toMatchObject({
      judge: 100,
      positionBias: "total",
      favours: "first",
      verdicts: 57,
    });
    expect(scores.position?.overall.verdicts).toBe(190);
    expect(scores.items.reduce((sum, { comparisons }) => sum + comparisons, 0)).toBe(380);
    expect(scores.items.reduce((sum, { wins }) => sum + wins, 0)).toBe(190);
    expect(scores.judges.at(-1)).toMatchObject({ judge: 100, verdicts: 57 });
  });

  it("has no part in reliability, fit, connectivity and split halves", () => {
    const without = scoreBatch(honestOnly, { replications: 20 });
    expect(scores.reliability).toEqual(without.reliability);
    expect(scores.connectivity).toEqual(without.connectivity);
    expect(scores.fit).toEqual(without.fit);
    expect(splitHalf(data, { splits: 5 })).toEqual(splitHalf(honestOnly, { splits: 5 }));
    expect(countSplittable(data)).toBe(countSplittable(honestOnly));
  });

  it("has no part in what the next pairs are chosen by", () => {
    expect(scoreInterim(data)).toEqual(scoreInterim(honestOnly));
  });

  it("would not be missed", () => {
    const changes = reliabilityWithoutJudges(data);
    expect(changes.map(({ judge }) => judge)).toEqual([1, 2, 100]);
    expect(changes[2]?.change).toBe(0);
    expect(changes.slice(0, 2)).toEqual(reliabilityWithoutJudges(honestOnly));
  });

  it("leaves an essay that only it has judged isolated", () => {
    const alone = mixed({ seed: 3, honest: [1], oneSided: [true] });
    const widened = { ...alone, itemCount: 21, losers: alone.losers.slice() };
    const row = alone.losers.length - 1;
    widened.losers[row] = 20;
    widened.firstShown = alone.firstShown.slice();
    widened.firstShown[row] = widened.winners[row] ?? 0;
    const { connectivity, items } = scoreBatch(widened);
    expect(connectivity.isolated).toEqual([20]);
    expect(items[20]).toMatchObject({ comparisons: 1, wins: 0 });
  });
});

describe("verdicts for one side that may be an accident", () => {
  const other = { winner: 0, loser: 1, first: 1, judge: 0, tie: 0 };
  const oneSided = (pairs: number) =>
    Array.from({ length: pairs }, (_, k) => ({ winner: k, loser: k + 1, first: k, judge: 7, tie: 0 }));
  function rowsLeft(rows: readonly (typeof other)[], weights?: Float64Array) {
    return leaveOutTotalJudges({
      itemCount: 30,
      winners: Int32Array.from(rows, ({ winner }) => winner),
      losers: Int32Array.from(rows, ({ loser }) => loser),
      firstShown: Int32Array.from(rows, ({ first }) => first),
      judges: Int32Array.from(rows, ({ judge }) => judge),
      ties: Uint8Array.from(rows, ({ tie }) => tie),
      ...(weights && { weights }),
    }).winners.length;
  }

  it.each([
    ["nine pairs", [other, ...oneSided(ONE_SIDED_PAIRS - 1)], ONE_SIDED_PAIRS],
    ["ten pairs: none is left", [other, ...oneSided(ONE_SIDED_PAIRS)], 1],
    ["nine pairs and one of them again", [other, ...oneSided(9), ...oneSided(1)], 11],
    ["ten pairs but for a tie", [other, ...oneSided(10), { ...other, judge: 7, tie: 1 }], 12],
    [
      "ten pairs, and one of which the order is not known",
      [other, ...oneSided(10), { ...other, judge: 7, first: -1 }],
      2,
    ],
    ["ten pairs, the only verdicts there are", oneSided(10), 10],
  ])("are kept unless on ten different pairs: %s", (_case, rows, left) => {
    expect(rowsLeft(rows)).toBe(left);
  });

  it("are counted without rows of weight 0, and kept where nothing else has weight", () => {
    const rows = [other, ...oneSided(10)];
    expect(
      rowsLeft(
        rows,
        Float64Array.from(rows, (_, row) => (row === 3 ? 0 : 1)),
      ),
    ).toBe(11);
    expect(
      rowsLeft(
        rows,
        Float64Array.from(rows, (_, row) => (row === 0 ? 0 : 1)),
      ),
    ).toBe(11);
  });
});

describe("a batch of nothing but judges who always choose one position", () => {
  it.each([
    ["one", [true]],
    ["two of opposite kinds", [true, false]],
    [
      "nine of about twenty verdicts, of both kinds",
      Array.from({ length: 9 }, (_, judge) => judge % 2 === 0),
    ],
  ])("has reliability 0 and decides nothing: %s", (_case, oneSided) => {
    for (const seed of SEEDS) {
      const data = mixed({ seed, honest: [], oneSided });
      const { reliability, items, priorAtBoundary } = scoreBatch(data);
      expect(priorAtBoundary).toBe(true);
      expect(reliability).toMatchObject({ reliability: 0, decisive: false });
      expect(items.every(({ standardError }) => standardError > 0)).toBe(true);
      expect(scoreInterim(data)).toMatchObject({ reliability: 0, decisive: false });
    }
  });
});

describe("laws with a judge who always chooses one position", () => {
  const data = mixed({ seed: 5, honest: [1, 2], oneSided: [true] });

  it("relabelling essays permutes the scale", () => {
    const relabel = (values: Int32Array) => values.map((item) => (7 * item + 3) % 20);
    const after = abilitiesOf({
      ...data,
      winners: relabel(data.winners),
      losers: relabel(data.losers),
      firstShown: relabel(data.firstShown),
    });
    const before = abilitiesOf(data);
    expect(
      largestDifference(
        before.map((_, item) => after[(7 * item + 3) % 20] ?? 0),
        before,
      ),
    ).toBeLessThan(1e-6);
  });

  it("reversing all verdicts negates the scale", () => {
    const backward = abilitiesOf({ ...data, winners: data.losers, losers: data.winners });
    expect(
      largestDifference(
        backward.map((ability) => -ability),
        abilitiesOf(data),
      ),
    ).toBeLessThan(1e-6);
  });
});
