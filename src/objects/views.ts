/** What an object tells about its batch. Plain data: it crosses the RPC boundary. */
import {
  type Batch,
  type BatchConfig,
  type BatchState,
  type Comparison,
  type ComparisonStatus,
  type Failure,
  isOutstanding,
  isTerminal,
  type JudgeShare,
  type StopReason,
  type Usage,
  type Winner,
} from "../batch/batch.ts";
import type { ComparisonPrompt } from "../batch/comparison-prompt.ts";
import type { InterimFit } from "../batch/interim-fit.ts";
import { describeJudges } from "../batch/judges.ts";
import type { Review } from "../batch/review.ts";
import { plannedSoFar } from "../batch/tally.ts";
import type { PairOrigin, SettledStrategy } from "../pairing/index.ts";
import type { StoredVerdict } from "./batch-store.ts";

export interface Overview {
  readonly batchId: string;
  readonly caller: string;
  readonly state: BatchState;
  readonly bosBatchId: string;
  readonly correlationId: string;
  /** their names in one text */
  readonly judge: string;
  readonly judges: readonly JudgeShare[];
  readonly judgedBy: readonly string[];
  /** planned comparisons that wait for people */
  readonly waitingForPeople: number;
  /** pairs put before people a second time: asked, judged, outstanding */
  readonly humanCopies: { readonly total: number; readonly completed: number; readonly pending: number };
  readonly costUsd: number;
  readonly assignmentId: string | null;
  readonly essays: {
    /** anchors included */
    readonly total: number;
    readonly anchors: number;
    readonly ready: number;
    readonly missing: number;
    readonly pending: number;
    /** those that cannot be ranked, and why */
    readonly failed: readonly { readonly essayId: string; readonly reason: string }[];
  };
  readonly totalComparisons: number;
  readonly completedComparisons: number;
  readonly failedComparisons: number;
  readonly pendingComparisons: number;
  readonly abandonedComparisons: number;
  readonly lateComparisons: number;
  readonly progressPct: number;
  readonly partialScoringTriggered: boolean;
  readonly forcedRecovery: boolean;
  readonly stopReason: StopReason | null;
  readonly failure: Failure | null;
  readonly wave: number;
  readonly pairing: PairingView;
  readonly config: BatchConfig;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly completedAt: number | null;
  readonly nextWakeAt: number | null;
}

/** How the batch's pairs are chosen: enough to choose them again. */
export interface PairingView {
  readonly seed: number;
  /** null until pairs exist */
  readonly strategy: SettledStrategy | null;
  /** comparisons that are asked before any verdict is looked at */
  readonly opening: number | null;
  /** comparisons so far, by why they were asked */
  readonly asked: Readonly<Record<PairOrigin, number>>;
  /** the latest fit by which pairs were chosen or a stopping rule was tried */
  readonly latestFit: Pick<InterimFit, "verdicts" | "reliability" | "decisive"> | null;
}

/** `abandoned` is how an unanswered comparison of an ended batch is shown. */
export type ComparisonViewStatus = ComparisonStatus | "abandoned";

export interface ComparisonView {
  readonly number: number;
  readonly attempt: number;
  readonly essayAId: string;
  readonly essayBId: string;
  readonly judge: JudgeShare;
  readonly copyOf: number | null;
  readonly person: string | null;
  readonly usage: Usage;
  readonly wave: number;
  readonly origin: Comparison["origin"];
  readonly status: ComparisonViewStatus;
  readonly winner: Winner | null;
  readonly deadline: number | null;
  readonly settledAt: number | null;
  readonly lateAt: number | null;
  readonly verdict: StoredVerdict["verdict"];
  readonly late: StoredVerdict["late"];
}

export interface AskedComparison {
  readonly number: number;
  readonly attempt: number;
  /** place of its judge in `judges` */
  readonly judge: number;
  readonly essayAId: string;
  readonly essayBId: string;
  readonly prompt: ComparisonPrompt;
}

/** What somebody who came to judge is given. */
export interface LentComparison {
  readonly state: BatchState;
  /** comparisons for people that have no answer yet */
  readonly waiting: number;
  readonly comparison: {
    readonly number: number;
    readonly attempt: number;
    /** epoch milliseconds until which nobody else gets it */
    readonly until: number;
    readonly prompt: ComparisonPrompt;
  } | null;
  /** epoch milliseconds when something may wait again; null when nothing will */
  readonly at: number | null;
}

