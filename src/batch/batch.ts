/** The facts about one batch. Everything here is plain data; `src/objects` keeps it in SQLite. */
import type { GradeScale } from "../contracts/grade-scale.ts";
import type { PairOrigin, SettledStrategy } from "../pairing/index.ts";
import type { InterimFit } from "./interim-fit.ts";

export const BATCH_STATES = [
  /** accepted; texts still being fetched, if they came by reference */
  "INITIALIZING",
  /** pairs exist and wait in the outbox for the judges' queue */
  "GENERATING_PAIRS",
  /** pairs are with the judges */
  "WAITING_CALLBACKS",
  /** enough verdicts: provisional ranking visible, stragglers still welcome */
  "SCORING",
  /** final ranking published */
  "COMPLETED",
  /** failed event published, with the reason */
  "FAILED",
  /** stopped on request */
  "CANCELLED",
] as const;
export type BatchState = (typeof BATCH_STATES)[number];

/** Whether a batch has ended: no state follows this one. */
export function isTerminal(state: BatchState): boolean {
  return state === "COMPLETED" || state === "FAILED" || state === "CANCELLED";
}

/** What a batch is allowed to do; fixed when it opens, defaulted from the environment. */
export interface BatchConfig {
  /** percent of T, (0, 100] */
  readonly completionThresholdPct: number;
  /** share of T, [0, 1] */
  readonly minSuccessRateThreshold: number;
  /** percent of T, [0, 100] */
  readonly recoveryThresholdPct: number;
  /** the budget in comparisons */
  readonly maxComparisons: number;
  /** attempts after the first, 0 to 15 */
  readonly maxRetryAttempts: number;
  readonly batchTimeoutHours: number;
  readonly maxBatchHours: number;
  readonly stragglerGraceSeconds: number;
  readonly judgementTimeoutMinutes: number;
  /** a new wave is planned when fewer comparisons than this are outstanding */
  readonly maxInFlight: number;
  readonly retentionDays: number;
  readonly pairing: PairingStrategy;
  /** rounds before adaptive pairing looks at verdicts, 2 to 20 */
  readonly balancedRounds: number;
  /** share of random pairs after those rounds, [0, 1] */
  readonly randomShare: number;
  /** share of comparisons that show a pair once more the other way round, [0, 0.5] */
  readonly swapShare: number;
  /** no stopping rule applies before every essay has this many verdicts */
  readonly minComparisonsPerEssay: number;
  /** headline reliability at which nothing more is asked, (0, 1]; null: never */
  readonly targetReliability: number | null;
  /** largest change of any score, in logits, at which nothing more is asked; null: never */
  readonly scoreStability: number | null;
  /** verdicts before scores are looked at for stability */
  readonly minComparisonsForStabilityCheck: number;
  /** share of the pairs judged by machines that go to people as well, [0, 1] */
  readonly humanShare: number;
  /** how long a person may take over one comparison before it is handed to somebody else */
  readonly humanLeaseMinutes: number;
  /** as long as something waits for people, the timeouts and the straggler grace are at least this long */
  readonly humanWaitHours: number;
  /** US dollars after which nothing more is asked; null for no ceiling */
  readonly maxCostUsd: number | null;
}

export const PAIRING_STRATEGIES = ["auto", "all_pairs", "balanced_rounds", "adaptive"] as const;
export type PairingStrategy = (typeof PAIRING_STRATEGIES)[number];

/** One of the judges between whom a batch divides its comparisons. */
export interface JudgeShare {
  readonly judge: string;
  /** null for the judge's default */
  readonly model: string | null;
  /** of the planned comparisons, [0, 1]; 0 for people who are asked for nothing but second judgements */
  readonly share: number;
}

