import type { AskedPair, Pair } from "./pair.ts";

/** A pair is given up for good when it has failed this often: some texts no judge will take. */
const MOST_FAILURES = 2;

/** What planning needs to know of the pairs asked so far. A failed pair counts as not asked. */
export interface AskedSummary {
  /** Times shown first minus times shown second, per essay. */
  readonly positions: Int32Array;
  /** Whether the pair may be asked: as a new one, once more the other way round, or not at all. */
  readonly standing: (one: number, other: number) => "new" | "asked_once" | "closed";
  /** The pair's only showing so far, or undefined when it has been asked never or twice. */
  readonly onlyShowing: (one: number, other: number) => Pair | undefined;
  /** Every pair that may be asked once more the other way round, in the order of asking. */
  readonly askedOnce: () => Pair[];
  /** Every pair that failed and may be asked again, in the order of asking. */
  readonly failed: () => Pair[];
  readonly pending: readonly Pair[];
  /** How many pairs have been asked a second time. */
  readonly repeats: number;
}

interface Showings {
  readonly latest: Pair;
  readonly times: number;
  readonly failures: number;
}

/** @param asked in the order in which the pairs were asked, by positions below `essayCount` */
export function summariseAsked(essayCount: number, asked: readonly AskedPair[]): AskedSummary {
  const showings = new Map<number, Showings>();
  const positions = new Int32Array(essayCount);
  const keyOf = (one: number, other: number) =>
    one < other ? one * essayCount + other : other * essayCount + one;
  for (const pair of asked) {
    const key = keyOf(pair.first, pair.second);
    const before = showings.get(key) ?? { latest: pair, times: 0, failures: 0 };
    if (pair.status === "failed") {
      showings.set(key, { ...before, failures: before.failures + 1 });
      continue;
    }
    showings.set(key, { latest: pair, times: before.times + 1, failures: before.failures });
    positions[pair.first]++;
    positions[pair.second]--;
  }
  const pairsStanding = (standing: "new" | "asked_once") =>
    [...showings.values()].filter((shown) => standingOf(shown) === standing).map(({ latest }) => latest);
  return {
    positions,
    standing: (one, other) => standingOf(showings.get(keyOf(one, other))),
    onlyShowing: (one, other) => {
      const shown = showings.get(keyOf(one, other));
      return shown?.times === 1 ? shown.latest : undefined;
    },
    askedOnce: () => pairsStanding("asked_once"),
    failed: () => pairsStanding("new"),
    pending: asked.filter(({ status }) => status === "pending"),
    repeats: [...showings.values()].filter(({ times }) => times === 2).length,
  };
}

function standingOf(shown: Showings | undefined): "new" | "asked_once" | "closed" {
  if (shown === undefined) return "new";
  if (shown.failures >= MOST_FAILURES || shown.times >= 2) return "closed";
  return shown.times === 0 ? "new" : "asked_once";
}
