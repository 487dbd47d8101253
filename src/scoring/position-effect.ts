import { type BradleyTerryData, distinct } from "./model.ts";
import { createWork, minimise, solve } from "./newton.ts";
import { createModel, createPosterior, startingPoint } from "./posterior.ts";
import { buildVerdictGraph } from "./verdict-graph.ts";

/**
 * How much being shown first is worth, in logits (> 0 favours the first). A judge who always chose the same position has
 * no finite estimate and no error to state: its bias is total.
 */
export type PositionEffect = {
  /** Verdicts of known order, and those that the item shown first won (a tie is half). */
  readonly verdicts: number;
  readonly firstWins: number;
} & (
  | { readonly positionBias: "estimated"; readonly effect: number; readonly standardError: number }
  | { readonly positionBias: "total"; readonly favours: "first" | "second" }
);

export interface PositionEffects {
  readonly overall: PositionEffect;
  /** By judge, ascending; empty when the data do not name judges. */
  readonly judges: readonly (PositionEffect & { readonly judge: number })[];
}

/**
 * Position effects with their standard errors, estimated jointly with the abilities at a given prior variance
 * (logit P(first wins) = θ_first − θ_second + β_j, Davidson & Beaver 1977, Biometrics 33:693, eq. 2.2; β_j ~ N(0, 2²)).
 * Every verdict counts in full, repeated ones too.
 * @returns null when no order is known.
 */
export function estimatePositionEffects(
  data: BradleyTerryData,
  priorVariance: number,
  tolerance: number,
): PositionEffects | null {
  if (!data.firstShown?.some((first) => first >= 0)) return null;
  const counts = countFirstWins(data);
  const all = { verdicts: 0, firstWins: 0 };
  for (const { verdicts, firstWins } of counts.values()) {
    all.verdicts += verdicts;
    all.firstWins += firstWins;
  }
  const [overall = null] = estimateEffects(data, "overall", priorVariance, tolerance);
  const judges = data.judges ? distinct(data.judges).filter((judge) => counts.has(judge)) : [];
  const effects = data.judges ? estimateEffects(data, "per-judge", priorVariance, tolerance) : [];
  return {
    overall: describeEffect(all, overall),
    judges: judges.map((judge, index) => ({
      judge,
      ...describeEffect(counts.get(judge) ?? { verdicts: 0, firstWins: 0 }, effects[index] ?? null),
    })),
  };
}

interface Count {
  readonly verdicts: number;
  readonly firstWins: number;
}

interface Wald {
  readonly effect: number;
  readonly standardError: number;
}

function describeEffect(count: Count, wald: Wald | null): PositionEffect {
  if (count.firstWins === 0) return { ...count, positionBias: "total", favours: "second" };
  if (count.firstWins === count.verdicts || !wald)
    return { ...count, positionBias: "total", favours: "first" };
  return { ...count, positionBias: "estimated", ...wald };
}

function countFirstWins({ winners, firstShown, judges, ties }: BradleyTerryData): Map<number, Count> {
  const counts = new Map<number, Count>();
  firstShown?.forEach((first, row) => {
    if (first < 0) return;
    const judge = judges?.[row] ?? 0;
    const { verdicts, firstWins } = counts.get(judge) ?? { verdicts: 0, firstWins: 0 };
    const won = ties?.[row] === 1 ? 0.5 : first === winners[row] ? 1 : 0;
    counts.set(judge, { verdicts: verdicts + 1, firstWins: firstWins + won });
  });
  return counts;
}

/** Effects with errors √(A⁻¹)ₑₑ, each from one solve. */
function estimateEffects(
  data: BradleyTerryData,
  position: "overall" | "per-judge",
  priorVariance: number,
  tolerance: number,
): Wald[] {
  const graph = buildVerdictGraph(data, position);
  const model = createModel(graph, data.anchors);
  const posterior = createPosterior(model, 1 / priorVariance);
  const { at } = minimise(posterior, startingPoint(model), tolerance);
  const work = createWork(graph.dimension);
  const column = new Float64Array(graph.dimension);
  const unit = new Float64Array(graph.dimension);
  return Array.from(graph.effects?.observed ?? [], (_, index) => {
    const coordinate = graph.itemCount + index;
    unit.fill(0);
    unit[coordinate] = 1;
    solve(posterior, unit, column, 1e-9, work);
    return { effect: at[coordinate], standardError: Math.sqrt(column[coordinate]) };
  });
}
