import { type Connectivity, describeConnectivity } from "./connectivity.ts";
import { isTied } from "./differences.ts";
import { fitEpsAdjusted } from "./eps-adjusted.ts";
import { DEFAULT_TOLERANCE, type Estimate, estimate } from "./estimate.ts";
import { evidenceOf } from "./evidence.ts";
import { assessEstimate, type FitStatistics, validateReplications } from "./fit-statistics.ts";
import { describeJudges, type JudgeAgreement } from "./judge-agreement.ts";
import { type Mixture, ownVariances } from "./mixture.ts";
import { type BradleyTerryData, distinct, type FitOptions, type PositionModel } from "./model.ts";
import { estimatePositionEffects, type PositionEffects } from "./position-effect.ts";
import { meanOfFree } from "./posterior.ts";
import { orderByAbility, rankItems } from "./ranks.ts";
import {
  describeSpread,
  RELIABILITY_STATEMENT,
  type ReliabilityCoefficient,
  reliabilityCoefficients,
} from "./reliability.ts";
import { ScoringError } from "./scoring-error.ts";
import { areAllTotal } from "./total-judges.ts";
import { validateData } from "./validation.ts";
import { logLikelihoodOf } from "./verdicts.ts";

export interface BatchOptions extends FitOptions {
  /** Whether pairs were chosen by earlier verdicts; default true, the cautious answer. */
  readonly adaptive?: boolean;
  /** Size of the top group of `topProbability`; default a tenth of the items, at least 1. */
  readonly topCount?: number;
  /** Seed of the draws behind rank intervals and of the replications; default 1. */
  readonly seed?: number;
  /** Bootstrap replications behind the fit statistics, each a fit of its own, up to 10,000; default 0: no fit statistics. */
  readonly replications?: number;
}

export interface ItemScore {
  readonly item: number;
  /** Logits: posterior mean and standard deviation, the spread of the abilities integrated out. */
  readonly ability: number;
  readonly standardError: number;
  /** 1 is the best; [rankLow, rankHigh] holds 95 % of the posterior of the rank. */
  readonly rank: number;
  readonly rankLow: number;
  readonly rankHigh: number;
  /** P(better than the next in rank) < .975: the two are not told apart. False for the last. */
  readonly tiedWithNext: boolean;
  /** P(among the best `topCount`). */
  readonly topProbability: number;
  /** Verdicts about the item, and how many it won (a tie is half). */
  readonly comparisons: number;
  readonly wins: number;
  readonly isAnchor: boolean;
}

export interface BatchReliability {
  /** The headline, in [0, 1]. */
  readonly reliability: number;
  /** Every coefficient by its name, the headline first. */
  readonly coefficients: readonly ReliabilityCoefficient[];
  readonly adaptive: boolean;
  /** False while the prior is at the boundary: nothing may stop or be graded on reliability then. */
  readonly decisive: boolean;
  readonly statement: string;
}

export interface BatchScores {
  /** In item order. */
  readonly items: readonly ItemScore[];
  readonly topCount: number;
  readonly reliability: BatchReliability;
  /** σ̂² of the free items (logits²), and their mean μ̂ (0 without anchors). */
  readonly priorVariance: number;
  readonly priorMean: number;
  readonly priorAtBoundary: boolean;
  readonly logLikelihood: number;
  readonly converged: boolean;
  readonly iterations: number;
  /** Of the verdicts that the fit rests on. */
  readonly connectivity: Connectivity;
  /** Null when no order of showing is known. */
  readonly position: PositionEffects | null;
  /** By judge, ascending; empty when the data do not name judges. */
  readonly judges: readonly JudgeAgreement[];
  /** Infit and outfit of essays and judges; null unless replications were asked for. */
  readonly fit: FitStatistics | null;
  /** log ν of Davidson's model; null without ties. */
  readonly logTieOdds: number | null;
  /** The mode at σ̂, to start the next fit of the batch from. */
  readonly mode: Float64Array;
}

/** From so many verdicts per judge on, each judge's position effect enters the fit; below, they share one. */
const VERDICTS_PER_JUDGE = 30;

/**
 * Scores one batch: everything its results publish. Repeated verdicts of one judge on one pair share a total weight of
 * 1 in the fit; all of them count for the position effects. Verdicts of a judge who always chose one position count for
 * nothing but what is said of positions, of the judge and of how many verdicts there are (see `leaveOutTotalJudges`).
 * Deterministic for a seed.
 * Above 2,000 items variances are estimated (see `variancesOf`), and ranks are drawn item by item.
 * @throws {ScoringError} for bad input, naming the row.
 */
