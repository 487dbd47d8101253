import type { QuadraticForm } from "./quadratic-form.ts";
import type { Effects, VerdictGraph } from "./verdict-graph.ts";

/** Where the expected scores and the information of the verdicts are added. */
export interface VerdictSums {
  readonly gradient: Float64Array;
  readonly hessian: QuadraticForm;
}

/** Beyond this |parameter| (logits) products of e^θ could overflow, and probabilities are taken from differences. */
const EXP_LIMIT = 300;

/**
 * Adds to the gradient the expected scores and to the Hessian the information of all verdicts at `at`:
 * Bradley & Terry 1952, eq. 5, with ties by Davidson 1970, eq. 2.4: P(win) ∝ e^{d/2}, P(loss) ∝ e^{−d/2}, P(tie) ∝ ν.
 */
export function addVerdicts(graph: VerdictGraph, at: Float64Array, sums: VerdictSums): void {
  const { effects } = graph;
  const extreme = at.some((parameter) => Math.abs(parameter) > EXP_LIMIT);
  if (effects && effects.tied !== null) addCellsWithTies(graph, at, sums);
  else if (effects && extreme) addCellsByDifference(graph, at, sums);
  else if (effects) addCells(graph, effects, at.map(Math.exp), sums);
  else if (extreme) addPairsByDifference(graph, at, sums);
  else addPairs(graph, at.map(Math.exp), sums);
}

function addPairs(
  { itemCount, rowStart, other, games }: VerdictGraph,
  strengths: Float64Array,
  sums: VerdictSums,
): void {
  const { gradient } = sums;
  const { diagonal, dd } = sums.hessian;
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
      dd[k] = weight;
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
  { itemCount, rowStart, other, games }: VerdictGraph,
  at: Float64Array,
  sums: VerdictSums,
): void {
  const { gradient } = sums;
  const { diagonal, dd } = sums.hessian;
  for (let i = 0; i < itemCount; i++) {
    for (let k = rowStart[i]; k < rowStart[i + 1]; k++) {
      const j = other[k];
      const [winRate, lossRate] = winAndLossRate(at[i] - at[j]);
      const weight = games[k] * winRate * lossRate;
      dd[k] = weight;
      gradient[i] += games[k] * winRate;
      gradient[j] += games[k] * lossRate;
      diagonal[i] += weight;
      diagonal[j] += weight;
    }
  }
}

/** σ(d) and σ(−d), each exact where the other rounds to 1. */
function winAndLossRate(difference: number): readonly [number, number] {
  const small = Math.exp(-Math.abs(difference));
  const favourite = 1 / (1 + small);
  return difference >= 0 ? [favourite, small * favourite] : [small * favourite, favourite];
}

/** @param strengths e^θ of the items and e^β of the position effects: an exponential per parameter, none per verdict. */
function addCells(
  { other, games, pairCount }: VerdictGraph,
  { lower, sign, effect }: Effects,
  strengths: Float64Array,
  { gradient, hessian }: VerdictSums,
): void {
  const { diagonal, dd } = hessian;
  for (let k = 0; k < pairCount; k++) {
    const i = lower[k];
    const j = other[k];
    const side = sign[k];
    const e = effect[k];
    const strength = side > 0 ? strengths[i] * strengths[e] : strengths[i];
    const opposing = side < 0 ? strengths[j] * strengths[e] : strengths[j];
    const inverse = 1 / (strength + opposing);
    const won = games[k] * strength * inverse;
    const lossRate = opposing * inverse;
    const weight = won * lossRate;
    dd[k] = weight;
    gradient[i] += won;
    gradient[j] += games[k] * lossRate;
    diagonal[i] += weight;
    diagonal[j] += weight;
    if (side === 0) continue;
    gradient[e] += side * won;
    diagonal[e] += weight;
  }
}

