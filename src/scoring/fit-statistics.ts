import { drawAbilities } from "./draws.ts";
import { DEFAULT_TOLERANCE, type Estimate, estimate } from "./estimate.ts";
import type { Mixture } from "./mixture.ts";
import { type BradleyTerryData, distinct, type FitOptions, type PositionModel } from "./model.ts";
import { minimise } from "./newton.ts";
import { createModel, createPosterior, startingPoint } from "./posterior.ts";
import { createRandom, type Random } from "./random.ts";
import { ScoringError } from "./scoring-error.ts";
import { buildVerdictGraph } from "./verdict-graph.ts";
import { outcomeRates } from "./verdicts.ts";

/**
 * Mean squares of an essay's or a judge's residuals (Wright & Masters 1982, ch. 5; for pairs Pollitt 2012): 1 where
 * verdicts scatter as the model says, more where they contradict it. `infit` = Σr²/Σp(1−p), `outfit` = mean r²/(p(1−p)).
 */
export interface MeanSquares {
  readonly verdicts: number;
  readonly infit: number;
  readonly outfit: number;
}

/** With the share of seeded replications, simulated from the fitted model and fitted again, that misfit as much. */
export interface Misfit extends MeanSquares {
  /** P(infit at least this large | the model is right); small is misfit. (1 + exceedances)/(1 + replications). */
  readonly infitP: number;
  readonly outfitP: number;
}

export interface FitStatistics {
  /** By item, in item order; null for an item without verdicts. */
  readonly items: readonly (Misfit | null)[];
  /** By judge, ascending; empty when the data do not name judges. */
  readonly judges: readonly (Misfit & { readonly judge: number })[];
  readonly replications: number;
}

export interface FitStatisticsOptions extends FitOptions {
  /** 1 to 10,000, each a fit of its own; default 200: p-values are then multiples of 1/201. */
  readonly replications?: number;
  /** Default 1. */
  readonly seed?: number;
}

/** What the fitted model says of one row: the expected score of its winner and the variance of that score. */
export interface Expectation {
  readonly expected: Float64Array;
  readonly variance: Float64Array;
}

/**
 * Expected scores of the rows' winners at given parameters: P(win) + ½P(tie).
 * @param effectOf position effect (logits) of row k's judge.
 */
export function expectScores(
  { winners, losers, firstShown }: BradleyTerryData,
  abilities: Float64Array,
  effectOf: (row: number) => number = () => 0,
  logTieOdds: number = Number.NEGATIVE_INFINITY,
): Expectation {
  const expected = new Float64Array(winners.length);
  const variance = new Float64Array(winners.length);
  for (let row = 0; row < winners.length; row++) {
    const known = firstShown !== undefined && firstShown[row] >= 0;
    const side = known ? (firstShown[row] === winners[row] ? 1 : -1) : 0;
    const offset = side === 0 ? 0 : side * effectOf(row);
    const { win, loss } = outcomeRates(abilities[winners[row]] - abilities[losers[row]] + offset, logTieOdds);
    expected[row] = (1 + win - loss) / 2;
    variance[row] = (win + loss - (win - loss) ** 2) / 4;
  }
  return { expected, variance };
}

/** Infit and outfit of every group of rows; a row counts for each of its groups, and in full whatever its weight. */
export function meanSquares(
  { winners, ties }: BradleyTerryData,
  { expected, variance }: Expectation,
  groupCount: number,
  groupsOf: (row: number) => readonly number[],
): (MeanSquares | null)[] {
  const squares = new Float64Array(groupCount);
  const information = new Float64Array(groupCount);
  const standardised = new Float64Array(groupCount);
  const verdicts = new Int32Array(groupCount);
  for (let row = 0; row < winners.length; row++) {
    if (!(variance[row] > 0)) continue;
    const residual = (ties?.[row] === 1 ? 0.5 : 1) - expected[row];
    for (const group of groupsOf(row)) {
      squares[group] += residual * residual;
      information[group] += variance[row];
      standardised[group] += (residual * residual) / variance[row];
      verdicts[group]++;
    }
  }
  return Array.from(verdicts, (count, group) =>
    count === 0
      ? null
      : { verdicts: count, infit: squares[group] / information[group], outfit: standardised[group] / count },
  );
}

/**
 * Fit of every essay and judge with parametric-bootstrap p-values (Davison & Hinkley 1997, §4.4): abilities are drawn
 * from the posterior, verdicts on the same pairs from the model, and the model is fitted again, because mean squares in
 * sample are below 1 (.69 to .78 at 6 to 10 comparisons per essay) and fixed bands mislead.
 * @throws {ScoringError} for bad input, naming the row, and `invalid_option` for a number of replications out of range.
 */
export function assessFit(data: BradleyTerryData, options: FitStatisticsOptions = {}): FitStatistics {
  validateReplications(options.replications ?? 1, 1);
  const fit = estimate(data, options);
  return assessEstimate(data, fit, fit.integrate(), options);
}

const REPLICATION_LIMIT = 10_000;

/** @throws {ScoringError} `invalid_option` */
export function validateReplications(replications: number, least: 0 | 1): void {
  if (Number.isInteger(replications) && replications >= least && replications <= REPLICATION_LIMIT) return;
  throw new ScoringError(
    "invalid_option",
    `replications is ${replications}: expected an integer from ${least} to ${REPLICATION_LIMIT}.`,
  );
}

