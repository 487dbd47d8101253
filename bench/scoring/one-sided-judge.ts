/**
 * What a judge who always prefers the essay shown first does to a ranking: 20 essays (SD 2.5), all 190 pairs, 57 of them
 * decided by that judge. Printed: the correlation with the truth less that of the honest judge's 133 verdicts alone, with the
 * judge's position effect damped by its prior (the baseline) and as `scoreBatch` does it. Then batches of nothing but such judges.
 *
 *   node bench/scoring/one-sided-judge.ts
 */
import { estimate } from "../../src/scoring/estimate.ts";
import {
  type BradleyTerryData,
  type PositionModel,
  scoreBatch,
  shareRepeats,
} from "../../src/scoring/index.ts";
import { createRandom } from "../../src/scoring/random.ts";
import { selectRows } from "../../src/scoring/select-rows.ts";
import { pearson } from "../../src/scoring/split-half.ts";
import { shuffled } from "../../test/unit/scoring/simulated.ts";

const ITEMS = 20;
const SEEDS = 200;
const HONEST = 133;

/** The first `honest` of the 190 shuffled pairs are decided by Bradley-Terry, the others by what was shown first or second. */
function judge(
  seed: number,
  honest: number,
  judgeOf: (row: number) => number,
  firstWins: (judge: number) => boolean,
) {
  const random = createRandom(seed);
  const truth = Float64Array.from({ length: ITEMS }, () => 2.5 * random.normal());
  const all = Array.from({ length: ITEMS ** 2 }, (_, k) => [Math.floor(k / ITEMS), k % ITEMS] as const);
  const pairs = all.filter(([a, b]) => a < b);
  const rows = shuffled(pairs.length, random.below).map((at, row) => {
    const [first, second] = random.uniform() < 0.5 ? pairs[at] : pairs[at].toReversed();
    const chance = 1 / (1 + Math.exp(truth[second] - truth[first]));
    const wins = row < honest ? random.uniform() < chance : firstWins(judgeOf(row));
    return { first, winner: wins ? first : second, loser: wins ? second : first, judge: judgeOf(row) };
  });
  const data: BradleyTerryData = {
    itemCount: ITEMS,
    winners: Int32Array.from(rows, ({ winner }) => winner),
    losers: Int32Array.from(rows, ({ loser }) => loser),
    firstShown: Int32Array.from(rows, ({ first }) => first),
    judges: Int32Array.from(rows, (row) => row.judge),
  };
  return { truth, data };
}

function published(data: BradleyTerryData): Float64Array {
  return Float64Array.from(scoreBatch(data).items, ({ ability }) => ability);
}

function damped(data: BradleyTerryData, position: PositionModel): Float64Array {
  return estimate({ ...data, weights: shareRepeats(data) }, { position }).integrate().abilities;
}

function compare(name: string, position: PositionModel, honestJudges: number): void {
  const differences = Array.from({ length: SEEDS }, (_, seed) => {
    const { truth, data } = judge(
      seed + 1,
      HONEST,
      (row) => (row < HONEST ? 1 + (row % honestJudges) : 0),
      () => true,
    );
    const alone = pearson(published(selectRows(data, (row) => data.judges?.[row] !== 0)), truth);
    return [damped(data, position), published(data)].map((scores) =>
      Math.abs(pearson(scores, truth) - alone),
    );
  });
  const [before, after] = [0, 1].map((at) => differences.map((pair) => pair[at]));
  for (const [what, values] of [
    ["damped by N(0, 2²)", before],
    ["scoreBatch", after],
  ] as const)
    console.log(
      `${name}, ${what}: largest ${Math.max(...values).toFixed(4)}, above .02 at ${values.filter((value) => value > 0.02).length} of ${SEEDS} seeds`,
    );
}

compare("one honest judge", "per-judge", 1);
compare("13 honest judges of about 10 verdicts", "overall", 13);

for (const [name, judges] of [
  ["one", 1],
  ["two opposite", 2],
  ["19 of 10 verdicts", 19],
] as const) {
  const scores = Array.from({ length: SEEDS }, (_, seed) => {
    const { data } = judge(
      seed + 1,
      0,
      (row) => row % judges,
      (who) => who % 2 === 0,
    );
    const overall = estimate({ ...data, weights: shareRepeats(data) }, { position: "overall" });
    return { reliability: scoreBatch(data).reliability, overallAtBoundary: overall.atBoundary };
  });
  const largest = Math.max(...scores.map(({ reliability }) => reliability.reliability));
  const decisive = scores.filter(({ reliability }) => reliability.decisive).length;
  const decisiveOverall = scores.filter(({ overallAtBoundary }) => !overallAtBoundary).length;
  console.log(
    `only one-sided judges, ${name}: reliability at most ${largest.toFixed(3)}, decisive at ${decisive} of ${SEEDS} (one effect for all: ${decisiveOverall})`,
  );
}
