import type { BradleyTerryData } from "../../../src/scoring/index.ts";

/**
 * A slow, independent scoring: every verdict is a multinomial logit over {win, loss, tie} with explicit feature vectors,
 * Newton and determinants are dense Gaussian elimination, derivatives by σ are finite differences. It shares no code
 * with src/scoring.
 */
export interface OracleModel {
  readonly size: number;
  readonly verdicts: readonly {
    readonly features: readonly (readonly number[])[];
    readonly chosen: number;
    readonly weight: number;
  }[];
  /** Prior precision matrix of all parameters for a prior variance. */
  precision(variance: number): number[][];
  readonly priorMean: readonly number[];
  readonly priorRank: number;
}

export interface OracleMode {
  readonly at: readonly number[];
  readonly hessian: number[][];
  readonly logPosterior: number;
}

const POSITION_VARIANCE = 4;
const MEAN_VARIANCE = 100;

/** Parameters: free items in index order, then position effects, then log ν. */
export function oracleModel(
  data: BradleyTerryData,
  effects: "none" | "overall" | "per-judge" = "none",
): OracleModel {
  const anchors = new Map((data.anchors ?? []).map(({ item, ability }) => [item, ability]));
  const free = Array.from({ length: data.itemCount }, (_, item) => item).filter((item) => !anchors.has(item));
  const judges = effects === "per-judge" ? [...new Set(data.judges)].sort((a, b) => a - b) : [0];
  const effectCount = effects === "none" ? 0 : judges.length;
  const hasTies = data.ties?.includes(1) ?? false;
  const size = free.length + effectCount + (hasTies ? 1 : 0);
  const verdicts = Array.from(data.winners, (winner, row) => {
    const loser = data.losers[row] ?? -1;
    const difference = new Array<number>(size + 1).fill(0);
    const add = (item: number, by: number) => {
      const anchor = anchors.get(item);
      const at = anchor === undefined ? free.indexOf(item) : size;
      difference[at] = (difference[at] ?? 0) + by * (anchor ?? 1);
    };
    add(winner, 0.5);
    add(loser, -0.5);
    const first = data.firstShown?.[row] ?? -1;
    if (effectCount > 0 && first >= 0) {
      const at = free.length + (effects === "per-judge" ? judges.indexOf(data.judges?.[row] ?? 0) : 0);
      difference[at] = first === winner ? 0.5 : -0.5;
    }
    const tie = difference.map((_, at) => (at === size - 1 ? 1 : 0));
    const features = [difference, difference.map((value) => -value), ...(hasTies ? [tie] : [])];
    return { features, chosen: data.ties?.[row] === 1 ? 2 : 0, weight: data.weights?.[row] ?? 1 };
  });
  const anchorMean =
    [...anchors.values()].reduce((sum, ability) => sum + ability, 0) / Math.max(1, anchors.size);
  return {
    size,
    verdicts,
    priorRank: free.length - 1,
    priorMean: Array.from({ length: size }, (_, at) =>
      anchors.size > 0 && at < free.length ? anchorMean : 0,
    ),
    precision: (variance) =>
      Array.from({ length: size }, (_, i) =>
        Array.from({ length: size }, (_, j) => {
          if (i >= free.length || j >= free.length)
            return i === j && i < free.length + effectCount ? 1 / POSITION_VARIANCE : 0;
          if (anchors.size === 0) return i === j ? 1 / variance : 0;
          const f = free.length;
          return (i === j ? 1 / variance : 0) + (1 / (MEAN_VARIANCE * f) - 1 / variance) / f;
        }),
      ),
  };
}

export function oracleMode(model: OracleModel, variance: number): OracleMode {
  const precision = model.precision(variance);
  const at = new Array<number>(model.size).fill(0);
  for (let step = 0; step < 200; step++) {
    const { gradient, hessian, logPosterior } = derivatives(model, precision, at);
    const move = solveDense(hessian, gradient);
    let length = 1;
    while (
      length > 1e-6 &&
      derivatives(
        model,
        precision,
        at.map((x, i) => x + length * (move[i] ?? 0)),
      ).logPosterior <
        logPosterior - 1e-9
    )
      length /= 2;
    move.forEach((by, i) => {
      at[i] = (at[i] ?? 0) + length * by;
    });
    if (Math.max(...move.map(Math.abs)) < 1e-13) break;
  }
  return { at, ...derivatives(model, precision, at) };
}

