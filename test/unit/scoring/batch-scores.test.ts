import { describe, expect, it } from "vitest";
import {
  type BradleyTerryData,
  fitBradleyTerry,
  RELIABILITY_STATEMENT,
  scoreBatch,
  shareRepeats,
} from "../../../src/scoring/index.ts";
import { largestDifference, referenceData, referenceDatasets } from "./reference.ts";
import { simulate } from "./simulated.ts";

const batch = simulate({ items: 24, rounds: 14, sd: 1.5, seed: 11, positionEffects: [0.5] });

describe("the scores of a batch", () => {
  const scores = scoreBatch(batch);
  const fit = fitBradleyTerry({ ...batch, weights: shareRepeats(batch) });

  it("publish the abilities of the fit, the spread integrated out", () => {
    expect(
      largestDifference(
        scores.items.map(({ ability }) => ability),
        fit.abilities,
      ),
    ).toBeLessThan(1e-12);
    expect(
      largestDifference(
        scores.items.map(({ standardError }) => standardError),
        fit.standardErrors,
      ),
    ).toBeLessThan(1e-12);
  });

  it("rank every essay once, best first", () => {
    const byRank = scores.items.toSorted((a, b) => a.rank - b.rank);
    expect(byRank.map(({ rank }) => rank)).toEqual(byRank.map((_, place) => place + 1));
    expect(
      byRank.every(
        ({ ability }, place) => ability >= (byRank[place + 1]?.ability ?? Number.NEGATIVE_INFINITY),
      ),
    ).toBe(true);
  });

  it("hold every rank inside its interval, which widens with the error", () => {
    for (const { rank, rankLow, rankHigh } of scores.items) {
      expect(rankLow).toBeLessThanOrEqual(rank);
      expect(rankHigh).toBeGreaterThanOrEqual(rank);
    }
    const width = ({ rounds }: { rounds: number }) =>
      scoreBatch(simulate({ items: 24, rounds, sd: 1.5, seed: 11 })).items.reduce(
        (sum, { rankLow, rankHigh }) => sum + rankHigh - rankLow,
        0,
      );
    expect(width({ rounds: 6 })).toBeGreaterThan(1.5 * width({ rounds: 40 }));
  });

  it("give the chances of the top group a total of its size", () => {
    const { items, topCount } = scoreBatch(batch, { topCount: 5 });
    expect(topCount).toBe(5);
    expect(items.reduce((sum, { topProbability }) => sum + topProbability, 0)).toBeCloseTo(5, 9);
  });

  it("are the same for the same seed, and rank intervals hardly depend on it", () => {
    expect(scoreBatch(batch, { seed: 4 })).toEqual(scoreBatch(batch, { seed: 4 }));
    const other = scoreBatch(batch, { seed: 5 });
    for (const [index, { rankLow }] of scoreBatch(batch, { seed: 4 }).items.entries())
      expect(Math.abs(rankLow - (other.items[index]?.rankLow ?? 0))).toBeLessThanOrEqual(2);
  });

  it("count verdicts and wins, a tie as half a win for both", () => {
    const { items } = scoreBatch({
      itemCount: 3,
      winners: Int32Array.of(0, 0, 1),
      losers: Int32Array.of(1, 2, 2),
      ties: Uint8Array.of(0, 0, 1),
    });
    expect(items.map(({ comparisons, wins }) => [comparisons, wins])).toEqual([
      [2, 2],
      [2, 0.5],
      [2, 0.5],
    ]);
  });

  it("say that neighbours in rank are tied unless one is better with 97.5 %", () => {
    const decided: BradleyTerryData = {
      itemCount: 3,
      winners: Int32Array.from({ length: 60 }, (_, row) => (row % 10 === 0 ? 1 : 0)),
      losers: Int32Array.from({ length: 60 }, (_, row) => (row % 10 === 0 ? 0 : row % 2 === 0 ? 1 : 2)),
    };
    const { items } = scoreBatch(decided);
    expect(items.map(({ tiedWithNext }) => tiedWithNext)).toEqual([false, true, false]);
  });

  it("say who is unbeaten, winless and isolated", () => {
    const { connectivity, items } = scoreBatch({
      itemCount: 4,
      winners: Int32Array.of(0, 1),
      losers: Int32Array.of(1, 2),
    });
    expect(connectivity).toMatchObject({
      unbeaten: [0],
      winless: [2],
      isolated: [3],
      mleExists: false,
      weakComponents: 2,
    });
    expect(items.every(({ ability, standardError }) => Number.isFinite(ability) && standardError > 0)).toBe(
      true,
    );
  });

  it("refuse a batch beyond the limit, and a top group of no size", () => {
    expect(() =>
      scoreBatch({ itemCount: 20_001, winners: Int32Array.of(0), losers: Int32Array.of(1) }),
    ).toThrow(expect.objectContaining({ code: "item_limit", message: expect.stringContaining("20000") }));
    expect(() => scoreBatch(batch, { topCount: 0 })).toThrow(
      expect.objectContaining({ code: "invalid_option" }),
    );
  });

  it("describe the judges, and the fit when replications are asked for", () => {
    expect(scores.fit).toBeNull();
    expect(scores.judges).toMatchObject([{ judge: 0, verdicts: 168 }]);
    const { fit } = scoreBatch(batch, { replications: 20 });
    expect(fit?.items).toHaveLength(24);
    expect(fit?.judges[0]?.infitP).toBeGreaterThan(0.04);
  });

  it("start from an earlier mode without changing the result", () => {
    const again = scoreBatch(batch, { start: scores.mode });
    expect(largestDifference(again.mode, scores.mode)).toBeLessThan(1e-6);
  });
});