export interface ReviewView extends Review {
  readonly essayId: string;
}

export interface PendingText {
  readonly of: number | "student-prompt";
  readonly storageId: string;
}

export function overviewOf(batch: Batch, nextWakeAt: number | null): Overview {
  const { origin, life, tally, config } = batch;
  const ended = isTerminal(life.state);
  const count = (text: "ready" | "missing" | "pending") =>
    batch.essays.filter((essay) => essay.text === text).length;
  return {
    batchId: origin.batchId,
    caller: origin.caller,
    state: life.state,
    bosBatchId: origin.bosBatchId,
    correlationId: origin.correlationId,
    judge: describeJudges(origin.judges),
    judges: origin.judges,
    judgedBy: origin.judgedBy,
    waitingForPeople: ended ? 0 : tally.waitingForPeople,
    humanCopies: {
      total: batch.comparisons.length - plannedSoFar(tally),
      completed: tally.copiesCompleted,
      pending: ended ? 0 : tally.copiesOutstanding,
    },
    costUsd: tally.nanoUsd / 1e9,
    assignmentId: origin.assignmentId,
    essays: {
      total: batch.essays.length,
      anchors: batch.essays.filter(({ anchor }) => anchor !== null).length,
      ready: count("ready"),
      missing: count("missing"),
      pending: count("pending"),
      failed: batch.essays.flatMap(({ essayId, text, problem }) =>
        text === "missing" ? [{ essayId, reason: problem ?? "unknown" }] : [],
      ),
    },
    totalComparisons: life.totalComparisons,
    completedComparisons: tally.completed,
    failedComparisons: tally.failed,
    pendingComparisons: ended ? 0 : tally.outstanding,
    abandonedComparisons: ended ? tally.outstanding : 0,
    lateComparisons: tally.late,
    progressPct: progressOf(batch),
    partialScoringTriggered: life.partialScoringTriggered,
    forcedRecovery: life.forcedRecovery,
    stopReason: life.stopReason,
    failure: life.failure,
    wave: life.wave,
    pairing: pairingViewOf(batch),
    config,
    createdAt: origin.createdAt,
    updatedAt: Math.max(life.updatedAt, tally.lastVerdictAt),
    completedAt: life.completedAt,
    nextWakeAt,
  };
}

function pairingViewOf({ origin, life, comparisons, fit }: Batch): PairingView {
  const count = (why: PairOrigin) => comparisons.filter((comparison) => comparison.origin === why).length;
  return {
    seed: origin.seed,
    strategy: life.pairing?.strategy ?? null,
    opening: life.pairing?.opening ?? null,
    asked: {
      balanced: count("balanced"),
      adaptive: count("adaptive"),
      random: count("random"),
      swap: count("swap"),
    },
    latestFit:
      fit === null ? null : { verdicts: fit.verdicts, reliability: fit.reliability, decisive: fit.decisive },
  };
}

/** Percent of the planned comparisons that are judged, to two decimals; only verdicts are progress. */
function progressOf({ life, tally }: Batch): number {
  if (life.totalComparisons === 0) return life.state === "COMPLETED" ? 100 : 0;
  return Math.floor((tally.completed / life.totalComparisons) * 10_000) / 100;
}

export function comparisonViews(batch: Batch, verdicts: readonly StoredVerdict[]): readonly ComparisonView[] {
  const ended = isTerminal(batch.life.state);
  return verdicts.map(({ number, verdict, late }) => {
    const comparison = batch.comparisons[number];
    return {
      number,
      attempt: comparison.attempt,
      essayAId: batch.essays[comparison.first].essayId,
      essayBId: batch.essays[comparison.second].essayId,
      judge: batch.origin.judges[comparison.judge],
      copyOf: comparison.copyOf,
      person: comparison.person,
      usage: comparison.usage,
      wave: comparison.wave,
      origin: comparison.origin,
      status: ended && isOutstanding(comparison) ? "abandoned" : comparison.status,
      winner: comparison.winner,
      deadline: comparison.deadline,
      settledAt: comparison.settledAt,
      lateAt: comparison.lateAt,
      verdict,
      late,
    };
  });
}
