import { estimate } from "./estimate.ts";
import { evidenceOf } from "./evidence.ts";
import { type BradleyTerryData, distinct, type FitOptions } from "./model.ts";
import { reliabilityOf } from "./reliability.ts";
import { orderedPair } from "./repeats.ts";
import { selectRows } from "./select-rows.ts";
import { validateData } from "./validation.ts";

/** How one judge's verdicts sit with the scale, with the other judges, and with its own earlier verdicts. */
export interface JudgeAgreement {
  readonly judge: number;
  readonly verdicts: number;
  /** Share of decided verdicts that agree with the order of the abilities; null without one. */
  readonly withScale: number | null;
  /**
   * Share of its decided verdicts that agree with the majority of the other judges on the pair, over pairs on which the
   * others have one (sirt `agree` counts dyads judged at least 3 times); null without one.
   */
  readonly withOthers: number | null;
  readonly comparedWithOthers: number;
  /** Share of the pairs of its repeated verdicts on one pair that agree; null where nothing was repeated. */
  readonly consistency: number | null;
  readonly repeats: number;
}

/**
 * Agreement by judge, ascending. Ties count as verdicts and agree with nothing but ties.
 * @param abilities logits, length itemCount.
 */
export function describeJudges(data: BradleyTerryData, abilities: Float64Array): JudgeAgreement[] {
  const { judges, winners, losers, ties } = data;
  if (!judges) return [];
  const pairs = groupByPair(data);
  return distinct(judges).map((judge) => {
    const rows = Array.from(judges.keys()).filter((row) => judges[row] === judge);
    const decided = rows.filter((row) => ties?.[row] !== 1);
    const agreeing = decided.filter((row) => abilities[winners[row]] > abilities[losers[row]]);
    const others = decided.flatMap((row) =>
      agreementWithOthers(data, pairs.get(orderedPair(data, row)) ?? [], row),
    );
    const repeated = repeatedVerdicts(data, rows);
    return {
      judge,
      verdicts: rows.length,
      withScale: share(agreeing.length, decided.length),
      withOthers: share(others.filter(Boolean).length, others.length),
      comparedWithOthers: others.length,
      consistency: share(repeated.filter(Boolean).length, repeated.length),
      repeats: repeated.length,
    };
  });
}

function share(part: number, whole: number): number | null {
  return whole > 0 ? part / whole : null;
}

function groupByPair(data: BradleyTerryData): Map<number, number[]> {
  const pairs = new Map<number, number[]>();
  for (let row = 0; row < data.winners.length; row++) {
    const key = orderedPair(data, row);
    const rows = pairs.get(key);
    if (rows) rows.push(row);
    else pairs.set(key, [row]);
  }
  return pairs;
}

/** Whether the row agrees with the other judges' majority on its pair; empty when they have none. */
function agreementWithOthers(
  { winners, judges, ties }: BradleyTerryData,
  rows: readonly number[],
  row: number,
): boolean[] {
  let balance = 0;
  for (const other of rows) {
    if (!judges || judges[other] === judges[row] || ties?.[other] === 1) continue;
    balance += winners[other] === winners[row] ? 1 : -1;
  }
  return balance === 0 ? [] : [balance > 0];
}

/** For every two verdicts among the rows on one pair: whether they agree. */
function repeatedVerdicts(data: BradleyTerryData, rows: readonly number[]): boolean[] {
  const seen = new Map<number, number[]>();
  const agreements: boolean[] = [];
  for (const row of rows) {
    const key = orderedPair(data, row);
    const outcome = data.ties?.[row] === 1 ? -1 : data.winners[row];
    const earlier = seen.get(key) ?? [];
    for (const before of earlier) agreements.push(before === outcome);
    seen.set(key, [...earlier, outcome]);
  }
  return agreements;
}

/**
 * By how much the headline reliability changes when a judge's verdicts are left out (No More Marking's
 * `relJudgeExcluded`, with the headline in place of SSR). Positive: the batch agrees better without the judge.
 * Repeated verdicts of a judge on a pair share a weight of 1, as in the headline, and a judge who always chose one position
 * changes nothing. One fit per judge; judges without whom no verdict is left are omitted.
 * @throws {ScoringError} for bad input, naming the row.
 */
export function reliabilityWithoutJudges(
  data: BradleyTerryData,
  options: FitOptions = {},
): { readonly judge: number; readonly change: number }[] {
  const { judges } = data;
  if (!judges) return [];
  validateData(data);
  const evidence = evidenceOf(data);
  const all = reliabilityOf(estimate(evidence, options));
  return distinct(judges).flatMap((judge) => {
    if (evidence.judges?.includes(judge) === false) return [{ judge, change: 0 }];
    const others = selectRows(data, (row) => judges[row] !== judge);
    if (others.winners.length === 0) return [];
    return [{ judge, change: reliabilityOf(estimate(evidenceOf(others), options)) - all }];
  });
}