describe("a prior at the boundary", () => {
  const evenHanded: BradleyTerryData = {
    itemCount: 6,
    winners: Int32Array.of(0, 1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 0),
    losers: Int32Array.of(1, 2, 3, 4, 5, 0, 0, 1, 2, 3, 4, 5),
  };
  const scores = scoreBatch(evenHanded);

  it("is reported, with reliability 0 and no decision resting on it", () => {
    expect(scores.priorAtBoundary).toBe(true);
    expect(scores.reliability).toMatchObject({ reliability: 0, decisive: false });
  });

  it("does not publish standard errors of 0", () => {
    for (const { standardError } of scores.items) expect(standardError).toBeGreaterThan(0.05);
  });

  it("does not tell essays apart", () => {
    expect(scores.items.filter(({ tiedWithNext }) => tiedWithNext)).toHaveLength(5);
    for (const { rankLow, rankHigh } of scores.items) expect(rankHigh - rankLow).toBeGreaterThanOrEqual(4);
  });
});

describe("reliability by name", () => {
  it.each(referenceDatasets.filter(([name]) => name !== "citations"))(
    "of %s agrees with the reference's SSR",
    (_name, dataset) => {
      const reference = dataset.estimates["eps_0.3"]?.ssr_diag;
      const { judges: _judges, ...data } = referenceData(dataset);
      const { coefficients } = scoreBatch(data).reliability;
      const value = (name: string) => coefficients.find((coefficient) => coefficient.name === name)?.value;
      if (!reference) return expect(dataset.n_weak_components).toBeGreaterThan(1);
      expect(value("ssr_adjusted")).toBeCloseTo(reference.ssr_adjusted, 9);
      expect(value("ssr_observed")).toBeCloseTo(reference.ssr_observedG, 9);
      expect(value("separation_observed")).toBeCloseTo(reference.G_observed, 8);
    },
  );

  it.each([
    [24, 14],
    [260, 10],
  ])("has the headline 1 − mean posterior variance / (σ̂²(1 − 1/n)) at σ̂ with %s essays", (items, rounds) => {
    const { winners, losers } = simulate({ items, rounds, sd: 1.2, seed: 7 });
    const data = { itemCount: items, winners, losers };
    const { reliability, priorVariance } = scoreBatch(data);
    const { standardErrors, abilities } = fitBradleyTerry(data, { prior: { variance: priorVariance } });
    const meanVariance = standardErrors.reduce((sum, error) => sum + error ** 2, 0) / items;
    const expected = 1 - meanVariance / (priorVariance * (1 - 1 / items));
    expect(expected).toBeGreaterThan(0.5);
    expect(reliability.reliability).toBeCloseTo(expected, items > 200 ? 5 : 10);
    const observed = abilities.reduce((sum, ability) => sum + ability ** 2, 0) / (items - 1);
    const map = reliability.coefficients.find(({ name }) => name === "reliability_map")?.value;
    expect(map).toBeCloseTo(observed / (observed + meanVariance), items > 200 ? 5 : 10);
  });

  it("says which coefficients hold when pairs were chosen adaptively", () => {
    const { coefficients } = scoreBatch(batch).reliability;
    const valid = coefficients.filter(({ validWhenAdaptive }) => validWhenAdaptive).map(({ name }) => name);
    expect(valid).toEqual(["reliability", "reliability_map"]);
  });

  it("carries the sentence that it is not validity", () => {
    expect(scoreBatch(batch).reliability.statement).toBe(RELIABILITY_STATEMENT);
    expect(RELIABILITY_STATEMENT).toContain("not validity");
  });
});