/** Who asked, for what, and how it is to be published. Never changes after opening. */
export interface BatchOrigin {
  readonly batchId: string;
  /** the caller's key name, or `kafka` */
  readonly caller: string;
  readonly source: "http" | "kafka";
  /** SHA-256 over the request's canonical domain fields */
  readonly fingerprint: string;
  readonly bosBatchId: string;
  readonly correlationId: string;
  readonly userId: string;
  readonly orgId: string | null;
  readonly assignmentId: string | null;
  /** the assignment's, as it was at opening; null without an assignment: then nothing is graded */
  readonly gradeScale: GradeScale | null;
  readonly language: string;
  readonly courseCode: string | null;
  /** comparisons name theirs by its place in this list; at least one */
  readonly judges: readonly JudgeShare[];
  /** names of the keys that may judge for the judge `human`, beside the caller's own */
  readonly judgedBy: readonly string[];
  readonly topicPrefix: string;
  readonly eventTypePrefix: string;
  readonly seed: number;
  readonly createdAt: number;
}

export type EssayText = "pending" | "ready" | "missing";

export interface Essay {
  readonly number: number;
  readonly essayId: string;
  /** where the text is to be fetched from, when it did not come with the request */
  readonly storageId: string | null;
  readonly text: EssayText;
  /** why the text is missing; null otherwise */
  readonly problem: string | null;
  /** characters of the text, kept when the text itself is erased; null as long as there is none */
  readonly length: number | null;
  /** null for an essay that is to be assessed */
  readonly anchor: Anchor | null;
}

/** What an essay of known grade brings from its assignment. No judge is told: to a judge it is an essay like any other. */
export interface Anchor {
  /** the assignment's name for it; as an essay it has an id that says nothing */
  readonly anchorId: string;
  /** a grade of the batch's scale */
  readonly grade: string;
}

/**
 * `planned` waits for the judges' queue, `dispatched` is with a judge, `unanswered` has used up its attempts but would
 * still count if a verdict came. These three are outstanding. `judged` has a winner; `failed` has none and gets none
 * unless an earlier attempt still delivers one.
 */
export type ComparisonStatus = "planned" | "dispatched" | "unanswered" | "judged" | "failed";

/** `essay_a` is the essay shown first. */
export type Winner = "essay_a" | "essay_b";

/** What the answers to one comparison came to so far, over all its attempts. */
export interface Usage {
  /** answers that counted, verdicts and errors */
  readonly answers: number;
  /** answers in which the judge refused to judge the texts */
  readonly refusals: number;
  /** billionths of a US dollar: whole numbers, so that sums do not depend on their order */
  readonly nanoUsd: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly responseTimeMs: number;
}

export const NO_USAGE: Usage = {
  answers: 0,
  refusals: 0,
  nanoUsd: 0,
  promptTokens: 0,
  completionTokens: 0,
  responseTimeMs: 0,
};

export interface Comparison {
  readonly number: number;
  /** essay numbers, in the order shown */
  readonly first: number;
  readonly second: number;
  /** place of its judge in `origin.judges` */
  readonly judge: number;
  /** a person answers it: no queue carries it, it waits until somebody comes for it */
  readonly forPeople: boolean;
  /**
   * number of the comparison whose pair it puts before a person a second time; null for every planned comparison. Such a
   * copy is beside the plan: it is in no counter that the batch's course depends on, and repeats nothing.
   */
  readonly copyOf: number | null;
  readonly wave: number;
  /** why the pair was asked */
  readonly origin: PairOrigin;
  readonly attempt: number;
  readonly status: ComparisonStatus;
  /**
   * epoch milliseconds: when the current attempt counts as lost (`dispatched`), or is put into the judges' queue again
   * because nobody has taken it on (`planned`); null otherwise, and for one that waits for a person to come
   */
  readonly deadline: number | null;
  readonly winner: Winner | null;
  /** when the verdict or the final failure was recorded */
  readonly settledAt: number | null;
  /** when an answer came after the batch had ended; it is kept for audit and counts nowhere */
  readonly lateAt: number | null;
  readonly provider: string | null;
  readonly model: string | null;
  /** who has it or answered it, of those who judge for the judge `human` */
  readonly person: string | null;
  /** 1 (a guess) to 5 (certain), as the judge stated it */
  readonly confidence: number | null;
  readonly usage: Usage;
}

/** Whether a verdict may still come that counts. */
export function isOutstanding(comparison: Comparison): boolean {
  return (
    comparison.status === "planned" ||
    comparison.status === "dispatched" ||
    comparison.status === "unanswered"
  );
}

