import type { BradleyTerryData } from "../../src/scoring/index.ts";

/** Passes over the graph that a plain Newton-PCG spends on 10,000 items and 1,000,000 comparisons. */
export const FLOOR_PASSES = 53;

/** The full, symmetric graph in compressed sparse rows: what a plain matrix-vector product reads. */
interface PlainGraph {
  readonly rowStart: Int32Array;
  readonly columns: Int32Array;
  readonly values: Float64Array;
}

export function buildPlainGraph({ itemCount, winners, losers }: BradleyTerryData): PlainGraph {
  const rows = Array.from({ length: itemCount }, () => new Map<number, number>());
  for (let row = 0; row < winners.length; row++) {
    rows[winners[row]].set(losers[row], (rows[winners[row]].get(losers[row]) ?? 0) + 1);
    rows[losers[row]].set(winners[row], (rows[losers[row]].get(winners[row]) ?? 0) + 1);
  }
  const rowStart = new Int32Array(itemCount + 1);
  rows.forEach((row, item) => {
    rowStart[item + 1] = rowStart[item] + row.size;
  });
  const columns = new Int32Array(rowStart[itemCount]);
  const values = new Float64Array(rowStart[itemCount]);
  rows.forEach((row, item) => {
    [...row.entries()]
      .sort(([a], [b]) => a - b)
      .forEach(([column, value], index) => {
        columns[rowStart[item] + index] = column;
        values[rowStart[item] + index] = value;
      });
  });
  return { rowStart, columns, values };
}

/** {@link FLOOR_PASSES} plain matrix-vector products over the graph. */
export function runFloor({ rowStart, columns, values }: PlainGraph, x: Float64Array, y: Float64Array): void {
  for (let pass = 0; pass < FLOOR_PASSES; pass++) multiply(rowStart, columns, values, x, y);
}

function multiply(
  rowStart: Int32Array,
  columns: Int32Array,
  values: Float64Array,
  x: Float64Array,
  y: Float64Array,
): void {
  for (let i = 0; i < y.length; i++) {
    let sum = 0;
    for (let k = rowStart[i]; k < rowStart[i + 1]; k++) sum += values[k] * x[columns[k]];
    y[i] = sum;
  }
}