describe("position effects", () => {
  it("come overall and per judge with standard errors", () => {
    const data = simulate({ items: 30, rounds: 40, sd: 1, seed: 21, positionEffects: [0.8, -0.6] });
    const { position } = scoreBatch(data);
    expect(position?.overall).toMatchObject({ positionBias: "estimated", verdicts: 600 });
    for (const [index, truth] of [0.8, -0.6].entries()) {
      const judge = position?.judges[index];
      if (judge?.positionBias !== "estimated") throw new Error("expected an estimate");
      expect(Math.abs(judge.effect - truth)).toBeLessThan(3 * judge.standardError);
      expect(judge.standardError).toBeLessThan(0.2);
    }
  });

  it("are total, without an error, for a judge who always chooses one position", () => {
    const data = simulate({ items: 10, rounds: 8, sd: 1, seed: 3, positionEffects: [0, 50, -50] });
    const { position } = scoreBatch(data);
    expect(position?.judges.map(({ positionBias }) => positionBias)).toEqual(["estimated", "total", "total"]);
    expect(position?.judges[1]).toMatchObject({ favours: "first" });
    expect(position?.judges[2]).toMatchObject({ favours: "second" });
    expect(position?.judges[1]).not.toHaveProperty("standardError");
  });

  it("are absent when no order is known", () => {
    const { firstShown: _firstShown, ...unknown } = batch;
    expect(scoreBatch(unknown).position).toBeNull();
    expect(scoreBatch({ ...batch, firstShown: batch.firstShown.map(() => -1) }).position).toBeNull();
  });

  it.each(referenceDatasets.filter(([, { position }]) => position))(
    "of %s agree with the reference",
    (_name, dataset) => {
      const data = referenceData(dataset);
      const fit = fitBradleyTerry(data, { prior: "none" });
      expect(largestDifference(fit.abilities, dataset.position?.theta ?? [])).toBeLessThan(1e-10);
      expect(largestDifference(fit.standardErrors, dataset.position?.se ?? [])).toBeLessThan(1e-10);
      expect(fit.positionEffects[0]).toBeCloseTo(dataset.position?.beta ?? Number.NaN, 10);
      expect(fit.logLikelihood).toBeCloseTo(dataset.position?.loglik ?? Number.NaN, 8);
    },
  );

  it("have no maximum-likelihood estimate when one position always won", () => {
    const data = {
      itemCount: 2,
      winners: Int32Array.of(0, 1),
      losers: Int32Array.of(1, 0),
      firstShown: Int32Array.of(0, 1),
    };
    expect(() => fitBradleyTerry(data, { prior: "none" })).toThrow(/always chose the item shown first/);
    expect(fitBradleyTerry(data, { prior: "none", position: "ignored" }).converged).toBe(true);
  });
});

describe("repeated verdicts of one judge on one pair", () => {
  const once: BradleyTerryData = {
    itemCount: 3,
    winners: Int32Array.of(0, 1, 2),
    losers: Int32Array.of(1, 2, 0),
    firstShown: Int32Array.of(0, 2, 2),
    judges: Int32Array.of(0, 0, 0),
  };
  const asked = (judges: number[]): BradleyTerryData => ({
    itemCount: 3,
    winners: Int32Array.of(0, 0, 0, 1, 2),
    losers: Int32Array.of(1, 1, 1, 2, 0),
    firstShown: Int32Array.of(0, 1, 0, 2, 2),
    judges: Int32Array.from(judges),
  });

  it("share a total weight of 1 in the fit", () => {
    const repeated = scoreBatch(
      { ...asked([0, 0, 0, 0, 0]), firstShown: new Int32Array(5).fill(-1) },
      { prior: { variance: 1 } },
    );
    const single = scoreBatch(
      { ...once, firstShown: new Int32Array(3).fill(-1) },
      { prior: { variance: 1 } },
    );
    expect(largestDifference(repeated.mode, single.mode)).toBeLessThan(1e-9);
  });

  it("weigh in full when they come from different judges", () => {
    const { mode } = scoreBatch(asked([0, 1, 2, 0, 0]), { prior: { variance: 1 }, position: "ignored" });
    expect(mode[0]).toBeGreaterThan(0.2);
  });

  it("all count for the position effect", () => {
    expect(scoreBatch(asked([0, 0, 0, 0, 0])).position?.overall).toMatchObject({ verdicts: 5, firstWins: 3 });
  });
});