export const FAILURE_REASONS = [
  "invalid_request",
  "low_success_rate",
  "stuck_timeout_insufficient_progress",
  "judge_unusable",
  "no_usable_essays",
  "no_verdicts",
  "scoring_failed",
  "cancelled",
] as const;
export type FailureReason = (typeof FAILURE_REASONS)[number];

export interface Failure {
  readonly reason: FailureReason;
  /** an error code of the original service's set, for consumers that switch on it */
  readonly errorCode: string;
  readonly message: string;
  readonly details: Readonly<Record<string, string | number | boolean | null>>;
}

/** Why pairing stopped before everything that was planned had been asked. */
export const PAIRING_STOPS = [
  "target_reliability_reached",
  "score_stability_reached",
  /** every pair has been asked as often as it may be */
  "no_pair_left",
  /** what the answers cost has come to `maxCostUsd`, or one more would exceed it */
  "cost_ceiling_reached",
] as const;
export type PairingStop = (typeof PAIRING_STOPS)[number];

/** Why a batch stopped asking and published its ranking. */
export const STOP_REASONS = [
  "all_comparisons_settled",
  "budget_spent",
  ...PAIRING_STOPS,
  "straggler_grace_elapsed",
  "forced_recovery",
  "single_essay_batch",
] as const;
export type StopReason = (typeof STOP_REASONS)[number];

/** How pairs are chosen, as settled when they were first planned. */
export interface SettledPairing {
  readonly strategy: SettledStrategy;
  /** usable essays */
  readonly essayCount: number;
  /** comparisons that are asked before any verdict is looked at: all of T unless the batch adapts */
  readonly opening: number;
}

/** The part of a batch that changes, apart from its comparisons. */
export interface BatchLife {
  readonly state: BatchState;
  /** number of the newest outbox row */
  readonly seq: number;
  /** T: comparisons planned; 0 until pairs exist */
  readonly totalComparisons: number;
  /** null until pairs exist */
  readonly pairing: SettledPairing | null;
  readonly pairingStop: PairingStop | null;
  readonly wave: number;
  readonly partialScoringTriggered: boolean;
  readonly forcedRecovery: boolean;
  readonly stopReason: StopReason | null;
  readonly failure: Failure | null;
  readonly scoringSince: number | null;
  /** set while a failed final scoring waits for its next try */
  readonly scoringRetry: { readonly attempts: number; readonly at: number; readonly stop: StopReason } | null;
  /** the student prompt came by reference and has not been fetched yet */
  readonly studentPromptPending: boolean;
  readonly updatedAt: number;
  readonly completedAt: number | null;
  /** when texts, prompts and justifications were removed */
  readonly textsErasedAt: number | null;
}

/** Counters. Always derived from the comparisons, never stored beside them; copies for people have their own. */
export interface Tally {
  completed: number;
  failed: number;
  outstanding: number;
  /** of the outstanding ones, those that nobody is asked any more */
  unanswered: number;
  /** of the outstanding ones, those that a person is to answer */
  waitingForPeople: number;
  /** of the completed ones, those that people judged */
  completedByPeople: number;
  copiesCompleted: number;
  copiesOutstanding: number;
  /** billionths of a US dollar */
  nanoUsd: number;
  late: number;
  /** epoch milliseconds of the newest verdict, 0 before the first */
  lastVerdictAt: number;
}

/** A batch in memory. Only `evolve` changes it. */
export interface Batch {
  readonly origin: BatchOrigin;
  readonly config: BatchConfig;
  life: BatchLife;
  readonly essays: Essay[];
  /** by number: comparison k stands at index k */
  readonly comparisons: Comparison[];
  /** the latest fit between two waves; null before the first, and where nothing is chosen or stopped by verdicts */
  fit: InterimFit | null;
  readonly tally: Tally;
}

/** The moment since which nothing has been heard: the newest verdict's, or the opening. */
export function lastActivityAt(batch: Batch): number {
  return Math.max(batch.origin.createdAt, batch.tally.lastVerdictAt);
}