/** {@link assessFit} of a fit that is already there. */
export function assessEstimate(
  data: BradleyTerryData,
  fit: Estimate,
  mixture: Mixture,
  { replications = 200, seed = 1, position = "overall" }: FitStatisticsOptions,
): FitStatistics {
  const judges = data.judges ? distinct(data.judges) : [];
  const groups = groupRows(data, judges);
  const measure = (verdicts: BradleyTerryData, at: Float64Array) =>
    meanSquares(verdicts, expectAt(verdicts, fit, at), data.itemCount + judges.length, groups);
  const observed = measure(data, fit.mode.at);
  const exceeded = observed.map(() => ({ infit: 0, outfit: 0 }));
  const random = createRandom(seed);
  drawAbilities(mixture, replications, random, (abilities) => {
    const truth = fit.mode.at.slice();
    truth.set(abilities);
    const replica = simulateVerdicts(data, expectationInputs(fit, truth), random);
    const replicated = measure(replica, refitAt(replica, fit, position));
    replicated.forEach((group, index) => {
      const [count, actual] = [exceeded[index], observed[index]];
      if (!count || !actual || !group) return;
      if (group.infit >= actual.infit) count.infit++;
      if (group.outfit >= actual.outfit) count.outfit++;
    });
  });
  const misfits = observed.map((actual, index): Misfit | null => {
    const count = exceeded[index];
    if (!actual || !count) return null;
    const share = (exceedances: number) => (1 + exceedances) / (1 + replications);
    return { ...actual, infitP: share(count.infit), outfitP: share(count.outfit) };
  });
  return {
    items: misfits.slice(0, data.itemCount),
    judges: judges.flatMap((judge, index) => {
      const misfit = misfits[data.itemCount + index];
      return misfit ? [{ judge, ...misfit }] : [];
    }),
    replications,
  };
}

/** A row counts for its two items and its judge. */
function groupRows({ itemCount, winners, losers, judges }: BradleyTerryData, known: readonly number[]) {
  const groupOf = new Map(known.map((judge, index) => [judge, itemCount + index]));
  return (row: number): readonly number[] => {
    const judge = judges && groupOf.get(judges[row]);
    return judge === undefined ? [winners[row], losers[row]] : [winners[row], losers[row], judge];
  };
}

interface Inputs {
  readonly abilities: Float64Array;
  readonly effectOf: (judge: number) => number;
  readonly logTieOdds: number;
}

/** Abilities, position effects by judge and log ν out of a parameter vector. */
function expectationInputs({ posterior }: Estimate, at: Float64Array): Inputs {
  const { graph } = posterior.model;
  const { effects, itemCount, dimension } = graph;
  const coordinateOf = new Map(effects?.judges.map((judge, index) => [judge, itemCount + index]));
  const hasEffect = (effects?.observed.length ?? 0) > 0;
  return {
    abilities: at.subarray(0, itemCount),
    effectOf: (judge) => (hasEffect ? at[coordinateOf.get(judge) ?? itemCount] : 0),
    logTieOdds: effects && effects.tied !== null ? at[dimension - 1] : Number.NEGATIVE_INFINITY,
  };
}

function expectAt(data: BradleyTerryData, fit: Estimate, at: Float64Array): Expectation {
  const { abilities, effectOf, logTieOdds } = expectationInputs(fit, at);
  return expectScores(data, abilities, (row) => effectOf(data.judges?.[row] ?? 0), logTieOdds);
}

/** New verdicts on the same rows: same pairs, order, judges and weights. */
function simulateVerdicts(
  data: BradleyTerryData,
  { abilities, effectOf, logTieOdds }: Inputs,
  random: Random,
): BradleyTerryData {
  const winners = data.winners.slice();
  const losers = data.losers.slice();
  const ties = new Uint8Array(winners.length);
  for (let row = 0; row < winners.length; row++) {
    const [a, b] = [data.winners[row], data.losers[row]];
    const first = data.firstShown?.[row] ?? -1;
    const offset = first < 0 ? 0 : (first === a ? 1 : -1) * effectOf(data.judges?.[row] ?? 0);
    const { win, tie } = outcomeRates(abilities[a] - abilities[b] + offset, logTieOdds);
    const draw = random.uniform();
    if (draw >= win) {
      winners[row] = b;
      losers[row] = a;
    }
    if (draw >= 1 - tie) ties[row] = 1;
  }
  return data.ties ? { ...data, winners, losers, ties } : { ...data, winners, losers };
}

const REPLICA_TOLERANCE = 1e-6;

/** The mode for replicated verdicts under the same prior, in the coordinates of the first fit. */
function refitAt(
  replica: BradleyTerryData,
  { posterior, mode }: Estimate,
  position: PositionModel,
): Float64Array {
  const { itemCount, dimension } = posterior.model.graph;
  const model = createModel(
    buildVerdictGraph(replica, position),
    replica.anchors,
    posterior.model.effectPrecision,
  );
  const start = startingPoint(model, mode.at.subarray(0, itemCount));
  const { at } = minimise(
    createPosterior(model, posterior.precision),
    start,
    Math.max(REPLICA_TOLERANCE, DEFAULT_TOLERANCE),
  );
  if (at.length === dimension) return at;
  // No tie among the replicated verdicts: log ν is −∞ there, which 1e-300 stands for.
  const padded = new Float64Array(dimension).fill(Math.log(1e-300));
  padded.set(at);
  return padded;
}
