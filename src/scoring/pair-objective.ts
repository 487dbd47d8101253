import type { PairGraph } from "./graph.ts";
import type { Objective } from "./newton.ts";

/** Beyond this |ability| (logits) products of e^θ could overflow, and probabilities are taken from differences. */
const EXP_LIMIT = 300;

/**
 * −log posterior of the Bradley-Terry model, Σ nᵢⱼ log(e^θᵢ + e^θⱼ) − Σ Wᵢθᵢ + τ Σ θᵢ²/2 (Bradley & Terry 1952, eq. 5;
 * Hunter 2004, eq. 2), with the Hessian as a weighted graph Laplacian.
 */
export interface PairObjective extends Objective {
  /** Hessian weight nᵢⱼ pᵢⱼ pⱼᵢ of every pair of the graph. */
  readonly weights: Float64Array;
}

/**
 * @param precision τ = 1/σ² of the prior on every ability; 0 without a prior.
 * @param wins weight of the comparisons each item won; replaced by the eps-adjusted scores in that estimator.
 */
export function createPairObjective(
  graph: PairGraph,
  precision: number,
  wins: Float64Array = graph.wins,
): PairObjective {
  const n = graph.itemCount;
  const gradient = new Float64Array(n);
  const diagonal = new Float64Array(n);
  const weights = new Float64Array(graph.pairCount);
  const strengths = new Float64Array(n);
  const scale = Float64Array.from(graph.played, (weight) => Math.max(1, weight));
  return {
    dimension: n,
    gradient,
    diagonal,
    weights,
    scale,
    center: subtractMean,
    evaluate(abilities) {
      for (let i = 0; i < n; i++) {
        gradient[i] = precision * abilities[i] - wins[i];
        diagonal[i] = precision;
      }
      if (largest(abilities) > EXP_LIMIT)
        return addPairsByDifference(graph, abilities, gradient, diagonal, weights);
      for (let i = 0; i < n; i++) strengths[i] = Math.exp(abilities[i]);
      addPairs(graph, strengths, gradient, diagonal, weights);
      // An item without comparisons and without a prior: any positive number keeps the preconditioner defined.
      for (let i = 0; i < n; i++) if (diagonal[i] === 0) diagonal[i] = Number.MIN_VALUE;
    },
    multiply(direction, out) {
      return multiplyLaplacian(graph, weights, diagonal, direction, out);
    },
  };
}

function addPairs(
  { itemCount, rowStart, other, games }: PairGraph,
  strengths: Float64Array,
  gradient: Float64Array,
  diagonal: Float64Array,
  weights: Float64Array,
): void {
  for (let i = 0; i < itemCount; i++) {
    const strength = strengths[i];
    const end = rowStart[i + 1];
    let expected = 0;
    let information = 0;
    for (let k = rowStart[i]; k < end; k++) {
      const j = other[k];
      const opposing = strengths[j];
      const inverse = 1 / (strength + opposing);
      const won = games[k] * strength * inverse;
      const lossRate = opposing * inverse;
      const weight = won * lossRate;
      weights[k] = weight;
      expected += won;
      information += weight;
      gradient[j] += games[k] * lossRate;
      diagonal[j] += weight;
    }
    gradient[i] += expected;
    diagonal[i] += information;
  }
}

function addPairsByDifference(
  { itemCount, rowStart, other, games }: PairGraph,
  abilities: Float64Array,
  gradient: Float64Array,
  diagonal: Float64Array,
  weights: Float64Array,
): void {
  for (let i = 0; i < itemCount; i++) {
    for (let k = rowStart[i]; k < rowStart[i + 1]; k++) {
      const j = other[k];
      const winRate = 1 / (1 + Math.exp(abilities[j] - abilities[i]));
      const lossRate = 1 / (1 + Math.exp(abilities[i] - abilities[j]));
      const weight = games[k] * winRate * lossRate;
      weights[k] = weight;
      gradient[i] += games[k] * winRate;
      gradient[j] += games[k] * lossRate;
      diagonal[i] += weight;
      diagonal[j] += weight;
    }
  }
  for (let i = 0; i < itemCount; i++) diagonal[i] = Math.max(diagonal[i], Number.MIN_VALUE);
}

function multiplyLaplacian(
  { itemCount, rowStart, other }: PairGraph,
  weights: Float64Array,
  diagonal: Float64Array,
  direction: Float64Array,
  out: Float64Array,
): number {
  for (let i = 0; i < itemCount; i++) out[i] = diagonal[i] * direction[i];
  for (let i = 0; i < itemCount; i++) {
    const here = direction[i];
    const end = rowStart[i + 1];
    let sum = 0;
    for (let k = rowStart[i]; k < end; k++) {
      const j = other[k];
      const weight = weights[k];
      sum += weight * direction[j];
      out[j] -= weight * here;
    }
    out[i] -= sum;
  }
  let curvature = 0;
  for (let i = 0; i < itemCount; i++) curvature += direction[i] * out[i];
  return curvature;
}

/** Σ log P(verdict) = Σ Wᵢθᵢ − Σ nᵢⱼ log(e^θᵢ + e^θⱼ), without overflow for any finite abilities. */
export function pairLogLikelihood(
  { itemCount, rowStart, other, games, wins }: PairGraph,
  abilities: Float64Array,
): number {
  let total = 0;
  for (let i = 0; i < itemCount; i++) {
    let row = wins[i] * abilities[i];
    for (let k = rowStart[i]; k < rowStart[i + 1]; k++) {
      const a = abilities[i];
      const b = abilities[other[k]];
      row -= games[k] * (Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b))));
    }
    total += row;
  }
  return total;
}

/**
 * A start near the optimum: the logit of each item's shrunken win rate, widened for the spread of its opponents
 * (the logistic-normal integral, Crouch & Spiegelman 1990; MacKay 1992, eq. 10: κ = 1/√(1 + πσ²/8)).
 */
export function startFromWinRates({ itemCount, wins, played }: PairGraph): Float64Array {
  const start = new Float64Array(itemCount);
  let squares = 0;
  for (let i = 0; i < itemCount; i++) {
    const rate = (wins[i] + 0.5) / (played[i] + 1);
    start[i] = Math.log(rate / (1 - rate));
    squares += start[i] * start[i];
  }
  const widening = Math.sqrt(1 + Math.min(4, (Math.PI / 8) * (squares / itemCount)));
  for (let i = 0; i < itemCount; i++) start[i] *= widening;
  return start;
}

export function subtractMean(vector: Float64Array): void {
  let sum = 0;
  for (let i = 0; i < vector.length; i++) sum += vector[i];
  const mean = sum / vector.length;
  for (let i = 0; i < vector.length; i++) vector[i] -= mean;
}

function largest(vector: Float64Array): number {
  let size = 0;
  for (let i = 0; i < vector.length; i++) size = Math.max(size, Math.abs(vector[i]));
  return size;
}
