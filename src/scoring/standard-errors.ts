import { DENSE_LIMIT, factoriseHessian, invertHessian } from "./covariance.ts";
import { createWork, solve } from "./newton.ts";
import type { Posterior } from "./posterior.ts";
import { multiplyForm } from "./quadratic-form.ts";
import { estimateVariances } from "./sparse-covariance.ts";

/**
 * Variances of the abilities at the point the posterior was last evaluated at: diag(P A⁻¹ P), P = I − J/n (with anchors
 * diag(A⁻¹), an anchor's own uncertainty propagated). Exact up to {@link DENSE_LIMIT} items; beyond, estimated from
 * 100 seeded draws with a relative standard error of about 14 % of the share that neighbours contribute
 * (some 1.5 % at 10 comparisons per item, .1 % at 200).
 */
export function variancesOf(posterior: Posterior): Float64Array {
  return addAnchorErrors(posterior, ownVariancesOf(posterior));
}

/** The same with the anchors taken as known exactly. */
export function ownVariancesOf(posterior: Posterior): Float64Array {
  if (posterior.model.graph.itemCount > DENSE_LIMIT) return estimateVariances(posterior);
  return invertHessian(posterior, factoriseHessian(posterior)).variances;
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
