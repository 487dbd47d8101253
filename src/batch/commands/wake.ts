import { askForTextsAgain } from "../ask-for-texts.ts";
import { type Batch, isTerminal } from "../batch.ts";
import { askAgainAt, graceEndsAt, retentionEndsAt, textsAskedAgainAt, timeoutAt } from "../deadlines.ts";
import type { Decision } from "../decision.ts";
import { type Draft, openDraft } from "../draft.ts";
import { fail, finalise } from "../ending.ts";
import { putBack } from "../people.ts";
import type { Ranker } from "../ranking.ts";
import { reasonAfterGrace, settle } from "../settle.ts";
import { verdictsSoFar } from "../tally.ts";

export interface WakeReport {
  /** comparisons whose deadline had passed and that were asked again */
  readonly reissued: number;
  /** comparisons whose attempts have run out without an answer */
  readonly exhausted: number;
}

const NOTHING: WakeReport = { reissued: 0, exhausted: 0 };

/**
 * The monitor: looks at everything that has a time. A pending scoring retry stands alone, because the batch has already
 * been finalised but for its scores; otherwise the batch timeout comes first, then the straggler grace, then lost verdicts.
 */
export function wake(batch: Batch, now: number, rank: Ranker): Decision<WakeReport> {
  const draft = openDraft(batch, now);
  if (isTerminal(batch.life.state)) {
    eraseTextsWhenDue(draft);
    return draft.decide(NOTHING);
  }
  const { state, scoringRetry } = batch.life;
  if (scoringRetry !== null) {
    if (now >= scoringRetry.at) finalise(draft, rank, scoringRetry.stop);
    return draft.decide(NOTHING);
  }
  if (now >= timeoutAt(draft)) {
    recoverOrFail(draft, rank);
    return draft.decide(NOTHING);
  }
  if (finaliseAfterGrace(draft, rank)) return draft.decide(NOTHING);
  // Everything that still has a time is named again, so that the decision alone arms the alarm.
  draft.wakeBy(timeoutAt(draft));
  if (state === "SCORING") draft.wakeBy(graceEndsAt(draft));
  if (state === "INITIALIZING") askForTextsAgain(draft);
  const report = reissueLost(draft);
  settle(draft, rank);
  // What was lost may have been all that the batch still asked for; without a grace it is final at once.
  finaliseAfterGrace(draft, rank);
  return draft.decide(report);
}

/** @returns whether the grace is over, and the ranking with it final */
function finaliseAfterGrace(draft: Draft, rank: Ranker): boolean {
  const { state, scoringRetry } = draft.life();
  if (state !== "SCORING" || scoringRetry !== null || draft.now < graceEndsAt(draft)) return false;
  finalise(draft, rank, reasonAfterGrace(draft));
  return true;
}

/** When the batch must be looked at next, computed from all its facts; null when nothing in it has a time. */
export function nextWake(batch: Batch): number | null {
  const draft = openDraft(batch, batch.life.updatedAt);
  if (isTerminal(batch.life.state)) {
    return batch.life.textsErasedAt === null ? retentionEndsAt(batch) : null;
  }
  if (batch.life.scoringRetry !== null) return batch.life.scoringRetry.at;
  const due = [timeoutAt(draft)];
  if (batch.life.state === "SCORING") due.push(graceEndsAt(draft));
  if (batch.life.state === "INITIALIZING") due.push(textsAskedAgainAt(batch, batch.life.updatedAt));
  for (const { deadline } of batch.comparisons) if (deadline !== null) due.push(deadline);
  return due.reduce((earliest, at) => Math.min(earliest, at));
}

/**
 * A stuck batch with enough verdicts is recovered, any other fails. Failures are not progress. A batch that has
 * reached its own completion threshold has enough, whatever the recovery threshold says.
 */
function recoverOrFail(draft: Draft, rank: Ranker): void {
  const { totalComparisons, partialScoringTriggered } = draft.life();
  const { completed, failed } = draft.tally();
  const { recoveryThresholdPct } = draft.batch.config;
  const enough = totalComparisons > 0 && completed * 100 >= recoveryThresholdPct * totalComparisons;
  if (verdictsSoFar(draft.tally()) > 0 && (enough || partialScoringTriggered)) {
    finalise(draft, rank, "forced_recovery");
    return;
  }
  const progress = totalComparisons === 0 ? 0 : Math.round((completed / totalComparisons) * 10_000) / 100;
  fail(draft, {
    reason: "stuck_timeout_insufficient_progress",
    errorCode: "TIMEOUT",
    message:
      `No verdict arrived in time and ${completed} of ${totalComparisons} comparisons are judged (${progress} %): ` +
      `fewer than the ${recoveryThresholdPct} % needed to recover the batch.`,
    details: {
      progress_pct: progress,
      batch_state: draft.life().state,
      total_comparisons: totalComparisons,
      completed_comparisons: completed,
      failed_comparisons: failed,
      recovery_threshold_pct: recoveryThresholdPct,
    },
  });
}

/**
 * Looks at every question whose time has passed. One that no judge has taken on is put into the queue again as it is; one
 * that a judge has had for too long is lost and asked as a new attempt; without attempts left it stays outstanding. One that
 * a person has had for too long waits for whoever comes next, and that uses up no attempt.
 */
function reissueLost(draft: Draft): WakeReport {
  let reissued = 0;
  let exhausted = 0;
  for (const { number } of draft.batch.comparisons) {
    const comparison = draft.comparison(number);
    if (comparison?.deadline == null) continue;
    if (comparison.deadline > draft.now) {
      draft.wakeBy(comparison.deadline);
      continue;
    }
    if (comparison.forPeople) {
      draft.setComparison(putBack(comparison), null);
      continue;
    }
    const attempt = comparison.status === "planned" ? comparison.attempt : comparison.attempt + 1;
    if (attempt > draft.batch.config.maxRetryAttempts) {
      draft.setComparison({ ...comparison, status: "unanswered", deadline: null }, null);
      exhausted += 1;
    } else {
      draft.setComparison({ ...comparison, status: "planned", attempt, deadline: askAgainAt(draft) }, null);
      draft.ask({ number, attempt }, 0);
      reissued += 1;
    }
  }
  return { reissued, exhausted };
}

function eraseTextsWhenDue(draft: Draft): void {
  if (draft.life().textsErasedAt !== null || draft.now < retentionEndsAt(draft.batch)) return;
  draft.change({ kind: "texts-erased" });
  draft.update({ textsErasedAt: draft.now });
}
