import { describe, expect, it } from "vitest";
import { type BradleyTerryData, fitBradleyTerry } from "../../../src/scoring/index.ts";
import { invertDense, oracleLogMarginal, oracleLogSigma, oracleMode, oracleModel } from "./oracle.ts";
import { largestDifference, plainData, referenceDatasets } from "./reference.ts";
import { simulate } from "./simulated.ts";

const anchored = (data: BradleyTerryData): BradleyTerryData => ({
  ...data,
  anchors: [
    { item: 1, ability: 0.5 },
    { item: 4, ability: -1 },
  ],
});
const {
  firstShown: _f,
  judges: _j,
  ties: _t,
  ...plain
} = simulate({ items: 14, rounds: 9, sd: 1.2, seed: 5 });
const positioned = simulate({ items: 12, rounds: 10, sd: 1, seed: 6, positionEffects: [0.4, -1] });
const tied = simulate({ items: 12, rounds: 10, sd: 1, seed: 7, positionEffects: [0.5], logTie: 0.2 });

const cases: readonly [string, BradleyTerryData, "none" | "overall" | "per-judge"][] = [
  ["abilities alone", plain, "none"],
  ["a position effect", positioned, "overall"],
  ["a position effect per judge", positioned, "per-judge"],
  ["ties and a position effect", tied, "overall"],
  ["anchors", anchored(plain), "none"],
  ["anchors, ties and a position effect", anchored(tied), "overall"],
];

describe.each(cases)("the model of %s", (_name, data, effects) => {
  const model = oracleModel(data, effects);
  const position = effects === "none" ? "ignored" : effects;
  const anchors = new Set(data.anchors?.map(({ item }) => item));
  const free = (values: ArrayLike<number>) => Array.from(values).filter((_, item) => !anchors.has(item));

  it.each([0.3, 2])("has the oracle's mode and standard errors at prior variance %s", (variance) => {
    const mode = oracleMode(model, variance);
    const fit = fitBradleyTerry(data, { prior: { variance }, position });
    const parameters = [
      ...free(fit.abilities),
      ...fit.positionEffects,
      ...(fit.logTieOdds === null ? [] : [fit.logTieOdds]),
    ];
    expect(largestDifference(parameters, mode.at)).toBeLessThan(1e-10);
    const items = free(fit.abilities).length;
    const covariance = invertDense(mode.hessian);
    const shift = anchors.size > 0 ? 0 : variance / items;
    const expected = Array.from({ length: items }, (_, i) => Math.sqrt((covariance[i]?.[i] ?? 0) - shift));
    expect(largestDifference(free(fit.standardErrors), expected)).toBeLessThan(1e-9);
  });

  it("has the oracle's empirical-Bayes spread: |Δ log σ²| ≤ 1e-6", () => {
    const fit = fitBradleyTerry(data, { position });
    expect(Math.abs(Math.log(fit.priorVariance) - 2 * oracleLogSigma(model))).toBeLessThan(1e-6);
  });

  it("integrates the spread over a flat prior on σ", () => {
    const fit = fitBradleyTerry(data, { position });
    const grid = Array.from({ length: 60 }, (_, k) => Math.log(0.01) + (k * Math.log(1000)) / 59);
    const nodes = grid.map((logSigma) => ({
      height: oracleLogMarginal(model, logSigma) + logSigma,
      at: oracleMode(model, Math.exp(2 * logSigma)).at,
    }));
    const top = Math.max(...nodes.map(({ height }) => height));
    const total = nodes.reduce((sum, { height }) => sum + Math.exp(height - top), 0);
    const mean = free(fit.abilities).map((_, i) =>
      nodes.reduce((sum, { height, at }) => sum + (Math.exp(height - top) / total) * (at[i] ?? 0), 0),
    );
    expect(largestDifference(free(fit.abilities), mean)).toBeLessThan(5e-3);
  });
});

describe("empirical Bayes", () => {
  it.each(referenceDatasets.filter(([, { n }]) => n <= 10))(
    "finds the oracle's spread of %s",
    (_name, dataset) => {
      const data = plainData(dataset);
      const fit = fitBradleyTerry(data);
      const logSigma = oracleLogSigma(oracleModel(data));
      if (fit.priorAtBoundary) expect(fit.priorVariance).toBeCloseTo(1e-4, 12);
      expect(Math.abs(Math.log(fit.priorVariance) - 2 * logSigma)).toBeLessThan(1e-6);
    },
  );

  it("finds it also where Newton steps from an estimated slope would leave the range", {
    timeout: 60_000,
  }, () => {
    const { winners, losers } = simulate({ items: 220, rounds: 3, sd: 0.3, seed: 24 });
    const data = { itemCount: 220, winners, losers };
    const fit = fitBradleyTerry(data);
    const logSigma = oracleLogSigma(oracleModel(data));
    expect(Math.abs(Math.log(fit.priorVariance) - 2 * logSigma)).toBeLessThan(1e-6);
  });
});
