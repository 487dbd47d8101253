import { describe, expect, it } from "vitest";
import { type BradleyTerryData, fitBradleyTerry, refit, scoreBatch } from "../../../src/scoring/index.ts";
import { createRandom } from "../../../src/scoring/random.ts";
import { largestDifference } from "./reference.ts";
import { shuffled, simulate } from "./simulated.ts";

const ANCHORS = 8;

/** A class around `mean` judged against anchors spread over ±2, in balanced random rounds. */
function classAgainstAnchors(mean: number, seed: number): BradleyTerryData & { truth: Float64Array } {
  const random = createRandom(seed);
  const items = ANCHORS + 24;
  const truth = Float64Array.from({ length: items }, (_, item) =>
    item < ANCHORS ? -2 + (4 * item) / (ANCHORS - 1) : mean + random.normal(),
  );
  const winners: number[] = [];
  const losers: number[] = [];
  for (let round = 0; round < 10; round++) {
    const order = shuffled(items, random.below);
    for (let k = 0; k + 1 < items; k += 2) {
      const [a = 0, b = 0] = [order[k], order[k + 1]];
      const aWins = random.uniform() < 1 / (1 + Math.exp((truth[b] ?? 0) - (truth[a] ?? 0)));
      winners.push(aWins ? a : b);
      losers.push(aWins ? b : a);
    }
  }
  return {
    itemCount: items,
    truth,
    winners: Int32Array.from(winners),
    losers: Int32Array.from(losers),
    anchors: Array.from({ length: ANCHORS }, (_, item) => ({ item, ability: truth[item] ?? 0 })),
  };
}

describe("essays of known ability", () => {
  it("stay where they are, with their own standard error", () => {
    const data = classAgainstAnchors(0, 1);
    const anchors = data.anchors?.map((anchor, index) => ({
      ...anchor,
      standardError: index === 0 ? 0.2 : 0,
    }));
    const fit = fitBradleyTerry({ ...data, anchors: anchors ?? [] });
    expect(largestDifference(fit.abilities.slice(0, ANCHORS), data.truth.slice(0, ANCHORS))).toBeLessThan(
      1e-12,
    );
    expect(fit.standardErrors[0]).toBeCloseTo(0.2, 12);
    expect(fit.standardErrors[1]).toBeCloseTo(0, 12);
  });

  it("pass their uncertainty on to the others", () => {
    const data = classAgainstAnchors(0, 2);
    const uncertain = data.anchors?.map((anchor) => ({ ...anchor, standardError: 0.5 }));
    const sure = fitBradleyTerry(data, { prior: { variance: 1 } });
    const unsure = fitBradleyTerry({ ...data, anchors: uncertain ?? [] }, { prior: { variance: 1 } });
    expect(largestDifference(unsure.abilities, sure.abilities)).toBe(0);
    sure.standardErrors.forEach((error, item) => {
      expect(unsure.standardErrors[item]).toBeGreaterThan(error);
    });
    // Moving all anchors by one standard error together would move the free items by the same.
    const correlated = unsure.standardErrors.map((error, item) =>
      Math.sqrt(error ** 2 - (sure.standardErrors[item] ?? 0) ** 2),
    );
    expect(Math.max(...correlated.slice(ANCHORS))).toBeLessThan(0.5);
  });

  it.each([-1.5, 0, 1.5])(
    "let a class around %s keep its mean: no bias towards the anchors, and honest intervals",
    (mean) => {
      let bias = 0;
      let covered = 0;
      let count = 0;
      for (let seed = 0; seed < 12; seed++) {
        const data = classAgainstAnchors(mean, 100 + seed);
        const { abilities, standardErrors } = fitBradleyTerry(data);
        for (let item = ANCHORS; item < data.itemCount; item++) {
          const error = (abilities[item] ?? 0) - (data.truth[item] ?? 0);
          bias += error;
          covered += Math.abs(error) < 1.96 * (standardErrors[item] ?? 0) ? 1 : 0;
          count++;
        }
      }
      // A class mean has a standard error of about .34 here, the mean of 12 of them .1.
      expect(Math.abs(bias / count)).toBeLessThan(0.25);
      expect(covered / count).toBeGreaterThan(0.9);
    },
  );

  it("have finite results even when every free essay beat every anchor", () => {
    const { items, priorMean, connectivity } = scoreBatch({
      itemCount: 4,
      winners: Int32Array.of(0, 1, 0, 1),
      losers: Int32Array.of(2, 2, 3, 3),
      anchors: [
        { item: 2, ability: 0 },
        { item: 3, ability: 1, standardError: 0.3 },
      ],
    });
    expect(
      items.every(({ ability, standardError }) => Number.isFinite(ability) && Number.isFinite(standardError)),
    ).toBe(true);
    expect(items.map(({ isAnchor }) => isAnchor)).toEqual([false, false, true, true]);
    expect(priorMean).toBeGreaterThan(1);
    expect(connectivity.unbeaten).toEqual([0, 1]);
  });

  it("make the maximum-likelihood estimate exist where chains of verdicts reach above and below through them", () => {
    const data: BradleyTerryData = {
      itemCount: 3,
      winners: Int32Array.of(0, 1),
      losers: Int32Array.of(1, 2),
    };
    const anchors = [
      { item: 0, ability: 1 },
      { item: 2, ability: -1 },
    ];
    expect(() => fitBradleyTerry(data, { prior: "none" })).toThrow(/does not exist/);
    const fit = fitBradleyTerry({ ...data, anchors }, { prior: "none" });
    expect(fit.abilities[1]).toBeCloseTo(0, 10);
    expect(fit.standardErrors[1]).toBeCloseTo(1 / Math.sqrt((2 * Math.exp(1)) / (1 + Math.exp(1)) ** 2), 10);
  });
});

describe("refit", () => {
  const {
    firstShown: _f,
    judges: _j,
    ties: _t,
    ...data
  } = simulate({ items: 100, rounds: 12, sd: 1.3, seed: 8 });
  const earlier: BradleyTerryData = {
    ...data,
    winners: data.winners.slice(0, -6),
    losers: data.losers.slice(0, -6),
  };

  it("has the result of a fit from scratch", () => {
    const prior = { variance: 1.5 };
    const warm = refit(fitBradleyTerry(earlier, { prior }), data, { prior });
    const cold = fitBradleyTerry(data, { prior });
    expect(largestDifference(warm.abilities, cold.abilities)).toBeLessThan(1e-10);
    expect(warm.iterations).toBeLessThanOrEqual(cold.iterations);
  });

  it("has it with the spread estimated, too", () => {
    const warm = refit(fitBradleyTerry(earlier), data);
    const cold = fitBradleyTerry(data);
    expect(warm.priorVariance).toBeCloseTo(cold.priorVariance, 6);
    expect(largestDifference(warm.abilities, cold.abilities)).toBeLessThan(1e-6);
  });

  it("starts afresh when items were added", () => {
    const more = { ...data, itemCount: 101 };
    expect(refit(fitBradleyTerry(earlier), more).abilities).toHaveLength(101);
  });
});
