import { type Factor, inverseEntry } from "./cholesky.ts";
import type { VerdictGraph } from "./verdict-graph.ts";

/**
 * A symmetric matrix with the sparsity of the verdicts: Σ over cells of dd·d² + 2·dt·d·t + tt·t², where d is the
 * cell's predictor and t the tie coordinate, plus a diagonal. The Hessian is one, its derivative another.
 */
export interface QuadraticForm {
  /** The whole diagonal, cells included; length `dimension`. */
  readonly diagonal: Float64Array;
  /** Per cell. */
  readonly dd: Float64Array;
  /** Per cell; empty without ties. */
  readonly dt: Float64Array;
  readonly tt: Float64Array;
}

/** The form that is zero everywhere, to be added to. */
export function createForm({ dimension, pairCount, effects }: VerdictGraph): QuadraticForm {
  const tieCells = effects && effects.tied !== null ? pairCount : 0;
  return {
    diagonal: new Float64Array(dimension),
    dd: new Float64Array(pairCount),
    dt: new Float64Array(tieCells),
    tt: new Float64Array(tieCells),
  };
}

/** out ← form · vector */
export function multiplyForm(
  graph: VerdictGraph,
  form: QuadraticForm,
  vector: Float64Array,
  out: Float64Array,
): void {
  const { diagonal } = form;
  for (let i = 0; i < diagonal.length; i++) out[i] = diagonal[i] * vector[i];
  multiplyPairs(graph, form.dd, vector, out);
  if (graph.effects) multiplyEffects(graph, form, vector, out);
}

function multiplyPairs(
  { itemCount, rowStart, other }: VerdictGraph,
  dd: Float64Array,
  vector: Float64Array,
  out: Float64Array,
): void {
  for (let i = 0; i < itemCount; i++) {
    const here = vector[i];
    const end = rowStart[i + 1];
    let sum = 0;
    for (let k = rowStart[i]; k < end; k++) {
      const j = other[k];
      const weight = dd[k];
      sum += weight * vector[j];
      out[j] -= weight * here;
    }
    out[i] -= sum;
  }
}

function multiplyEffects(
  graph: VerdictGraph,
  { dd, dt }: QuadraticForm,
  vector: Float64Array,
  out: Float64Array,
): void {
  const { effects, other, pairCount, dimension } = graph;
  if (!effects) return;
  const { lower, sign, effect } = effects;
  const ties = dt.length > 0;
  const tieAt = dimension - 1;
  for (let k = 0; k < pairCount; k++) {
    const i = lower[k];
    const j = other[k];
    const side = sign[k];
    const e = effect[k];
    const difference = vector[i] - vector[j];
    let push = 0;
    if (side !== 0) {
      push = dd[k] * side * vector[e];
      out[e] += side * dd[k] * difference;
    }
    if (ties) {
      push += dt[k] * vector[tieAt];
      out[tieAt] += dt[k] * (side === 0 ? difference : difference + side * vector[e]);
      if (side !== 0) out[e] += side * dt[k] * vector[tieAt];
    }
    out[i] += push;
    out[j] -= push;
  }
}

/** Adds the form to the lower triangle of a dense row-major matrix of size `dimension`. */
export function addFormTo(entries: Float64Array, graph: VerdictGraph, form: QuadraticForm): void {
  const { itemCount, rowStart, other, effects, dimension: size, pairCount } = graph;
  for (let i = 0; i < size; i++) entries[i * size + i] += form.diagonal[i];
  for (let i = 0; i < itemCount; i++)
    for (let k = rowStart[i]; k < rowStart[i + 1]; k++) entries[other[k] * size + i] -= form.dd[k];
  if (!effects) return;
  const { lower, sign, effect } = effects;
  const tieRow = (size - 1) * size;
  for (let k = 0; k < pairCount; k++) {
    const side = sign[k];
    const e = effect[k];
    if (side !== 0) {
      entries[e * size + lower[k]] += side * form.dd[k];
      entries[e * size + other[k]] -= side * form.dd[k];
    }
    if (form.dt.length === 0) continue;
    entries[tieRow + lower[k]] += form.dt[k];
    entries[tieRow + other[k]] -= form.dt[k];
    if (side !== 0) entries[tieRow + e] += side * form.dt[k];
  }
}

/** tr(A⁻¹ · form's cells) from an inverted factor of A, `diagonal` being diag(A⁻¹); the form's own diagonal is not read. */
export function traceOfCells(
  graph: VerdictGraph,
  form: QuadraticForm,
  factor: Factor,
  diagonal: Float64Array,
): number {
  const { itemCount, rowStart, other } = graph;
  let total = 0;
  for (let i = 0; i < itemCount; i++)
    for (let k = rowStart[i]; k < rowStart[i + 1]; k++) {
      const j = other[k];
      const variance = diagonal[i] + diagonal[j] - 2 * inverseEntry(factor, i, j);
      total += form.dd[k] * variance;
    }
  return graph.effects ? total + traceOfEffects(graph, form, factor, diagonal) : total;
}

function traceOfEffects(
  graph: VerdictGraph,
  form: QuadraticForm,
  factor: Factor,
  diagonal: Float64Array,
): number {
  const { effects, other, pairCount, dimension } = graph;
  if (!effects) return 0;
  const rowOf = new Map<number, Float64Array>();
  const row = (coordinate: number): Float64Array => {
    const known = rowOf.get(coordinate);
    if (known) return known;
    const made = Float64Array.from({ length: dimension }, (_, i) => inverseEntry(factor, coordinate, i));
    rowOf.set(coordinate, made);
    return made;
  };
  const tieAt = dimension - 1;
  let total = 0;
  for (let k = 0; k < pairCount; k++) {
    const [i, j, side, e] = [effects.lower[k], other[k], effects.sign[k], effects.effect[k]];
    if (side !== 0) total += form.dd[k] * (diagonal[e] + 2 * side * (row(e)[i] - row(e)[j]));
    if (form.dt.length === 0) continue;
    const covariance = row(tieAt)[i] - row(tieAt)[j] + (side === 0 ? 0 : side * row(tieAt)[e]);
    total += 2 * form.dt[k] * covariance + form.tt[k] * diagonal[tieAt];
  }
  return total;
}
