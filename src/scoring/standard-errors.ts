import { DENSE_LIMIT, factoriseHessian, invertHessian } from "./covariance.ts";
import { createWork, solve } from "./newton.ts";
import type { Posterior } from "./posterior.ts";
import { multiplyForm } from "./quadratic-form.ts";
import { createRandom, type Random } from "./random.ts";

const DRAWS = 100;
const DRAW_SEED = 0xd1a6;

/**
 * Variances of the abilities at the point the posterior was last evaluated at: diag(P A⁻¹ P), P = I − J/n (with anchors
 * diag(A⁻¹), an anchor's own uncertainty propagated). Exact up to {@link DENSE_LIMIT} items; beyond, estimated from
 * 100 seeded draws with a relative standard error of about 14 % of the share that neighbours contribute
 * (some 1.5 % at 10 comparisons per item, .1 % at 200).
 */
export function variancesOf(posterior: Posterior): Float64Array {
  if (posterior.model.graph.itemCount > DENSE_LIMIT)
    return addAnchorErrors(posterior, estimateVariances(posterior));
  const { variances } = invertHessian(posterior, factoriseHessian(posterior));
  return addAnchorErrors(posterior, variances);
}

/** Adds what the anchors' own standard errors contribute; anchors get their own. */
export function addAnchorErrors(posterior: Posterior, variances: Float64Array): Float64Array {
  const total = variances.slice();
  for (const response of anchorResponses(posterior))
    for (let i = 0; i < total.length; i++) total[i] += response[i] * response[i];
  return total;
}

/**
 * How far one standard error of each uncertain anchor moves every ability: dθ_free/da = −A⁻¹H_free,a (first-order
 * propagation). One vector of length itemCount per anchor with a standard error.
 */
export function anchorResponses(posterior: Posterior): Float64Array[] {
  const { model, dimension, hessian } = posterior;
  const { itemCount } = model.graph;
  const work = createWork(dimension);
  const unit = new Float64Array(dimension);
  const column = new Float64Array(dimension);
  const move = new Float64Array(dimension);
  return model.anchors.flatMap(({ item, standardError = 0 }) => {
    if (standardError === 0) return [];
    unit.fill(0);
    unit[item] = 1;
    multiplyForm(model.graph, hessian, unit, column);
    for (let i = 0; i < itemCount; i++) if (model.fixed?.[i]) column[i] = 0;
    solve(posterior, column, move, 1e-9, work);
    const response = Float64Array.from({ length: itemCount }, (_, i) => -move[i] * standardError);
    response[item] = standardError;
    return [response];
  });
}

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
    solve(posterior, noise, draw, 1e-4, work);
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
