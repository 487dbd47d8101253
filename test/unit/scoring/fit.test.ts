import { describe, expect, it } from "vitest";
import { fitBradleyTerry, ScoringError } from "../../../src/scoring/index.ts";
import { l2Priors, largestDifference, plainData, referenceDatasets } from "./reference.ts";

const MAXIMUM_NEWTON_STEPS = 12;

function faultOf(action: () => unknown): ScoringError {
  try {
    action();
  } catch (error) {
    if (error instanceof ScoringError) return error;
    throw error;
  }
  throw new Error("expected a ScoringError");
}

describe.each(referenceDatasets)("abilities of %s", (_name, dataset) => {
  const data = plainData(dataset);

  it.each(l2Priors)(
    "agree with the reference under %s to 1e-10, standard errors to 2e-10",
    (name, variance) => {
      const reference = dataset.estimates[name];
      const fit = fitBradleyTerry(data, { prior: { variance } });
      expect(largestDifference(fit.abilities, reference?.theta ?? [])).toBeLessThan(1e-10);
      // The reference subtracts v/n from an ordinary inverse, which leaves it 1.3e-10 at v = 50, n = 4.
      expect(largestDifference(fit.standardErrors, reference?.se ?? [])).toBeLessThan(2e-10);
      expect(fit.converged).toBe(true);
      expect(fit.iterations).toBeLessThanOrEqual(MAXIMUM_NEWTON_STEPS);
    },
  );

  it("agree with the maximum-likelihood estimate, or its absence is said", () => {
    const { mle: reference } = dataset.estimates;
    if (!reference) {
      const fault = faultOf(() => fitBradleyTerry(data, { prior: "none" }));
      expect(fault.code).toBe("mle_does_not_exist");
      expect(fault.items.length).toBeGreaterThan(0);
      return;
    }
    const fit = fitBradleyTerry(data, { prior: "none" });
    expect(largestDifference(fit.abilities, reference.theta)).toBeLessThan(1e-10);
    expect(largestDifference(fit.standardErrors, reference.se)).toBeLessThan(1e-10);
    expect(fit.logLikelihood).toBeCloseTo(reference.loglik ?? Number.NaN, 9);
    expect(fit.priorVariance).toBe(Number.POSITIVE_INFINITY);
    expect(fit.iterations).toBeLessThanOrEqual(MAXIMUM_NEWTON_STEPS);
  });

  it("come with the graph's components", () => {
    expect(fitBradleyTerry(data, { prior: { variance: 1 } }).connectivity).toMatchObject({
      weakComponents: dataset.n_weak_components,
      strongComponents: dataset.n_strong_components,
      mleExists: dataset.mle_exists,
    });
  });
});

describe("existence of the maximum-likelihood estimate", () => {
  const fitWithoutPrior = (itemCount: number, rows: readonly (readonly [number, number])[]) =>
    fitBradleyTerry(
      {
        itemCount,
        winners: Int32Array.from(rows, ([winner]) => winner),
        losers: Int32Array.from(rows, ([, loser]) => loser),
      },
      { prior: "none" },
    );

  it("names the unbeaten, the winless and the isolated", () => {
    const fault = faultOf(() =>
      fitWithoutPrior(4, [
        [0, 1],
        [1, 2],
        [0, 2],
      ]),
    );
    expect(fault.items).toEqual([3, 0, 2]);
    expect(fault.message).toContain("item 0 never beaten");
    expect(fault.message).toContain("item 2 never won");
    expect(fault.message).toContain("item 3 never compared");
  });

  it("names the smallest part when every item both won and lost", () => {
    const cycle = [
      [0, 1],
      [1, 2],
      [2, 0],
    ] as const;
    const upper = [
      [3, 4],
      [4, 3],
    ] as const;
    expect(faultOf(() => fitWithoutPrior(5, [...cycle, ...upper])).message).toContain(
      "items 3, 4 never compared with",
    );
    expect(faultOf(() => fitWithoutPrior(5, [...cycle, ...upper, [3, 0]])).message).toContain(
      "items 3, 4 separated by one-sided verdicts",
    );
  });

  it("fails when every verdict is a tie", () => {
    const data = {
      itemCount: 2,
      winners: Int32Array.of(0),
      losers: Int32Array.of(1),
      ties: Uint8Array.of(1),
    };
    expect(faultOf(() => fitBradleyTerry(data, { prior: "none" })).message).toContain(
      "every verdict is a tie",
    );
    expect(fitBradleyTerry(data, { prior: { variance: 1 } }).abilities.every(Number.isFinite)).toBe(true);
  });

  it("counts a tie as a win both ways, and a row of weight 0 not at all", () => {
    const ties = Uint8Array.of(1, 0, 0, 0);
    const data = {
      itemCount: 3,
      winners: Int32Array.of(0, 1, 2, 0),
      losers: Int32Array.of(1, 2, 1, 1),
      ties,
    };
    const { connectivity } = fitBradleyTerry(data, { prior: { variance: 1 } });
    expect(connectivity).toMatchObject({ strongComponents: 1, unbeaten: [], winless: [] });
    const silent = { ...data, weights: Float64Array.of(0, 1, 1, 1) };
    expect(fitBradleyTerry(silent, { prior: { variance: 1 } }).connectivity).toMatchObject({
      strongComponents: 2,
      unbeaten: [0],
    });
  });

  it("shortens a long list of items", () => {
    const rows = Array.from({ length: 12 }, (_, item) => [item, 12] as const);
    expect(faultOf(() => fitWithoutPrior(13, rows)).message).toContain("9 and 2 more never beaten");
  });
});

