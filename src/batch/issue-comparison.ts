import { type PairOrigin, seededRandom } from "../pairing/index.ts";
import { type Comparison, NO_USAGE } from "./batch.ts";
import { askAgainAt } from "./deadlines.ts";
import type { Draft } from "./draft.ts";
import { drawJudge } from "./judge-assignment.ts";
import { HUMAN_JUDGE, indexOfPeople } from "./judges.ts";

/** Issues a comparison of two essays, given by number in the order in which they are shown. */
export type Issue = (first: number, second: number, origin: PairOrigin) => void;

/**
 * Prepares a wave: each comparison that is then issued gets the judge whose turn it is, or the one who judged its pair before
 * when it is swapped to see whether that judge says the same again. A share of those that machines judge is put before a person as
 * well. That copy is drawn without looking at anything but the seed, and shown in an order
 * of its own, so that nothing about the machine's verdict can be read from it.
 */
export function openIssuer(draft: Draft, wave: number): Issue {
  const { judges, seed } = draft.batch.origin;
  const { humanShare } = draft.batch.config;
  const shares = judges.map(({ share }) => share);
  const counts = countIssued(draft);
  const people = indexOfPeople(judges);
  // Streams of the one seed, so that judge, copy and order of showing know nothing of each other.
  const [judgeSeed, copySeed, orderSeed] = [0, 1, 2].map((stream) => seededRandom(seed, stream).bits());

  const judgeFor = (first: number, second: number, origin: PairOrigin): number => {
    if (judges.length === 1) return 0;
    const earlier = origin === "swap" ? counts.judgeOfPair.get(pairKey(first, second)) : undefined;
    if (earlier !== undefined) return earlier;
    const drawn = drawJudge(shares, counts.byJudge, judgeSeed);
    counts.byJudge[drawn] += 1;
    counts.judgeOfPair.set(pairKey(first, second), drawn);
    return drawn;
  };

  return (first, second, origin) => {
    const judge = judgeFor(first, second, origin);
    const number = draft.issuedCount();
    place(draft, { first, second, judge, copyOf: null, wave, origin });
    if (humanShare === 0 || judge === people) return;
    const drawn = drawJudge([humanShare, 1 - humanShare], counts.byCopying, copySeed);
    counts.byCopying[drawn] += 1;
    if (drawn !== 0) return;
    const turned = seededRandom(orderSeed, number).coin();
    const [shownFirst, shownSecond] = turned ? [second, first] : [first, second];
    place(draft, { first: shownFirst, second: shownSecond, judge: people, copyOf: number, wave, origin });
  };
}

/** Planned comparisons by judge, without swaps, which follow their pair; and of those that machines judge, how many were copied and how many were not. */
function countIssued(draft: Draft) {
  const { judges } = draft.batch.origin;
  const byJudge = judges.map(() => 0);
  const judgeOfPair = new Map<string, number>();
  let machine = 0;
  let copies = 0;
  for (let number = 0; number < draft.issuedCount(); number++) {
    const comparison = draft.comparison(number);
    if (comparison === undefined) continue;
    if (comparison.copyOf !== null) {
      copies += 1;
      continue;
    }
    if (!comparison.forPeople) machine += 1;
    const key = pairKey(comparison.first, comparison.second);
    if (comparison.origin === "swap" && judgeOfPair.has(key)) continue;
    byJudge[comparison.judge] += 1;
    judgeOfPair.set(key, comparison.judge);
  }
  return { byJudge, byCopying: [copies, machine - copies], judgeOfPair };
}

function pairKey(first: number, second: number): string {
  return `${Math.min(first, second)}/${Math.max(first, second)}`;
}

type Placed = Pick<Comparison, "first" | "second" | "judge" | "copyOf" | "wave" | "origin">;

function place(draft: Draft, placed: Placed): void {
  const number = draft.issuedCount();
  const forPeople = draft.batch.origin.judges[placed.judge].judge === HUMAN_JUDGE;
  draft.issue({
    ...placed,
    number,
    forPeople,
    attempt: 0,
    status: "planned",
    // A person comes by themselves: nothing has to be put into a queue, and nothing gets lost there.
    deadline: forPeople ? null : askAgainAt(draft),
    winner: null,
    settledAt: null,
    lateAt: null,
    provider: null,
    model: null,
    person: null,
    confidence: null,
    usage: NO_USAGE,
  });
  if (!forPeople) draft.ask({ number, attempt: 0 }, 0);
}