function addCellsByDifference(
  graph: VerdictGraph,
  at: Float64Array,
  { gradient, hessian }: VerdictSums,
): void {
  const { effects, other, games, pairCount } = graph;
  if (!effects) return;
  const { lower, sign, effect } = effects;
  const { diagonal, dd } = hessian;
  for (let k = 0; k < pairCount; k++) {
    const i = lower[k];
    const j = other[k];
    const side = sign[k];
    const e = effect[k];
    const [winRate, lossRate] = winAndLossRate(at[i] - at[j] + (side === 0 ? 0 : side * at[e]));
    const weight = games[k] * winRate * lossRate;
    dd[k] = weight;
    gradient[i] += games[k] * winRate;
    gradient[j] += games[k] * lossRate;
    diagonal[i] += weight;
    diagonal[j] += weight;
    if (side === 0) continue;
    gradient[e] += side * games[k] * winRate;
    diagonal[e] += weight;
  }
}

function addCellsWithTies(graph: VerdictGraph, at: Float64Array, { gradient, hessian }: VerdictSums): void {
  const { effects, other, games, pairCount, dimension } = graph;
  if (!effects) return;
  const { lower, sign, effect } = effects;
  const { diagonal, dd, dt, tt } = hessian;
  const tieAt = dimension - 1;
  for (let k = 0; k < pairCount; k++) {
    const [i, j, side, e] = [lower[k], other[k], sign[k], effect[k]];
    const difference = at[i] - at[j] + (side === 0 ? 0 : side * at[e]);
    const { win, loss, tie } = outcomeRates(difference, at[tieAt]);
    const share = win + tie / 2;
    const information = games[k] * ((win + loss - (win - loss) ** 2) / 4);
    dd[k] = information;
    dt[k] = (-games[k] * (win - loss) * tie) / 2;
    tt[k] = games[k] * tie * (1 - tie);
    gradient[i] += games[k] * share;
    gradient[j] += games[k] * (loss + tie / 2);
    gradient[tieAt] += games[k] * tie;
    diagonal[i] += information;
    diagonal[j] += information;
    diagonal[tieAt] += tt[k];
    if (side === 0) continue;
    gradient[e] += side * games[k] * share;
    diagonal[e] += information;
  }
}

/** P(win), P(loss), P(tie) of Davidson's model at predictor d and log ν; without a tie parameter logTie is −∞. */
export function outcomeRates(difference: number, logTie: number): { win: number; loss: number; tie: number } {
  const half = difference / 2;
  const top = Math.max(Math.abs(half), logTie);
  const win = Math.exp(half - top);
  const loss = Math.exp(-half - top);
  const tie = Math.exp(logTie - top);
  const total = win + loss + tie;
  return { win: win / total, loss: loss / total, tie: tie / total };
}

/**
 * Sets `drift` to the derivative of the verdicts' Hessian as the parameters move by `direction`: the third cumulants of
 * each verdict's sufficient statistics (its win-minus-loss half and its tie indicator).
 */
export function setHessianDrift(
  graph: VerdictGraph,
  at: Float64Array,
  direction: Float64Array,
  drift: QuadraticForm,
): void {
  const { itemCount, rowStart, other, games, effects, dimension } = graph;
  const logTie = effects && effects.tied !== null ? at[dimension - 1] : Number.NEGATIVE_INFINITY;
  const tieMove = effects && effects.tied !== null ? direction[dimension - 1] : 0;
  for (let i = 0; i < itemCount; i++) {
    for (let k = rowStart[i]; k < rowStart[i + 1]; k++) {
      const j = other[k];
      let difference = at[i] - at[j];
      let move = direction[i] - direction[j];
      if (effects && effects.sign[k] !== 0) {
        difference += effects.sign[k] * at[effects.effect[k]];
        move += effects.sign[k] * direction[effects.effect[k]];
      }
      if (drift.dt.length === 0) {
        const [winRate, lossRate] = winAndLossRate(difference);
        drift.dd[k] = games[k] * winRate * lossRate * (lossRate - winRate) * move;
      } else setTieDrift(drift, k, games[k], difference, logTie, move, tieMove);
    }
  }
}

