import { buildPairGraph, type PairGraph, tallyWins } from "./graph.ts";
import type { BradleyTerryData, PositionModel } from "./model.ts";
import { selectRows } from "./select-rows.ts";

/**
 * What a verdict depends on beyond the two abilities. Its predictor is d = θ_lower − θ_higher + sign·β, with β the
 * coordinate `effect` of the parameter vector; ties add the coordinate log ν (Davidson 1970).
 */
export interface Effects {
  /** Per cell: the item whose row it is in. */
  readonly lower: Int32Array;
  /** Per cell: 1 when the lower item was shown first, −1 when the higher was, 0 when unknown. */
  readonly sign: Int8Array;
  /** Per cell: coordinate of its position effect; read only where sign ≠ 0. */
  readonly effect: Int32Array;
  /** Per position effect: Σ sign · weight · (1 lower won, ½ tie, 0 higher won). */
  readonly observed: Float64Array;
  /** Judges of the position effects, in coordinate order; empty for one overall effect. */
  readonly judges: readonly number[];
  /** Total weight of ties; null when the model has no tie parameter. */
  readonly tied: number | null;
}

/** Comparisons sorted by their lower item; with effects one cell per verdict, otherwise one per pair. */
export interface VerdictGraph extends PairGraph {
  /** Items, then position effects, then log ν. */
  readonly dimension: number;
  readonly effects: Effects | null;
}

/** @returns the graph of validated data: merged pairs where nothing but abilities matters. Rows of weight 0 are left out. */
export function buildVerdictGraph(data: BradleyTerryData, position: PositionModel): VerdictGraph {
  const { weights, firstShown, ties } = data;
  const counts = (row: number) => !weights || weights[row] > 0;
  const positions = position !== "ignored" && firstShown?.some((first, row) => first >= 0 && counts(row));
  const tied = ties?.some((tie, row) => tie === 1 && counts(row)) ?? false;
  if (!positions && !tied) return { ...buildPairGraph(data), dimension: data.itemCount, effects: null };
  const heard = weights?.includes(0) ? selectRows(data, counts) : data;
  const { order, rowStart } = orderByLowerItem(heard);
  return collectCells(heard, positions ? position : "ignored", tied, order, rowStart);
}

function orderByLowerItem({ itemCount, winners, losers }: BradleyTerryData) {
  const rowStart = new Int32Array(itemCount + 1);
  for (let row = 0; row < winners.length; row++) rowStart[Math.min(winners[row], losers[row]) + 1]++;
  for (let item = 0; item < itemCount; item++) rowStart[item + 1] += rowStart[item];
  const next = rowStart.slice(0, itemCount);
  const order = new Int32Array(winners.length);
  for (let row = 0; row < winners.length; row++) order[next[Math.min(winners[row], losers[row])]++] = row;
  return { order, rowStart };
}

function collectCells(
  data: BradleyTerryData,
  position: PositionModel,
  ties: boolean,
  order: Int32Array,
  rowStart: Int32Array,
): VerdictGraph {
  const { itemCount, winners, losers, weights, firstShown } = data;
  const cells = order.length;
  const judges = position === "per-judge" && data.judges ? distinctPositioned(data) : [];
  const coordinateOf = new Map(judges.map((judge, index) => [judge, itemCount + index]));
  const effectCount = position === "ignored" ? 0 : Math.max(1, judges.length);
  const lower = new Int32Array(cells);
  const other = new Int32Array(cells);
  const games = new Float64Array(cells);
  const sign = new Int8Array(cells);
  const effect = new Int32Array(cells).fill(itemCount);
  const observed = new Float64Array(effectCount);
  let tied = 0;
  for (let cell = 0; cell < cells; cell++) {
    const row = order[cell];
    const lowerWon = winners[row] < losers[row];
    lower[cell] = Math.min(winners[row], losers[row]);
    other[cell] = Math.max(winners[row], losers[row]);
    games[cell] = weights ? weights[row] : 1;
    const isTie = data.ties?.[row] === 1;
    if (isTie) tied += games[cell];
    if (position === "ignored" || !firstShown || firstShown[row] < 0) continue;
    sign[cell] = firstShown[row] === lower[cell] ? 1 : -1;
    if (data.judges && judges.length > 0) effect[cell] = coordinateOf.get(data.judges[row]) ?? itemCount;
    const share = isTie ? 0.5 : lowerWon ? 1 : 0;
    observed[effect[cell] - itemCount] += sign[cell] * games[cell] * share;
  }
  return {
    ...tallyWins(data),
    itemCount,
    pairCount: cells,
    rowStart,
    other,
    games,
    dimension: itemCount + effectCount + (ties ? 1 : 0),
    effects: { lower, sign, effect, observed, judges, tied: ties ? tied : null },
  };
}

/** Judges with at least one verdict of known order, ascending. */
function distinctPositioned({ judges, firstShown }: BradleyTerryData): number[] {
  const seen = new Set<number>();
  judges?.forEach((judge, row) => {
    if ((firstShown?.[row] ?? -1) >= 0) seen.add(judge);
  });
  return [...seen].sort((a, b) => a - b);
}
