import { describe, expect, it } from "vitest";
import { expectScores, meanSquares } from "../../../src/scoring/fit-statistics.ts";
import { assessFit, type BradleyTerryData, fitBradleyTerry, scoreBatch } from "../../../src/scoring/index.ts";
import { plainData, referenceData, referenceDatasets } from "./reference.ts";
import { simulate } from "./simulated.ts";

describe.each(referenceDatasets.filter(([name]) => name !== "citations"))(
  "infit and outfit of %s",
  (_name, dataset) => {
    const prior = dataset.fit?.at === "mle" ? "none" : { variance: 5 };
    const { abilities } = fitBradleyTerry(plainData(dataset), { prior });
    const data = referenceData(dataset);
    const expectation = expectScores(data, abilities);

    it("agree with the reference for items", () => {
      const items = meanSquares(data, expectation, dataset.n, (row) => [
        data.winners[row] ?? 0,
        data.losers[row] ?? 0,
      ]);
      dataset.fit?.items.forEach(({ n, infit, outfit }, item) => {
        expect(items[item]?.verdicts).toBe(n);
        expect(items[item]?.infit).toBeCloseTo(infit, 9);
        expect(items[item]?.outfit).toBeCloseTo(outfit, 9);
      });
    });

    it("agree with the reference for judges", () => {
      const judges = Object.entries(dataset.fit?.judges ?? {});
      const found = meanSquares(data, expectation, judges.length, (row) =>
        data.judges ? [data.judges[row] ?? 0] : [],
      );
      for (const [judge, { infit, outfit }] of judges) {
        expect(found[Number(judge)]?.infit).toBeCloseTo(infit, 9);
        expect(found[Number(judge)]?.outfit).toBeCloseTo(outfit, 9);
      }
    });
  },
);

describe("bootstrap p-values of fit", () => {
  /** Four judges: the last decides by tossing a coin, or against the order. */
  const withBadJudge = (badJudge: "honest" | "reversed"): BradleyTerryData => {
    const data = simulate({ items: 20, rounds: 24, sd: 2, seed: 31, positionEffects: [0, 0, 0, 0] });
    const swap = (row: number) => badJudge === "reversed" && data.judges[row] === 3;
    return {
      ...data,
      winners: data.winners.map((winner, row) => (swap(row) ? (data.losers[row] ?? 0) : winner)),
      losers: data.losers.map((loser, row) => (swap(row) ? (data.winners[row] ?? 0) : loser)),
    };
  };

  it("single out a judge who contradicts the others", () => {
    const { judges } = assessFit(withBadJudge("reversed"), { replications: 99, position: "ignored" });
    expect(judges[3]?.infitP).toBeLessThanOrEqual(0.02);
    expect(Math.min(...judges.slice(0, 3).map(({ infitP }) => infitP))).toBeGreaterThan(0.05);
  });

  it("spread evenly when the model is right, although mean squares in sample are below 1", () => {
    const found = [1, 2, 3, 4].flatMap((seed) => {
      const data = simulate({ items: 20, rounds: 8, sd: 1.2, seed: 40 + seed });
      return assessFit(data, { replications: 99, seed }).items.flatMap((misfit) => (misfit ? [misfit] : []));
    });
    const mean = (of: (misfit: (typeof found)[number]) => number) =>
      found.reduce((sum, one) => sum + of(one), 0) / found.length;
    expect(mean(({ infit }) => infit)).toBeLessThan(0.95);
    expect(mean(({ infitP }) => infitP)).toBeGreaterThan(0.4);
    expect(mean(({ infitP }) => infitP)).toBeLessThan(0.6);
    expect(found.filter(({ infitP }) => infitP <= 0.1).length / found.length).toBeLessThan(0.2);
  });

  it("are the same for the same seed", () => {
    const data = withBadJudge("honest");
    const options = { replications: 20, seed: 7 };
    expect(assessFit(data, options)).toEqual(assessFit(data, options));
    expect(assessFit(data, { ...options, seed: 8 })).not.toEqual(assessFit(data, options));
  });

  it("count ties and position effects in the expectation", () => {
    const data = simulate({ items: 12, rounds: 12, sd: 1, seed: 9, positionEffects: [0.8], logTie: 0 });
    const { items, judges } = assessFit(data, { replications: 49 });
    expect(items.every((misfit) => misfit !== null && Number.isFinite(misfit.outfit))).toBe(true);
    expect(judges[0]?.infit).toBeGreaterThan(0.7);
    expect(judges[0]?.infit).toBeLessThan(1.1);
  });

  it("survive replications without a single tie", () => {
    const data = simulate({ items: 6, rounds: 6, sd: 1, seed: 12 });
    const oneTie = Uint8Array.from(data.winners, (_, row) => (row === 0 ? 1 : 0));
    const { items } = assessFit({ ...data, ties: oneTie }, { replications: 20 });
    expect(items.every((misfit) => misfit !== null && Number.isFinite(misfit.infitP))).toBe(true);
  });

  it.each([-1, 2.5, Number.NaN, 10_001])("are refused with %s replications", (replications) => {
    const data = simulate({ items: 6, rounds: 4, sd: 1, seed: 1 });
    const refusal = expect.objectContaining({
      code: "invalid_option",
      message: expect.stringContaining("10000"),
    });
    expect(() => assessFit(data, { replications })).toThrow(refusal);
    expect(() => scoreBatch(data, { replications })).toThrow(refusal);
  });

  it("have nothing to say of an essay without verdicts", () => {
    const data = { itemCount: 3, winners: Int32Array.of(0, 1), losers: Int32Array.of(1, 0) };
    expect(assessFit(data, { replications: 5 }).items[2]).toBeNull();
  });
});