/** {@link setHessianDrift} where only abilities matter: the third cumulant is w(1 − 2p). Abilities up to ±700. */
export function setPairDrift(
  { itemCount, rowStart, other }: VerdictGraph,
  at: Float64Array,
  direction: Float64Array,
  weights: Float64Array,
  drift: QuadraticForm,
): void {
  const strengths = at.map(Math.exp);
  for (let i = 0; i < itemCount; i++) {
    const strength = strengths[i];
    const move = direction[i];
    const end = rowStart[i + 1];
    for (let k = rowStart[i]; k < end; k++) {
      const j = other[k];
      const opposing = strengths[j];
      drift.dd[k] = ((weights[k] * (opposing - strength)) / (opposing + strength)) * (move - direction[j]);
    }
  }
}

function setTieDrift(
  drift: QuadraticForm,
  cell: number,
  weight: number,
  difference: number,
  logTie: number,
  move: number,
  tieMove: number,
): void {
  const { win, loss, tie } = outcomeRates(difference, logTie);
  const mean = (win - loss) / 2;
  const up = 0.5 - mean;
  const down = -0.5 - mean;
  const ddd = win * up ** 3 + loss * down ** 3 - tie * mean ** 3;
  const ddt = -tie * (win * up * up + loss * down * down) + tie * mean * mean * (1 - tie);
  const dtt = tie * tie * (win * up + loss * down) - tie * mean * (1 - tie) ** 2;
  const ttt = -(win + loss) * tie ** 3 + tie * (1 - tie) ** 3;
  drift.dd[cell] = weight * (ddd * move + ddt * tieMove);
  drift.dt[cell] = weight * (ddt * move + dtt * tieMove);
  drift.tt[cell] = weight * (dtt * move + ttt * tieMove);
}

/** Σ log P(verdict) at the parameters, without overflow for any finite ones. */
export function logLikelihoodOf(graph: VerdictGraph, at: Float64Array): number {
  if (!graph.effects && !at.some((ability) => Math.abs(ability) > EXP_LIMIT))
    return pairLogLikelihood(graph, at);
  const { itemCount, rowStart, other, games, wins, effects, dimension } = graph;
  const tied = effects?.tied ?? 0;
  const logTie = effects && effects.tied !== null ? at[dimension - 1] : Number.NEGATIVE_INFINITY;
  let total = tied > 0 ? tied * logTie : 0;
  effects?.observed.forEach((observed, index) => {
    total += observed * at[itemCount + index];
  });
  for (let i = 0; i < itemCount; i++) {
    let row = wins[i] * at[i];
    for (let k = rowStart[i]; k < rowStart[i + 1]; k++) {
      const j = other[k];
      const offset = effects && effects.sign[k] !== 0 ? effects.sign[k] * at[effects.effect[k]] : 0;
      row -= games[k] * (logNormaliser(at[i] - at[j] + offset, logTie) + (at[i] + at[j] + offset) / 2);
    }
    total += row;
  }
  return total;
}

/** Products of so many strengths' sums stay within the range of numbers. */
const PRODUCT_MIN = 1e-150;
const PRODUCT_MAX = 1e150;

/** Σ Wᵢθᵢ − Σ nᵢⱼ log(e^θᵢ + e^θⱼ), one logarithm per many single comparisons. */
function pairLogLikelihood(
  { itemCount, rowStart, other, games, wins }: VerdictGraph,
  at: Float64Array,
): number {
  const strengths = at.map(Math.exp);
  let total = 0;
  for (let i = 0; i < itemCount; i++) {
    let row = wins[i] * at[i];
    let product = 1;
    for (let k = rowStart[i]; k < rowStart[i + 1]; k++) {
      const sum = strengths[i] + strengths[other[k]];
      if (games[k] !== 1) {
        row -= games[k] * Math.log(sum);
        continue;
      }
      product *= sum;
      if (product > PRODUCT_MIN && product < PRODUCT_MAX) continue;
      row -= Math.log(product);
      product = 1;
    }
    total += row - Math.log(product);
  }
  return total;
}

/** log(e^{d/2} + e^{−d/2} + ν) */
function logNormaliser(difference: number, logTie: number): number {
  const half = Math.abs(difference) / 2;
  if (logTie === Number.NEGATIVE_INFINITY) return half + Math.log1p(Math.exp(-2 * half));
  const top = Math.max(half, logTie);
  return top + Math.log(Math.exp(half - top) + Math.exp(-half - top) + Math.exp(logTie - top));
}
