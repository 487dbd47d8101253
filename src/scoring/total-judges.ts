import { type BradleyTerryData, distinct } from "./model.ts";
import { orderedPair } from "./repeats.ts";
import { selectRows } from "./select-rows.ts";

/**
 * Different pairs that a judge must have decided all for one side before its verdicts count for nothing. What is shown first
 * does not depend on ability, so each is even odds for an unbiased judge, however good: 2⁻⁹ in all. The same pair asked again
 * could only repeat an answer.
 */
export const ONE_SIDED_PAIRS = 10;

/**
 * The verdicts that say something about abilities: without those of known order of every judge who always chose the same
 * position, on at least {@link ONE_SIDED_PAIRS} pairs. There the likelihood is largest as the judge's position effect
 * β → ±∞ (Albert & Anderson 1984, Biometrika 71:1), and in that limit the verdicts do not depend on abilities.
 * @returns the data themselves where nothing is to be left out, or nothing would be left.
 */
export function leaveOutTotalJudges(data: BradleyTerryData): BradleyTerryData {
  const total = totalJudges(data);
  if (total.size === 0) return data;
  const { judges, firstShown, weights } = data;
  const speaks = (row: number) => !total.has(judges?.[row] ?? -1) || (firstShown?.[row] ?? -1) < 0;
  const anySpeaks = data.winners.some((_, row) => speaks(row) && weights?.[row] !== 0);
  return anySpeaks ? selectRows(data, speaks) : data;
}

/** Whether every judge always chose one position: then the verdicts tell of positions alone. */
export function areAllTotal(data: BradleyTerryData): boolean {
  return data.judges !== undefined && totalJudges(data).size === distinct(data.judges).length;
}

interface Choices {
  readonly pairs: Set<number>;
  first: boolean;
  second: boolean;
}

/** Judges whose position effect separates on enough pairs; none where judges or orders are not known. */
function totalJudges(data: BradleyTerryData): ReadonlySet<number> {
  const { judges, firstShown, winners, weights, ties } = data;
  const choices = new Map<number, Choices>();
  if (!judges || !firstShown) return new Set();
  for (let row = 0; row < winners.length; row++) {
    if (firstShown[row] < 0 || weights?.[row] === 0) continue;
    const seen = choices.get(judges[row]) ?? { pairs: new Set(), first: false, second: false };
    const tie = ties?.[row] === 1;
    if (tie || firstShown[row] === winners[row]) seen.first = true;
    if (tie || firstShown[row] !== winners[row]) seen.second = true;
    if (seen.pairs.size < ONE_SIDED_PAIRS) seen.pairs.add(orderedPair(data, row));
    choices.set(judges[row], seen);
  }
  const total = [...choices].filter(
    ([, { pairs, first, second }]) => pairs.size >= ONE_SIDED_PAIRS && first !== second,
  );
  return new Set(total.map(([judge]) => judge));
}
