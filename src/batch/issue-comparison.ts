import { type PairOrigin, seededRandom } from "../pairing/index.ts";
import { type Comparison, NO_USAGE } from "./batch.ts";
import { askAgainAt } from "./deadlines.ts";
import type { Draft } from "./draft.ts";
import { drawJudge } from "./judge-assignment.ts";
import { HUMAN_JUDGE, indexOfPeople } from "./judges.ts";

/** Issues a comparison of two essays, given by number in the order in which they are shown. */
export type Issue = (first: number, second: number, origin: PairOrigin) => void;

/**
 * Prepares a wave: each comparison that is then issued gets the judge whose turn it is, and a share of those that machines
 * judge is put before a person as well. That copy is drawn without looking at anything but the seed, and shown in an order
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

  return (first, second, origin) => {
    const judge = judges.length === 1 ? 0 : drawJudge(shares, counts.byJudge, judgeSeed);
    counts.byJudge[judge] += 1;
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

/** Planned comparisons by judge; and of those that machines judge, how many were copied and how many were not. */
function countIssued(draft: Draft) {
  const { judges } = draft.batch.origin;
  const byJudge = judges.map(() => 0);
  let machine = 0;
  let copies = 0;
  for (let number = 0; number < draft.issuedCount(); number++) {
    const comparison = draft.comparison(number);
    if (comparison === undefined) continue;
    if (comparison.copyOf !== null) {
      copies += 1;
      continue;
    }
    byJudge[comparison.judge] += 1;
    if (!comparison.forPeople) machine += 1;
  }
  return { byJudge, byCopying: [copies, machine - copies] };
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
