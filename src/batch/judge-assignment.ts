import { seededRandom } from "../pairing/index.ts";

/** Products of a share and a count are whole numbers up to this. */
const ROUNDING = 1e-9;

/**
 * Whose turn it is: draws the judge of the next comparison so that after every comparison each judge has had its share of
 * all so far, give or take less than one. Within that chance decides, from a seed that pairing knows nothing of, so that who
 * judges a pair says nothing about the pair.
 *
 * The i-th comparison of a judge with share s must be one of ⌊(i−1)/s⌋ + 1 … ⌈i/s⌉, and those windows can always be kept
 * (Steiner & Yeomans 1993, Management Science 39:728, with the bound 1). A judge is drawn, by
 * what it is owed, among those whose window is open and whose choice leaves every later window satisfiable.
 *
 * @param shares above 0 for those who take part, together 1
 * @param counts comparisons that each judge has had so far; as this function drew them
 * @returns an index into `shares`
 */
export function drawJudge(shares: readonly number[], counts: readonly number[], seed: number): number {
  const turn = counts.reduce((sum, count) => sum + count, 0) + 1;
  const possible = shares.flatMap((share, judge) => {
    const open = counts[judge] < share * turn - ROUNDING;
    return open && staysFeasible(shares, counts, judge, turn) ? [judge] : [];
  });
  const owedTo = (judge: number) => shares[judge] * turn - counts[judge];
  const total = possible.reduce((sum, judge) => sum + owedTo(judge), 0);
  let left = seededRandom(seed, turn).uniform() * total;
  for (const judge of possible) {
    left -= owedTo(judge);
    if (left < 0) return judge;
  }
  return possible.at(-1) ?? 0;
}

/**
 * Whether every judge can still have its comparisons in time when `chosen` takes this turn: until any later turn t no more may
 * be owed, Σ max(0, ⌊s·t⌋ − count), than there are turns left.
 */
function staysFeasible(
  shares: readonly number[],
  counts: readonly number[],
  chosen: number,
  turn: number,
): boolean {
  const after = counts.map((count, judge) => (judge === chosen ? count + 1 : count));
  // Once every judge is owed what it has had, what is owed grows no faster than the turns do.
  for (let until = turn; ; until++) {
    const owed = shares.map((share, judge) => Math.floor(share * until + ROUNDING) - after[judge]);
    const due = owed.reduce((sum, count) => sum + Math.max(0, count), 0);
    if (due > until - turn) return false;
    if (owed.every((count, judge) => count >= 0 || shares[judge] === 0)) return true;
  }
}
