/**
 * What the headline would be with σ̂ from the exact marginal likelihood in place of Laplace's approximation to it: on coin
 * tosses, and against r² with the truth (docs/decisions/0026).
 *
 *   node bench/scoring/exact-spread.ts [repetitions, default 60]
 */
import { factoriseHessian, invertHessian } from "../../src/scoring/covariance.ts";
import { estimate } from "../../src/scoring/estimate.ts";
import type { BradleyTerryData } from "../../src/scoring/index.ts";
import { findMode, logMarginal } from "../../src/scoring/laplace.ts";
import { createModel, startingPoint } from "../../src/scoring/posterior.ts";
import { createRandom } from "../../src/scoring/random.ts";
import { reliabilityOf } from "../../src/scoring/reliability.ts";
import { pearson } from "../../src/scoring/split-half.ts";
import { buildVerdictGraph } from "../../src/scoring/verdict-graph.ts";
import { logLikelihoodOf } from "../../src/scoring/verdicts.ts";
import { type Design, judgeDesign } from "../../test/unit/scoring/designs.ts";
import { propagate, type Sites } from "./expectation-propagation.ts";

const [, , asked = "60"] = process.argv;
const REPETITIONS = Number(asked);
const GRID = Array.from({ length: 14 }, (_, k) => Math.log(0.05) + (k * Math.log(160)) / 13);

/** The headline at the σ that maximises the exact marginal likelihood: 0 where that is the lower end of the grid. */
function exactHeadline(data: BradleyTerryData): number {
  let sites: Sites | undefined;
  const points = GRID.map((logSigma) => {
    const found = propagate(data, Math.exp(logSigma), sites);
    sites = found.sites;
    return found;
  });
  const heights = points.map(({ logMarginal: height }) => height);
  const top = heights.indexOf(Math.max(...heights));
  if (top === 0) return 0;
  if (top === GRID.length - 1) return points[top].headline;
  const [below, at, above] = heights.slice(top - 1, top + 2);
  const vertex = (below - above) / (2 * (below - 2 * at + above));
  const towards = points[top + Math.sign(vertex)];
  return points[top].headline + Math.abs(vertex) * (towards.headline - points[top].headline);
}

/** log ∫ P(verdicts | θ) N(θ; 0, σ²I) dθ against its value at σ → 0, by importance sampling from Laplace's Gaussian. */
function sampledLogMarginal(data: BradleyTerryData, sigma: number, draws: number) {
  const model = createModel(buildVerdictGraph(data, "ignored"));
  const laplace = findMode(model, Math.log(sigma), startingPoint(model), 1e-10);
  const { posterior, mode } = laplace;
  const factor = factoriseHessian(posterior);
  const centre = logMarginal(laplace, factor.logDeterminant);
  const covariance = invertHessian(posterior, factor);
  const random = createRandom(1);
  const product = new Float64Array(model.graph.dimension);
  const columns = [0, 1, 2, 3].map(() => new Float64Array(model.graph.dimension));
  const [c0, c1, c2, c3] = columns;
  const logPosterior = (at: Float64Array) =>
    logLikelihoodOf(model.graph, at) - at.reduce((sum, x) => sum + x * x, 0) / (2 * sigma ** 2);
  const atMode = logPosterior(mode.at);
  const logWeights: number[] = [];
  while (logWeights.length < draws) {
    covariance.draw(random, [c0, c1, c2, c3]);
    for (const column of columns)
      logWeights.push(
        logPosterior(column.map((x, i) => x + mode.at[i])) - atMode + posterior.multiply(column, product) / 2,
      );
  }
  const top = Math.max(...logWeights);
  const weights = logWeights.map((weight) => Math.exp(weight - top));
  const mean = weights.reduce((sum, weight) => sum + weight, 0) / draws;
  const variance = weights.reduce((sum, weight) => sum + (weight - mean) ** 2, 0) / draws;
  return {
    laplace: centre + data.winners.length * Math.LN2,
    sampled: centre + data.winners.length * Math.LN2 + top + Math.log(mean),
    error: Math.sqrt(variance / draws) / mean,
  };
}

function summarise(values: readonly number[]): string {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const sd = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
  return `${mean.toFixed(3).padStart(6)} (SD ${sd.toFixed(3)})`;
}

function compare(items: number, rounds: number, sd: number, design: Design): string {
  const results = Array.from({ length: REPETITIONS }, (_, seed) => {
    const data = judgeDesign({ items, rounds, sd, design, seed: 20_000 + seed });
    const fit = estimate(data, { tolerance: 1e-9 });
    const truth = sd > 0 ? pearson(fit.mode.at, data.truth) ** 2 : 0;
    return { laplace: reliabilityOf(fit) - truth, exact: exactHeadline(data) - truth };
  });
  return `Laplace ${summarise(results.map(({ laplace }) => laplace))}   exact ${summarise(results.map(({ exact }) => exact))}`;
}

console.log("log marginal likelihood over that of σ = 0 (100 essays × 6, Swiss from the start, SD 1.7)");
const example = judgeDesign({ items: 100, rounds: 6, sd: 1.7, design: "swiss", seed: 20_001 });
for (const sigma of [0.3, 0.6, 1, 1.4]) {
  const { laplace, sampled, error } = sampledLogMarginal(example, sigma, 20_000);
  const propagated = propagate(example, sigma).logMarginal + example.winners.length * Math.LN2;
  console.log(
    `  σ ${sigma}: Laplace ${laplace.toFixed(3)}   expectation propagation ${propagated.toFixed(3)}   importance sampling ${sampled.toFixed(3)} ± ${error.toFixed(3)}`,
  );
}
console.log(`Coin tosses, 100 × 16: the headline (${REPETITIONS} repetitions)`);
for (const design of ["random", "swiss", "nearest"] satisfies Design[])
  console.log(`  ${design.padEnd(8)} ${compare(100, 16, 0, design)}`);
console.log(`Real differences: headline − r² with the truth (${REPETITIONS} repetitions)`);
for (const design of ["random", "swiss"] satisfies Design[])
  for (const sd of [1, 1.7])
    for (const items of [30, 100])
      for (const rounds of [6, 10])
        console.log(
          `  ${design.padEnd(8)} SD ${sd} n ${items} k ${rounds}   ${compare(items, rounds, sd, design)}`,
        );
