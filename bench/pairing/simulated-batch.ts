import {
  type AskedPair,
  nextPairs,
  type PairingRequest,
  type Posterior,
  type SeededRandom,
  seededRandom,
} from "../../src/pairing/index.ts";
import { type BradleyTerryData, scoreInterim } from "../../src/scoring/index.ts";

/** One simulated batch: essays of known ability and a judge that follows the Bradley-Terry model. */
export interface Scenario {
  readonly essayCount: number;
  /** Standard deviation of the true abilities, in logits. */
  readonly trueDeviation: number;
  /** Abilities and verdicts follow from it, whatever is asked: strategies with one seed meet the same essays and judge. */
  readonly seed: number;
  readonly pairing: Omit<PairingRequest, "essayCount" | "seed">;
  /** Most comparisons in flight at once. */
  readonly inFlight: number;
  /** Verdicts between two fits, and slots that must be free before more pairs are planned. */
  readonly refitEvery: number;
  readonly planEvery: number;
  /**
   * One judge answers everything, as in most batches: the verdicts of a pair shown twice then share the weight of one. Otherwise
   * every verdict counts fully, as it does when another judge gives the second.
   */
  readonly oneJudge: boolean;
}

/** The state of the ranking at one fit. */
export interface Checkpoint {
  readonly comparisons: number;
  /** Squared correlation of true abilities and those of the fit, which are the posterior mode. */
  readonly rSquared: number;
  /** What the service would publish as reliability. */
  readonly reliability: number;
}

/**
 * Asks, judges and fits until the budget is spent. As in the service nothing waits for a round to end: as many pairs are kept
 * in flight as are allowed, verdicts come back in random order, and pairs are planned on the latest fit.
 */
export function* simulateBatch(scenario: Scenario): Generator<Checkpoint> {
  const { essayCount, seed, pairing, inFlight, refitEvery, planEvery } = scenario;
  const truth = drawAbilities(scenario);
  const arrival = seededRandom(seed, 2);
  const asked: AskedPair[] = [];
  const outstanding: number[] = [];
  const answered: number[] = [];
  let fitted = 0;
  let posterior: (Posterior & { readonly abilities: Float64Array }) | null = null;
  for (;;) {
    const wanted = inFlight - outstanding.length;
    if (wanted >= planEvery || outstanding.length === 0) {
      for (const pair of nextPairs({ ...pairing, essayCount, seed, asked, wanted, posterior })) {
        outstanding.push(asked.length);
        asked.push({ ...pair, status: "pending" });
      }
    }
    if (outstanding.length === 0) return;
    const [number] = outstanding.splice(arrival.below(outstanding.length), 1);
    answered.push(number);
    if (answered.length - fitted < refitEvery && outstanding.length > 0) continue;
    for (const index of answered.slice(fitted)) asked[index] = { ...asked[index], status: "scored" };
    fitted = answered.length;
    const { abilities, variances, reliability } = scoreInterim(
      judge(scenario, truth, asked, answered),
      posterior?.abilities,
    );
    posterior = { abilities, variances };
    yield { comparisons: fitted, rSquared: squaredCorrelation(abilities, truth), reliability };
  }
}

export function drawAbilities({ essayCount, trueDeviation, seed }: Scenario): Float64Array {
  const random = seededRandom(seed, 1);
  return Float64Array.from({ length: essayCount }, () => trueDeviation * drawNormal(random));
}

/** Box & Muller 1958. */
function drawNormal(random: SeededRandom): number {
  return Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform());
}

/** The verdicts on all answered pairs. The k-th verdict on a pair is the same whenever and in whichever order it is asked. */
function judge(
  { essayCount, seed, oneJudge }: Scenario,
  truth: Float64Array,
  asked: readonly AskedPair[],
  answered: readonly number[],
): BradleyTerryData {
  const winners = new Int32Array(answered.length);
  const losers = new Int32Array(answered.length);
  const times = new Map<number, number>();
  answered.forEach((number, row) => {
    const low = Math.min(asked[number].first, asked[number].second);
    const high = Math.max(asked[number].first, asked[number].second);
    const key = low * essayCount + high;
    const time = times.get(key) ?? 0;
    times.set(key, time + 1);
    const drawn = seededRandom(seed, 16 + 4 * key + time).uniform();
    const lowWins = drawn < 1 / (1 + Math.exp(truth[high] - truth[low]));
    winners[row] = lowWins ? low : high;
    losers[row] = lowWins ? high : low;
  });
  const data = { itemCount: essayCount, winners, losers };
  return oneJudge ? { ...data, judges: new Int32Array(answered.length) } : data;
}

export function squaredCorrelation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const meanA = mean(a);
  const meanB = mean(b);
  let ab = 0;
  let aa = 0;
  let bb = 0;
  for (let index = 0; index < a.length; index++) {
    ab += (a[index] - meanA) * (b[index] - meanB);
    aa += (a[index] - meanA) ** 2;
    bb += (b[index] - meanB) ** 2;
  }
  return aa > 0 && bb > 0 ? (ab * ab) / (aa * bb) : 0;
}

export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let index = 0; index < values.length; index++) sum += values[index];
  return sum / values.length;
}
