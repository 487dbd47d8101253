import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { factoriseHessian, invertHessian } from "../../../src/scoring/covariance.ts";
import { estimateSpread } from "../../../src/scoring/empirical-bayes.ts";
import { fitBradleyTerry } from "../../../src/scoring/index.ts";
import { createProbes, estimateSlope, findMode, slopeExactly } from "../../../src/scoring/laplace.ts";
import { minimise } from "../../../src/scoring/newton.ts";
import { createModel, createPosterior, startingPoint } from "../../../src/scoring/posterior.ts";
import { createRandom } from "../../../src/scoring/random.ts";
import { estimateVariances } from "../../../src/scoring/sparse-covariance.ts";
import { buildVerdictGraph } from "../../../src/scoring/verdict-graph.ts";
import { largestDifference } from "./reference.ts";
import { simulate } from "./simulated.ts";

const { CJ_SHARED_DATA: shared = join(import.meta.dirname, "../../../../shared/data") } = process.env;
const spec = z.object({
  n: z.number(),
  per: z.number(),
  seed: z.number(),
  sd: z.number(),
  lambda_: z.number(),
  pairs_sha256_int32le: z.string(),
  theta_f64le_b64: z.string(),
});
const generator = z.object({
  generatePairs:
    z.custom<(of: z.infer<typeof spec>) => { winners: Int32Array; losers: Int32Array; sha256: string }>(),
});

const present = existsSync(join(shared, "bt_large_reference.json"));

if (present)
  describe("the large reference sets", () => {
    it.each(["large_n1000_20", "large_n10000_200"])(
      "%s agrees to 1e-10 in at most 12 Newton steps",
      async (name) => {
        const file = readFileSync(join(shared, "bt_large_reference.json"), { encoding: "utf8" });
        const set = z.record(z.string(), z.unknown()).parse(JSON.parse(file));
        const reference = spec.parse(set[name]);
        const { generatePairs } = generator.parse(await import(join(shared, "generate-pairs.mjs")));
        const { winners, losers, sha256 } = generatePairs(reference);
        expect(sha256).toBe(reference.pairs_sha256_int32le);
        const expected = new Float64Array(
          Uint8Array.from(Buffer.from(reference.theta_f64le_b64, "base64")).buffer,
        );
        const fit = fitBradleyTerry(
          { itemCount: reference.n, winners, losers },
          { prior: { variance: 1 / (2 * reference.lambda_) } },
        );
        expect(largestDifference(fit.abilities, expected)).toBeLessThan(1e-10);
        expect(fit.iterations).toBeLessThanOrEqual(12);
      },
    );
  });

describe("many items", () => {
  const plain = (items: number, rounds: number, seed: number) => {
    const { firstShown: _f, judges: _j, ties: _t, ...data } = simulate({ items, rounds, sd: 1.2, seed });
    return data;
  };

  it.each([
    [260, 10, 1.2],
    [210, 6, 0.5],
    [210, 20, 0.5],
    [400, 6, 1.7],
  ])(
    "have the exact spread up to 2,000: the slope at σ̂ is 0 (%s items, %s rounds, SD %s)",
    (items, rounds, sd) => {
      const { winners, losers, itemCount } = simulate({ items, rounds, sd, seed: 1 });
      const model = createModel(buildVerdictGraph({ winners, losers, itemCount }, "ignored"));
      const { point, logSigma, atBoundary, error } = estimateSpread(model, startingPoint(model), 1e-13);
      expect(atBoundary).toBe(false);
      expect(error).toBe(0);
      const { slope } = slopeExactly(point);
      const beside = findMode(model, logSigma + 1e-4, point.mode.at, 1e-13);
      const derivative = (slopeExactly(beside).slope - slope) / 1e-4;
      expect(derivative).toBeLessThan(0);
      // Half of the 10⁻⁶ allowed in log σ².
      expect(Math.abs(slope / derivative)).toBeLessThan(2.5e-7);
    },
  );

  it("have an estimated slope that agrees with the exact one within its stated error", () => {
    const { winners, losers, itemCount } = simulate({ items: 300, rounds: 8, sd: 1, seed: 6 });
    const model = createModel(buildVerdictGraph({ winners, losers, itemCount }, "ignored"));
    for (const logSigma of [-1, 0.3]) {
      const point = findMode(model, logSigma, startingPoint(model), 1e-10);
      const { slope } = slopeExactly(point);
      const estimated = estimateSlope(point, createProbes(model, 200, createRandom(3)), 1e-8);
      expect(Math.abs(estimated.slope - slope)).toBeLessThan(4 * estimated.error);
      expect(estimated.error).toBeLessThan(0.5);
      const few = estimateSlope(point, createProbes(model, 50, createRandom(4)), 1e-8);
      expect(few.error / estimated.error).toBeGreaterThan(1.4);
      expect(few.error / estimated.error).toBeLessThan(2.8);
    }
  });

  it("beyond 2,000 have an estimated spread with its stated error", () => {
    const data = plain(2_010, 6, 2);
    const model = createModel(buildVerdictGraph(data, "ignored"));
    const { logSigma, error } = estimateSpread(model, startingPoint(model), 1e-10);
    expect(fitBradleyTerry(data).spreadError).toBeCloseTo(error, 6);
    expect(error).toBeGreaterThan(0);
    expect(error).toBeLessThan(0.01);
    expect(Math.abs(Math.exp(logSigma) - 1.2)).toBeLessThan(0.25);
  });

  it("beyond 2,000 have standard errors within a few percent of the exact ones", () => {
    // Two copies of one graph side by side: with a prior given, each has the errors it has alone, but for centring.
    const half = plain(1_005, 6, 3);
    const shift = (items: Int32Array) => Int32Array.of(...items, ...items.map((item) => item + 1_005));
    const both = { itemCount: 2_010, winners: shift(half.winners), losers: shift(half.losers) };
    const exact = fitBradleyTerry(half, { prior: { variance: 1 } }).standardErrors;
    const estimated = fitBradleyTerry(both, { prior: { variance: 1 } }).standardErrors;
    const ratios = Array.from(exact, (error, item) => (estimated[item] ?? 0) / error);
    expect(Math.min(...ratios)).toBeGreaterThan(0.92);
    expect(Math.max(...ratios)).toBeLessThan(1.08);
  });

  it("have estimated variances that agree with exact ones, with ties, position effects and anchors", () => {
    const data = simulate({ items: 400, rounds: 8, sd: 1, seed: 4, positionEffects: [0.5], logTie: 0 });
    const anchors = Array.from({ length: 20 }, (_, item) => ({
      item,
      ability: data.truth[item] ?? 0,
      standardError: 0.1,
    }));
    const model = createModel(buildVerdictGraph(data, "overall"), anchors);
    const posterior = createPosterior(model, 1);
    posterior.evaluate(minimise(posterior, startingPoint(model), 1e-10).at);
    const { variances: exact } = invertHessian(posterior, factoriseHessian(posterior));
    const ratios = Array.from(
      estimateVariances(posterior).slice(20),
      (variance, item) => variance / (exact[item + 20] ?? 0),
    );
    const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
    expect(Math.abs(mean - 1)).toBeLessThan(0.03);
    expect(Math.min(...ratios)).toBeGreaterThan(0.8);
    expect(Math.max(...ratios)).toBeLessThan(1.2);
  });

  it("finds no spread in coin tosses", () => {
    const {
      firstShown: _f,
      judges: _j,
      ties: _t,
      ...coins
    } = simulate({ items: 240, rounds: 6, sd: 0, seed: 5 });
    expect(fitBradleyTerry(coins).priorVariance).toBeLessThan(0.1);
  });
});
