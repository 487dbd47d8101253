import type { Covariance } from "./covariance.ts";
import { createWork, solve } from "./newton.ts";
import type { Posterior } from "./posterior.ts";
import { createRandom, type Random } from "./random.ts";

const DRAWS = 100;
const DRAW_SEED = 0xd1a6;
const COLUMN_ACCURACY = 1e-9;
const DRAW_ACCURACY = 1e-4;

/**
 * The covariance of more items than a dense inverse has room for, at the point the posterior was last evaluated at (and
 * has to stay at): variances from {@link estimateVariances}, single entries by one solve per column, draws by one solve each.
 */
export function createSparseCovariance(posterior: Posterior): Covariance {
  const { model, dimension, center, diagonal } = posterior;
  const { fixed } = model;
  const work = createWork(dimension);
  const noise = new Float64Array(dimension);
  const drawn = new Float64Array(dimension);
  const columns = new Map<number, Float64Array>();
  const columnOf = (coordinate: number): Float64Array => {
    const known = columns.get(coordinate);
    if (known) return known;
    const column = new Float64Array(dimension);
    const unit = new Float64Array(dimension);
    unit[coordinate] = 1;
    center(unit);
    solve(posterior, unit, column, COLUMN_ACCURACY, work);
    center(column);
    for (const held of columns.keys()) if (columns.size >= COLUMNS_HELD) columns.delete(held);
    columns.set(coordinate, column);
    return column;
  };
  return {
    variances: estimateVariances(posterior),
    between: (a, b) => (fixed?.[a] || fixed?.[b] ? 0 : columnOf(a)[b]),
    leastDifferenceVariance(a, b, factorA, factorB) {
      if (fixed?.[a] || fixed?.[b]) return 0;
      const squares = factorA ** 2 + factorB ** 2;
      // The entry between the two is at most the mean of their diagonal ones.
      return squares ** 2 / (2 * (factorA ** 2 * diagonal[a] + factorB ** 2 * diagonal[b]));
    },
    draw(random, out) {
      for (const column of out) {
        drawNoise(posterior, random, noise);
        solve(posterior, noise, drawn, DRAW_ACCURACY, work);
        center(drawn);
        column.set(drawn.subarray(0, column.length));
      }
    },
  };
}

/** Two items are asked about at a time. */
const COLUMNS_HELD = 2;

/**
 * Rao-Blackwellised Monte Carlo (Sidén, Lindgren, Bolin & Villani 2018, JCGS 27:898, eq. 8): with draws x ~ N(0, A⁻¹),
 * Var(θᵢ) = 1/Aᵢᵢ + Var(Σⱼ≠ᵢ Aᵢⱼxⱼ)/Aᵢᵢ². Draws solve A x = b with b ~ N(0, A) (Papandreou & Yuille 2010, §2).
 */
export function estimateVariances(posterior: Posterior): Float64Array {
  const { model, dimension, diagonal, constantPart, precision } = posterior;
  const { itemCount } = model.graph;
  const random = createRandom(DRAW_SEED);
  const work = createWork(dimension);
  const noise = new Float64Array(dimension);
  const draw = new Float64Array(dimension);
  const sum = new Float64Array(itemCount);
  for (let k = 0; k < DRAWS; k++) {
    drawNoise(posterior, random, noise);
    solve(posterior, noise, draw, DRAW_ACCURACY, work);
    posterior.center(draw);
    // A x = b up to the solver's accuracy, so that Σⱼ≠ᵢ Aᵢⱼxⱼ = bᵢ − Aᵢᵢxᵢ.
    for (let i = 0; i < itemCount; i++) sum[i] += (noise[i] / (diagonal[i] + constantPart) - draw[i]) ** 2;
  }
  return sum.map((squares, i) => {
    if (model.fixed?.[i]) return 0;
    const own = 1 / (diagonal[i] + constantPart);
    // Centring the draws removes the part of 1/Aᵢᵢ that the mean takes up.
    const centring = model.fixed ? 0 : (own * (2 - precision * own)) / itemCount;
    return own - centring + squares / DRAWS;
  });
}

/** out ~ N(0, A): independent noise per cell and per prior term, centred where the abilities are. */
function drawNoise(posterior: Posterior, random: Random, out: Float64Array): void {
  const { model, hessian, dimension, center } = posterior;
  const { graph } = model;
  const { itemCount, rowStart, other, effects } = graph;
  const ties = hessian.dt.length > 0;
  for (let i = 0; i < dimension; i++) out[i] = 0;
  for (let i = 0; i < itemCount; i++) {
    for (let k = rowStart[i]; k < rowStart[i + 1]; k++) {
      const push = Math.sqrt(hessian.dd[k]) * random.normal();
      out[i] += push;
      out[other[k]] -= push;
      if (effects && effects.sign[k] !== 0) out[effects.effect[k]] += effects.sign[k] * push;
      if (!ties || hessian.dd[k] === 0) continue;
      const shared = hessian.dt[k] / hessian.dd[k];
      const own = Math.max(0, hessian.tt[k] - shared * hessian.dt[k]);
      out[dimension - 1] += shared * push + Math.sqrt(own) * random.normal();
    }
  }
  addPriorNoise(posterior, random, out);
  const effectCount = effects?.observed.length ?? 0;
  for (let e = 0; e < effectCount; e++)
    out[itemCount + e] += Math.sqrt(model.effectPrecision) * random.normal();
  center(out);
}

/** Adds N(0, τI), with anchors N(0, τ(I − J/f) + κJ/f), on the free items. */
function addPriorNoise(
  { model, precision, constantPart }: Posterior,
  random: Random,
  out: Float64Array,
): void {
  const { fixed, freeCount, graph } = model;
  const noise = Float64Array.from({ length: graph.itemCount }, (_, i) => (fixed?.[i] ? 0 : random.normal()));
  const spread = Math.sqrt(precision);
  const mean = fixed ? noise.reduce((sum, value) => sum + value, 0) / freeCount : 0;
  const shift = fixed ? Math.sqrt(Math.max(0, precision / freeCount + constantPart)) * random.normal() : 0;
  for (let i = 0; i < graph.itemCount; i++)
    out[i] = fixed?.[i] ? 0 : out[i] + spread * (noise[i] - mean) + shift;
}
