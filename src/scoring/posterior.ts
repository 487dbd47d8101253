import type { Anchor } from "./model.ts";
import type { Objective } from "./newton.ts";
import { createForm, multiplyForm, type QuadraticForm } from "./quadratic-form.ts";
import type { VerdictGraph } from "./verdict-graph.ts";
import { addVerdicts, type VerdictSums } from "./verdicts.ts";

/** The β of a position effect is N(0, 2²) where abilities have a prior. */
export const POSITION_PRIOR_VARIANCE = 4;
/** With anchors the mean of the free abilities is N(mean of the anchors, 10²): it exists even if all free items won. */
const MEAN_PRIOR_VARIANCE = 100;

/** log ν has no prior to speak of: what keeps the information definite where every verdict is a tie. */
const TIE_PRECISION = 1e-12;

/** What is estimated: the graph, the items held fixed, and the priors of everything but the abilities' spread. */
export interface Model {
  readonly graph: VerdictGraph;
  /** 1 for an anchored item; null without anchors. */
  readonly fixed: Uint8Array | null;
  readonly freeCount: number;
  readonly anchors: readonly Anchor[];
  /** Precision of the position effects' prior; 0 for maximum likelihood. */
  readonly effectPrecision: number;
  /** Wins in place of the counted ones (the eps-adjusted estimator). */
  readonly wins: Float64Array;
}

/**
 * @param anchors held at their abilities (logits); fewer than the items
 * @param effectPrecision of the position effects' prior, in logits⁻²; 0 for maximum likelihood
 */
export function createModel(
  graph: VerdictGraph,
  anchors: readonly Anchor[] = [],
  effectPrecision: number = 1 / POSITION_PRIOR_VARIANCE,
): Model {
  const fixed = anchors.length > 0 ? new Uint8Array(graph.itemCount) : null;
  for (const { item } of anchors) if (fixed) fixed[item] = 1;
  return {
    graph,
    fixed,
    freeCount: graph.itemCount - anchors.length,
    anchors,
    effectPrecision,
    wins: graph.wins,
  };
}

/** The negative log posterior at one prior precision τ, its gradient and its Hessian A. */
export interface Posterior extends Objective {
  readonly model: Model;
  readonly precision: number;
  /** A without the rank-one part of an anchored model's prior; `diagonal` is its diagonal. */
  readonly hessian: QuadraticForm;
  /** A's part along the constant of the free items, as a multiple of J: −(τ − κ)/f with anchors, else 0. */
  readonly constantPart: number;
}

/**
 * Σ −log P(verdict) + τ/2 Σ_free(θ − θ̄)² + (position effects' prior), over abilities, position effects and log ν.
 * Unanchored abilities are centred, so that the prior is N(0, 1/τ) on each; with anchors the free items have the prior
 * N(μ, 1/τ) with a flat-enough μ, which leaves their mean to the data.
 */
export function createPosterior(model: Model, precision: number): Posterior {
  const { graph, fixed, freeCount } = model;
  const { dimension, itemCount, effects } = graph;
  const gradient = new Float64Array(dimension);
  const hessian = createForm(graph);
  const { diagonal } = hessian;
  const sums: VerdictSums = { gradient, hessian };
  const anchorMean = meanOfAnchors(model.anchors);
  const meanPrecision = precision > 0 ? 1 / (MEAN_PRIOR_VARIANCE * freeCount) : 0;
  const constantPart = fixed ? -(precision - meanPrecision) / freeCount : 0;
  const tiePrecision = model.effectPrecision > 0 ? TIE_PRECISION : 0;
  const effectEnd = itemCount + (effects?.observed.length ?? 0);

  function evaluate(at: Float64Array): void {
    const mean = fixed ? meanOfFree(at, model) : 0;
    for (let i = 0; i < itemCount; i++) {
      gradient[i] = precision * (at[i] - mean) - model.wins[i];
      diagonal[i] = precision;
    }
    for (let e = itemCount; e < effectEnd; e++) {
      gradient[e] = model.effectPrecision * at[e] - (effects?.observed[e - itemCount] ?? 0);
      diagonal[e] = model.effectPrecision;
    }
    if (effectEnd < dimension) {
      gradient[effectEnd] = tiePrecision * at[effectEnd] - (effects?.tied ?? 0);
      diagonal[effectEnd] = tiePrecision;
    }
    addVerdicts(graph, at, sums);
    if (fixed) holdAnchors(fixed, meanPrecision * (mean - anchorMean), gradient, diagonal);
    // Nothing is known of an item without comparisons and prior: any positive number keeps the preconditioner defined.
    for (let i = 0; i < dimension; i++) if (diagonal[i] === 0) diagonal[i] = Number.MIN_VALUE;
  }

  function multiply(direction: Float64Array, out: Float64Array): number {
    multiplyForm(graph, hessian, direction, out);
    if (fixed) addConstantPart(fixed, constantPart, direction, out);
    let curvature = 0;
    for (let i = 0; i < dimension; i++) curvature += direction[i] * out[i];
    return curvature;
  }

  return {
    model,
    precision,
    hessian,
    constantPart,
    dimension,
    gradient,
    diagonal,
    scale: gradientScale(graph),
    // Of verdicts counted in thousands, and of abilities up to 100 under the prior: neither moves an ability by 10⁻¹².
    rounding: Math.max(1e-10, 1e-13 * precision),
    center: fixed ? keep : (vector) => subtractMean(vector, itemCount),
    evaluate,
    multiply,
  };
}

