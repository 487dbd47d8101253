import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type BradleyTerryData,
  fitBradleyTerry,
  type Prior,
  scoreBatch,
} from "../../../src/scoring/index.ts";
import { largestDifference } from "./reference.ts";

interface Row {
  readonly winner: number;
  readonly loser: number;
  readonly weight: number;
  readonly firstWon: boolean;
  readonly tie: boolean;
}

const ITEMS = 7;

const row = fc
  .record({
    winner: fc.integer({ min: 0, max: ITEMS - 1 }),
    step: fc.integer({ min: 1, max: ITEMS - 1 }),
    weight: fc.constantFrom(1, 1, 1, 2, 0.5),
    firstWon: fc.boolean(),
    tie: fc.boolean(),
  })
  .map(({ winner, step, ...rest }): Row => ({ winner, loser: (winner + step) % ITEMS, ...rest }));

const someRows = fc.array(row, { minLength: 3, maxLength: 40 });
/** A cycle through all items makes the maximum-likelihood estimate exist. */
const connectedRows = someRows.map((rows) => [
  ...rows,
  ...Array.from(
    { length: ITEMS },
    (_, item): Row => ({
      winner: item,
      loser: (item + 1) % ITEMS,
      weight: 1,
      firstWon: item % 2 === 0,
      tie: false,
    }),
  ),
]);

function dataOf(rows: readonly Row[], extras: "plain" | "positions" = "plain"): BradleyTerryData {
  return {
    itemCount: ITEMS,
    winners: Int32Array.from(rows, ({ winner }) => winner),
    losers: Int32Array.from(rows, ({ loser }) => loser),
    weights: Float64Array.from(rows, ({ weight }) => weight),
    ...(extras === "positions"
      ? { firstShown: Int32Array.from(rows, ({ winner, loser, firstWon }) => (firstWon ? winner : loser)) }
      : {}),
  };
}

const priors = fc.constantFrom<Prior>({ variance: 0.25 }, { variance: 2 }, "none");