describe("extreme data", () => {
  it("stay finite where e^θ would overflow", () => {
    const items = 200;
    const winners = Int32Array.from({ length: 2 * (items - 1) }, (_, row) =>
      row % 2 ? row >> 1 : (row >> 1) + 1,
    );
    const losers = Int32Array.from({ length: 2 * (items - 1) }, (_, row) =>
      row % 2 ? (row >> 1) + 1 : row >> 1,
    );
    const weights = Float64Array.from(winners, (_, row) => (row % 2 ? 1 : 1000));
    const fit = fitBradleyTerry({ itemCount: items, winners, losers, weights }, { prior: "none" });
    expect((fit.abilities.at(-1) ?? 0) - (fit.abilities.at(0) ?? 0)).toBeCloseTo(
      (items - 1) * Math.log(1000),
      4,
    );
    expect(fit.standardErrors.every(Number.isFinite)).toBe(true);
  });

  it("settle in a few steps under a narrow prior, and with anchors a hundred logits away", () => {
    const data = {
      itemCount: 5,
      winners: Int32Array.of(0, 1, 2, 3, 4, 0, 2),
      losers: Int32Array.of(1, 2, 3, 4, 0, 2, 4),
    };
    const narrow = fitBradleyTerry(data, { prior: { variance: 1e-6 } });
    expect(narrow).toMatchObject({ converged: true });
    expect(narrow.iterations).toBeLessThanOrEqual(MAXIMUM_NEWTON_STEPS);
    const anchors = [{ item: 0, ability: -100 }];
    const far = fitBradleyTerry({ ...data, anchors }, { prior: "none" });
    const near = fitBradleyTerry({ ...data, anchors: [{ item: 0, ability: 0 }] }, { prior: "none" });
    expect(far.converged).toBe(true);
    expect(far.iterations).toBeLessThanOrEqual(MAXIMUM_NEWTON_STEPS);
    expect(
      largestDifference(
        far.abilities.map((ability) => ability + 100),
        near.abilities,
      ),
    ).toBeLessThan(1e-9);
  });

  it("leave abilities at the prior where every verdict is a tie, and ties of weight 0 out", () => {
    const tied = {
      itemCount: 3,
      winners: Int32Array.of(0, 1),
      losers: Int32Array.of(1, 2),
      ties: Uint8Array.of(1, 1),
    };
    const fit = fitBradleyTerry(tied, { prior: { variance: 1 } });
    expect(largestDifference(fit.abilities, [0, 0, 0])).toBeLessThan(1e-9);
    expect(largestDifference(fit.standardErrors, new Array<number>(3).fill(Math.sqrt(2 / 3)))).toBeLessThan(
      1e-6,
    );
    const silent = fitBradleyTerry({ ...tied, ties: Uint8Array.of(1, 0), weights: Float64Array.of(0, 1) });
    expect(silent.logTieOdds).toBeNull();
  });

  it.each([1e-8, 1e8])("keep a prior variance of %s", (variance) => {
    const fit = fitBradleyTerry(
      { itemCount: 3, winners: Int32Array.of(0, 0), losers: Int32Array.of(1, 2) },
      { prior: { variance } },
    );
    expect(fit.converged).toBe(true);
    expect([...fit.abilities, ...fit.standardErrors].every(Number.isFinite)).toBe(true);
  });
});
