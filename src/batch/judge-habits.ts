/** What a judge does beside agreeing or not: how sure it is, whether it likes length, what it refuses, what it costs. */
import type { Calibration, JudgeHabits } from "../contracts/ranking.ts";
import { pearson } from "../scoring/index.ts";
import type { Comparison, Essay, JudgeShare } from "./batch.ts";
import { judgeNameOf } from "./judge-name.ts";

/** A verdict about two ranked essays, as far as habits go. */
interface Observation {
  readonly winner: Essay;
  readonly loser: Essay;
  /** score of the winner less that of the loser, in logits */
  readonly difference: number;
  readonly confidence: number | null;
}

/**
 * The habits of everybody who answered, by name. Judges that gave no verdict are there as well: refusing everything is a habit.
 *
 * @param scoreOf score of an essay by number, in logits; undefined for one that is not ranked
 */
export function describeHabits(
  judges: readonly JudgeShare[],
  essays: readonly Essay[],
  comparisons: readonly Comparison[],
  scoreOf: (number: number) => number | undefined,
): ReadonlyMap<string, JudgeHabits> {
  const answered = comparisons.filter(({ provider }) => provider !== null);
  const byJudge = Map.groupBy(answered, judgeNameOf);
  return new Map([...byJudge].map(([name, group]) => [name, describeJudge(judges, essays, group, scoreOf)]));
}

function describeJudge(
  judges: readonly JudgeShare[],
  essays: readonly Essay[],
  comparisons: readonly Comparison[],
  scoreOf: (number: number) => number | undefined,
): JudgeHabits {
  const observations = comparisons.flatMap((comparison) => observe(essays, comparison, scoreOf));
  const total = (count: (comparison: Comparison) => number) =>
    comparisons.reduce((sum, comparison) => sum + count(comparison), 0);
  const answers = total(({ usage }) => usage.answers);
  return {
    asked_as: judges.at(comparisons[0].judge)?.judge ?? null,
    comparisons: comparisons.length,
    failed: comparisons.filter(({ status }) => status === "failed").length,
    calibration: calibrate(observations),
    confidence_discrimination: discriminate(observations),
    length_correlation: correlateWithLength(observations),
    longer_wins: shareOfLonger(observations),
    refusals: total(({ usage }) => usage.refusals),
    refusals_by_essay: refusalsByEssay(essays, comparisons),
    cost_usd: total(({ usage }) => usage.nanoUsd) / 1e9,
    prompt_tokens: total(({ usage }) => usage.promptTokens),
    completion_tokens: total(({ usage }) => usage.completionTokens),
    mean_response_time_ms: answers === 0 ? null : total(({ usage }) => usage.responseTimeMs) / answers,
  };
}

function observe(
  essays: readonly Essay[],
  { first, second, winner, confidence }: Comparison,
  scoreOf: (number: number) => number | undefined,
): Observation[] {
  if (winner === null) return [];
  const [better, worse] = winner === "essay_a" ? [first, second] : [second, first];
  const [high, low] = [scoreOf(better), scoreOf(worse)];
  if (high === undefined || low === undefined) return [];
  return [{ winner: essays[better], loser: essays[worse], difference: high - low, confidence }];
}

/** By stated confidence: how often the verdicts agree with the scale, and how often an honest judge's would. */
function calibrate(observations: readonly Observation[]): Calibration[] {
  const stated = observations.flatMap(({ difference, confidence }) =>
    confidence === null ? [] : [{ difference, confidence: Math.round(confidence) }],
  );
  return [...Map.groupBy(stated, ({ confidence }) => confidence)]
    .sort(([left], [right]) => left - right)
    .map(([confidence, group]) => ({
      confidence,
      verdicts: group.length,
      agreement_with_scale: mean(group.map(({ difference }) => agrees(difference))),
      // P(the verdict names the essay with the higher score) = 1/(1 + e^−|difference|), the model's own (Bradley & Terry 1952).
      expected_agreement: mean(group.map(({ difference }) => 1 / (1 + Math.exp(-Math.abs(difference))))),
    }));
}

/**
 * The area under the ROC curve of stated confidence for agreement with the scale (Hanley & McNeil 1982, Radiology 143:29): ties
 * count half. Null unless there are verdicts of both kinds.
 */
function discriminate(observations: readonly Observation[]): number | null {
  const stated = observations.filter(({ confidence }) => confidence !== null);
  const ranks = midranks(stated.map(({ confidence }) => confidence ?? 0));
  const agreeing = stated.flatMap(({ difference }, index) => (difference > 0 ? [ranks[index]] : []));
  const others = stated.length - agreeing.length;
  if (agreeing.length === 0 || others === 0) return null;
  const sum = agreeing.reduce((total, rank) => total + rank, 0);
  return (sum - (agreeing.length * (agreeing.length + 1)) / 2) / (agreeing.length * others);
}

/** Ranks from 1, equal values sharing the mean of theirs. */
function midranks(values: readonly number[]): number[] {
  const order = values.map((_, index) => index).sort((left, right) => values[left] - values[right]);
  const ranks = new Array<number>(values.length).fill(0);
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to < order.length && values[order[to]] === values[order[from]]) to += 1;
    for (let at = from; at < to; at++) ranks[order[at]] = (from + 1 + to) / 2;
    from = to;
  }
  return ranks;
}

/**
 * Pearson's correlation, over the essays that the judge compared, of the share they won with their length; null for fewer than
 * three essays, or where either does not vary.
 */
function correlateWithLength(observations: readonly Observation[]): number | null {
  const records = new Map<Essay, { wins: number; comparisons: number }>();
  const count = (essay: Essay, win: number) => {
    const record = records.get(essay) ?? { wins: 0, comparisons: 0 };
    record.wins += win;
    record.comparisons += 1;
    records.set(essay, record);
  };
  for (const { winner, loser } of observations) {
    count(winner, 1);
    count(loser, 0);
  }
  const points = [...records].flatMap(([{ length }, { wins, comparisons }]) =>
    length === null ? [] : [{ length, share: wins / comparisons }],
  );
  const lengths = Float64Array.from(points, ({ length }) => length);
  const shares = Float64Array.from(points, ({ share }) => share);
  if (points.length < 3 || !varies(lengths) || !varies(shares)) return null;
  return pearson(lengths, shares);
}

function shareOfLonger(observations: readonly Observation[]): number | null {
  const decided = observations.flatMap(({ winner, loser }) => {
    if (winner.length === null || loser.length === null || winner.length === loser.length) return [];
    return [winner.length > loser.length ? 1 : 0];
  });
  return decided.length === 0 ? null : mean(decided);
}

function refusalsByEssay(
  essays: readonly Essay[],
  comparisons: readonly Comparison[],
): JudgeHabits["refusals_by_essay"] {
  const counts = new Map<number, number>();
  for (const { first, second, usage } of comparisons) {
    if (usage.refusals === 0) continue;
    for (const number of [first, second]) counts.set(number, (counts.get(number) ?? 0) + usage.refusals);
  }
  return [...counts]
    .sort(([leftNumber, left], [rightNumber, right]) => right - left || leftNumber - rightNumber)
    .map(([number, refusals]) => ({ essay_id: essays[number].essayId, refusals }));
}

/** Equal scores agree half. */
function agrees(difference: number): number {
  return difference === 0 ? 0.5 : difference > 0 ? 1 : 0;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function varies(values: Float64Array): boolean {
  return values.some((value) => value !== values[0]);
}