function meanOfAnchors(anchors: readonly Anchor[]): number {
  return anchors.reduce((sum, { ability }) => sum + ability, 0) / Math.max(1, anchors.length);
}

function keep(): void {
  // Anchors fix the location: there is nothing to remove.
}

function gradientScale({ dimension, itemCount, played }: VerdictGraph): Float64Array {
  const total = dimension > itemCount ? played.reduce((sum, weight) => sum + weight, 0) / 2 : 1;
  return Float64Array.from({ length: dimension }, (_, i) => Math.max(1, i < itemCount ? played[i] : total));
}

function holdAnchors(
  fixed: Uint8Array,
  meanPull: number,
  gradient: Float64Array,
  diagonal: Float64Array,
): void {
  for (let i = 0; i < fixed.length; i++) {
    if (fixed[i]) {
      gradient[i] = 0;
      diagonal[i] = 1;
    } else gradient[i] += meanPull;
  }
}

function addConstantPart(fixed: Uint8Array, part: number, direction: Float64Array, out: Float64Array): void {
  let sum = 0;
  for (let i = 0; i < fixed.length; i++) if (!fixed[i]) sum += direction[i];
  for (let i = 0; i < fixed.length; i++) out[i] = fixed[i] ? direction[i] : out[i] + part * sum;
}

/** Mean ability of the items that are not anchored. */
export function meanOfFree(at: Float64Array, { fixed, freeCount, graph }: Model): number {
  let sum = 0;
  for (let i = 0; i < graph.itemCount; i++) if (!fixed?.[i]) sum += at[i];
  return sum / freeCount;
}

/** Σ_free (θ − θ̄)² */
export function spreadOfFree(at: Float64Array, model: Model): number {
  const mean = meanOfFree(at, model);
  let sum = 0;
  for (let i = 0; i < model.graph.itemCount; i++) if (!model.fixed?.[i]) sum += (at[i] - mean) ** 2;
  return sum;
}

/** Subtracts from the first `count` entries their mean. */
export function subtractMean(vector: Float64Array, count: number = vector.length): void {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += vector[i];
  const mean = sum / count;
  for (let i = 0; i < count; i++) vector[i] -= mean;
}

/**
 * A start near the optimum: the logit of each item's shrunken win rate, widened for the spread of its opponents
 * (MacKay 1992, Neural Computation 4:720, eq. 10: κ = 1/√(1 + πσ²/8)).
 * @param abilities starts from these instead (length itemCount).
 */
export function startingPoint({ graph, anchors }: Model, abilities?: Float64Array): Float64Array {
  const { itemCount, wins, played } = graph;
  const start = new Float64Array(graph.dimension);
  if (abilities) start.set(abilities);
  else {
    let squares = 0;
    for (let i = 0; i < itemCount; i++) {
      const rate = (wins[i] + 0.5) / (played[i] + 1);
      start[i] = Math.log(rate / (1 - rate));
      squares += start[i] * start[i];
    }
    const widening = Math.sqrt(1 + Math.min(4, (Math.PI / 8) * (squares / itemCount)));
    const level = meanOfAnchors(anchors);
    for (let i = 0; i < itemCount; i++) start[i] = level + start[i] * widening;
  }
  for (const { item, ability } of anchors) start[item] = ability;
  return start;
}