function derivatives(model: OracleModel, precision: number[][], at: readonly number[]) {
  const { size } = model;
  const gradient = new Array<number>(size).fill(0);
  const hessian = precision.map((row) => [...row]);
  let logPosterior = 0;
  const point = [...at, 1];
  for (const { features, chosen, weight } of model.verdicts) {
    const utilities = features.map((feature) =>
      feature.reduce((sum, value, i) => sum + value * (point[i] ?? 0), 0),
    );
    const top = Math.max(...utilities);
    const total = utilities.reduce((sum, utility) => sum + Math.exp(utility - top), 0);
    const shares = utilities.map((utility) => Math.exp(utility - top) / total);
    logPosterior += weight * ((utilities[chosen] ?? 0) - top - Math.log(total));
    const mean = Array.from({ length: size }, (_, i) =>
      features.reduce((sum, feature, o) => sum + (shares[o] ?? 0) * (feature[i] ?? 0), 0),
    );
    const touched = mean.flatMap((_, i) => (features.some((feature) => feature[i] !== 0) ? [i] : []));
    for (const i of touched) {
      gradient[i] = (gradient[i] ?? 0) + weight * ((features[chosen]?.[i] ?? 0) - (mean[i] ?? 0));
      for (const j of touched) {
        const second = features.reduce((sum, f, o) => sum + (shares[o] ?? 0) * (f[i] ?? 0) * (f[j] ?? 0), 0);
        const row = hessian[i] ?? [];
        row[j] = (row[j] ?? 0) + weight * (second - (mean[i] ?? 0) * (mean[j] ?? 0));
      }
    }
  }
  const offset = at.map((x, i) => x - (model.priorMean[i] ?? 0));
  precision.forEach((row, i) => {
    const pull = row.reduce((sum, value, j) => sum + value * (offset[j] ?? 0), 0);
    gradient[i] = (gradient[i] ?? 0) - pull;
    logPosterior -= ((offset[i] ?? 0) * pull) / 2;
  });
  return { gradient, hessian, logPosterior };
}

export function oracleLogMarginal(model: OracleModel, logSigma: number): number {
  const { hessian, logPosterior } = oracleMode(model, Math.exp(2 * logSigma));
  // The mean's own prior (or, without anchors, the constant, which verdicts do not touch) is kept out of σ's power.
  const constant = model.priorMean.some((mean) => mean !== 0) ? 0 : logSigma;
  return logPosterior - model.priorRank * logSigma - logDeterminant(hessian) / 2 - constant;
}

/** The σ that maximises the marginal likelihood in [.01, 10]: a fine grid, then bisection on its numerical slope. */
export function oracleLogSigma(model: OracleModel): number {
  const grid = Array.from({ length: 36 }, (_, k) => Math.log(0.01) + (k * Math.log(1000)) / 35);
  const heights = grid.map((logSigma) => oracleLogMarginal(model, logSigma));
  const best = heights.indexOf(Math.max(...heights));
  let low = grid[Math.max(0, best - 1)] ?? 0;
  let high = grid[Math.min(35, best + 1)] ?? 0;
  const slope = (at: number) => {
    const h = 2e-3;
    const l = (by: number) => oracleLogMarginal(model, at + by * h);
    return (8 * (l(1) - l(-1)) - (l(2) - l(-2))) / (12 * h);
  };
  while (high - low > 1e-8) {
    const middle = (low + high) / 2;
    if (slope(middle) > 0) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

function solveDense(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const { rows } = eliminate(matrix.map((row, i) => [...row, right[i] ?? 0]));
  const x = new Array<number>(right.length).fill(0);
  for (let i = right.length - 1; i >= 0; i--) {
    const row = rows[i] ?? [];
    const known = x.reduce((sum, value, j) => (j > i ? sum + (row[j] ?? 0) * value : sum), 0);
    x[i] = ((row[right.length] ?? 0) - known) / (row[i] ?? 1);
  }
  return x;
}

export function invertDense(matrix: readonly (readonly number[])[]): number[][] {
  const columns = matrix.map((_, j) =>
    solveDense(
      matrix,
      matrix.map((_, i) => (i === j ? 1 : 0)),
    ),
  );
  return matrix.map((_, i) => columns.map((column) => column[i] ?? 0));
}

function logDeterminant(matrix: readonly (readonly number[])[]): number {
  return eliminate(matrix.map((row) => [...row])).rows.reduce(
    (sum, row, i) => sum + Math.log(Math.abs(row[i] ?? 0)),
    0,
  );
}

function eliminate(rows: number[][]): { rows: number[][] } {
  for (let i = 0; i < rows.length; i++) {
    let pivot = i;
    for (let r = i; r < rows.length; r++)
      if (Math.abs(rows[r]?.[i] ?? 0) > Math.abs(rows[pivot]?.[i] ?? 0)) pivot = r;
    const [upper, lower] = [rows[i] ?? [], rows[pivot] ?? []];
    rows[i] = lower;
    rows[pivot] = upper;
    for (let r = i + 1; r < rows.length; r++) {
      const row = rows[r] ?? [];
      const factor = (row[i] ?? 0) / (lower[i] ?? 1);
      if (factor !== 0)
        for (let c = i; c < row.length; c++) row[c] = (row[c] ?? 0) - factor * (lower[c] ?? 0);
    }
  }
  return { rows };
}