describe("laws of the fit", () => {
  it("relabelling essays permutes the result", () => {
    fc.assert(
      fc.property(
        connectedRows,
        fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6], { minLength: ITEMS }),
        (rows, labels) => {
          const relabelled = rows.map((one) => ({
            ...one,
            winner: labels[one.winner] ?? 0,
            loser: labels[one.loser] ?? 0,
          }));
          const before = fitBradleyTerry(dataOf(rows));
          const after = fitBradleyTerry(dataOf(relabelled));
          expect(
            largestDifference(
              labels.map((label) => after.abilities[label] ?? Number.NaN),
              before.abilities,
            ),
          ).toBeLessThan(1e-6);
          expect(
            largestDifference(
              labels.map((label) => after.standardErrors[label] ?? Number.NaN),
              before.standardErrors,
            ),
          ).toBeLessThan(1e-6);
        },
      ),
      { numRuns: 40 },
    );
  });

  it("duplicating all data scales standard errors by 1/√2: with prior none, or with variance v → v/2", () => {
    fc.assert(
      fc.property(connectedRows, fc.constantFrom(0.5, 3), fc.boolean(), (rows, variance, none) => {
        const once = fitBradleyTerry(dataOf(rows), { prior: none ? "none" : { variance } });
        const twice = fitBradleyTerry(dataOf([...rows, ...rows]), {
          prior: none ? "none" : { variance: variance / 2 },
        });
        expect(largestDifference(twice.abilities, once.abilities)).toBeLessThan(1e-9);
        expect(
          largestDifference(
            twice.standardErrors.map((error) => error * Math.SQRT2),
            once.standardErrors,
          ),
        ).toBeLessThan(1e-9);
      }),
      { numRuns: 60 },
    );
  });

  it("reversing all verdicts negates abilities and the position effect", () => {
    fc.assert(
      fc.property(
        connectedRows,
        fc.constantFrom<Prior>({ variance: 1 }, "empirical-bayes"),
        (rows, prior) => {
          const forward = fitBradleyTerry(dataOf(rows, "positions"), { prior });
          const reversed = rows.map((one) => ({
            ...one,
            winner: one.loser,
            loser: one.winner,
            firstWon: !one.firstWon,
          }));
          const backward = fitBradleyTerry(dataOf(reversed, "positions"), { prior });
          expect(
            largestDifference(
              backward.abilities.map((ability) => -ability),
              forward.abilities,
            ),
          ).toBeLessThan(1e-6);
          expect(
            largestDifference(
              backward.positionEffects.map((effect) => -effect),
              forward.positionEffects,
            ),
          ).toBeLessThan(1e-6);
        },
      ),
      { numRuns: 40 },
    );
  });

  it("reversing all verdicts and negating the anchors negates abilities", () => {
    fc.assert(
      fc.property(someRows, fc.double({ min: -3, max: 3, noNaN: true }), (rows, ability) => {
        const reversed = rows.map((one) => ({ ...one, winner: one.loser, loser: one.winner }));
        const anchors = (sign: number) => [
          { item: 0, ability: sign * ability },
          { item: 3, ability: sign * 0.5 },
        ];
        const forward = fitBradleyTerry({ ...dataOf(rows), anchors: anchors(1) }, { prior: { variance: 1 } });
        const backward = fitBradleyTerry(
          { ...dataOf(reversed), anchors: anchors(-1) },
          { prior: { variance: 1 } },
        );
        expect(
          largestDifference(
            backward.abilities.map((value) => -value),
            forward.abilities,
          ),
        ).toBeLessThan(1e-8);
      }),
      { numRuns: 60 },
    );
  });

  it("adding a win never lowers the winner's ability, with a fixed prior or none", () => {
    fc.assert(
      fc.property(connectedRows, row, priors, (rows, win, prior) => {
        const before = fitBradleyTerry(dataOf(rows), { prior });
        const after = fitBradleyTerry(dataOf([...rows, win]), { prior });
        expect((after.abilities[win.winner] ?? 0) - (before.abilities[win.winner] ?? 0)).toBeGreaterThan(
          -1e-10,
        );
      }),
      { numRuns: 100 },
    );
  });

  it("the order of the verdicts, and splitting a weight over rows, change nothing", () => {
    fc.assert(
      fc.property(connectedRows, (rows) => {
        const halves = rows.toReversed().flatMap((one) => [
          { ...one, weight: one.weight / 2 },
          { ...one, weight: one.weight / 2 },
        ]);
        const once = fitBradleyTerry(dataOf(rows), { prior: { variance: 1 } });
        const split = fitBradleyTerry(dataOf(halves), { prior: { variance: 1 } });
        expect(largestDifference(split.abilities, once.abilities)).toBeLessThan(1e-11);
      }),
      { numRuns: 40 },
    );
  });

  it("no data give NaN: ties only, weights of 0, judges of one side, anchors far away", () => {
    const oddRow = fc.record({
      row,
      weight: fc.constantFrom(0, 1, 1, 1e-6, 1e6),
      judge: fc.integer({ min: 0, max: 2 }),
      order: fc.constantFrom("known", "unknown"),
    });
    const odd = fc.record({
      rows: fc.array(oddRow, { minLength: 1, maxLength: 25 }),
      side: fc.constantFrom("either", "first"),
      allTied: fc.boolean(),
      anchors: fc.array(
        fc.record({ ability: fc.constantFrom(-100, 0, 2, 100), standardError: fc.constantFrom(0, 0.5, 10) }),
        { maxLength: ITEMS - 1 },
      ),
    });
    fc.assert(
      fc.property(odd, ({ rows, side, allTied, anchors }) => {
        if (rows.every(({ weight }) => weight === 0)) return;
        const data: BradleyTerryData = {
          itemCount: ITEMS,
          winners: Int32Array.from(rows, ({ row: { winner } }) => winner),
          losers: Int32Array.from(rows, ({ row: { loser } }) => loser),
          weights: Float64Array.from(rows, ({ weight }) => weight),
          judges: Int32Array.from(rows, ({ judge }) => judge),
          ties: Uint8Array.from(rows, ({ row: { tie } }) => (tie || allTied ? 1 : 0)),
          firstShown: Int32Array.from(rows, ({ order, row: { winner, loser, firstWon } }) => {
            if (order === "unknown") return -1;
            return side === "first" || firstWon ? winner : loser;
          }),
          anchors: anchors.map((anchor, item) => ({ item, ...anchor })),
        };
        const { items, reliability, logLikelihood, mode } = scoreBatch(data, { replications: 2 });
        const numbers = [
          ...items.flatMap((item) => [
            item.ability,
            item.standardError,
            item.rankLow,
            item.rankHigh,
            item.topProbability,
          ]),
          ...reliability.coefficients.map(({ value }) => value ?? 0),
          ...mode,
          reliability.reliability,
          logLikelihood,
        ];
        expect(numbers.filter((number) => !Number.isFinite(number))).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });
});