export function scoreBatch(data: BradleyTerryData, options: BatchOptions = {}): BatchScores {
  validateData(data);
  const { itemCount } = data;
  const {
    topCount = Math.max(1, Math.round(itemCount / 10)),
    seed = 1,
    adaptive = true,
    replications = 0,
  } = options;
  validateTopCount(itemCount, topCount);
  validateReplications(replications, 0);
  const evidence = evidenceOf(data, options.position);
  const position = options.position ?? choosePositionModel(evidence);
  const fit = estimate(evidence, { ...options, position });
  const { posterior, mode, atBoundary } = fit;
  const { graph } = posterior.model;
  const priorVariance = 1 / posterior.precision;
  const mixture = fit.integrate();
  return {
    items: describeItems(data, mixture, topCount, seed),
    topCount,
    reliability: describeReliability(evidence, fit, mixture, adaptive),
    priorVariance,
    priorMean: posterior.model.fixed ? meanOfFree(mode.at, posterior.model) : 0,
    priorAtBoundary: atBoundary,
    logLikelihood: logLikelihoodOf(graph, mode.at),
    converged: mode.converged,
    iterations: mode.iterations,
    connectivity: describeConnectivity(evidence),
    position: estimatePositionEffects(data, priorVariance, options.tolerance ?? DEFAULT_TOLERANCE),
    judges: describeJudges(data, mixture.abilities),
    fit: replications > 0 ? assessEstimate(evidence, fit, mixture, { replications, seed, position }) : null,
    logTieOdds: graph.effects && graph.effects.tied !== null ? mode.at[graph.dimension - 1] : null,
    mode: mode.at.slice(0, itemCount),
  };
}

function validateTopCount(itemCount: number, topCount: number): void {
  if (!Number.isInteger(topCount) || topCount < 1 || topCount > itemCount)
    throw new ScoringError(
      "invalid_option",
      `topCount is ${topCount}: expected an integer from 1 to ${itemCount}.`,
    );
}

/**
 * One effect per judge where the verdicts tell them apart, or where there is nothing but position effects; else one for all.
 * @param data without the judges that `leaveOutTotalJudges` leaves out.
 */
export function choosePositionModel(data: BradleyTerryData): PositionModel {
  const { judges, firstShown } = data;
  if (!judges || !firstShown) return "overall";
  const count = distinct(judges).length;
  const enough = judges.length >= VERDICTS_PER_JUDGE * count;
  return count > 1 && (enough || areAllTotal(data)) ? "per-judge" : "overall";
}

function describeItems(
  data: BradleyTerryData,
  mixture: Mixture,
  topCount: number,
  seed: number,
): ItemScore[] {
  const { abilities, standardErrors } = mixture;
  const order = orderByAbility(abilities);
  const tied = new Set<number>();
  for (let place = 0; place + 1 < order.length; place++)
    if (isTied(mixture, order[place], order[place + 1])) tied.add(order[place]);
  const anchored = new Set(data.anchors?.map(({ item }) => item));
  const { comparisons, wins } = countVerdicts(data);
  return rankItems(mixture, topCount, seed).map((range, item) => ({
    item,
    ability: abilities[item],
    standardError: standardErrors[item],
    ...range,
    tiedWithNext: tied.has(item),
    comparisons: comparisons[item],
    wins: wins[item],
    isAnchor: anchored.has(item),
  }));
}

function countVerdicts({ itemCount, winners, losers, ties }: BradleyTerryData) {
  const comparisons = new Int32Array(itemCount);
  const wins = new Float64Array(itemCount);
  for (let row = 0; row < winners.length; row++) {
    comparisons[winners[row]]++;
    comparisons[losers[row]]++;
    const share = ties?.[row] === 1 ? 0.5 : 1;
    wins[winners[row]] += share;
    wins[losers[row]] += 1 - share;
  }
  return { comparisons, wins };
}

function describeReliability(
  data: BradleyTerryData,
  fit: Estimate,
  { peak }: Mixture,
  adaptive: boolean,
): BatchReliability {
  const { posterior, mode, atLowerBoundary } = fit;
  const spread = describeSpread(posterior, mode.at, ownVariances(peak), atLowerBoundary);
  const coefficients = reliabilityCoefficients(spread, fitEpsAdjusted(data));
  const headline = coefficients.find(({ name }) => name === "reliability");
  return {
    reliability: headline?.value ?? 0,
    coefficients,
    adaptive,
    decisive: !fit.atBoundary,
    statement: RELIABILITY_STATEMENT,
  };
}
