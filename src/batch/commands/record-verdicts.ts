import { classifyErrorCode, isRefusal, publishedErrorCode } from "../../contracts/error-detail.ts";
import { type Batch, type Comparison, isTerminal, type Usage, type Winner } from "../batch.ts";
import { ceilingReached } from "../cost-ceiling.ts";
import { askAgainAt } from "../deadlines.ts";
import type { AnswerOrigin, Decision, VerdictRecord } from "../decision.ts";
import { type Draft, openDraft } from "../draft.ts";
import { fail, publishProvisionalRanking } from "../ending.ts";
import { leavePairGeneration } from "../enter-scoring.ts";
import { putBack } from "../people.ts";
import type { Ranker } from "../ranking.ts";
import { settle } from "../settle.ts";

/** One callback, found to be ours and parsed. */
export interface Callback extends AnswerOrigin {
  readonly number: number;
  readonly answer:
    | {
        readonly kind: "verdict";
        readonly winner: Winner;
        readonly confidence: number | null;
        readonly justification: string | null;
      }
    | { readonly kind: "error"; readonly code: string; readonly message: string };
  /** who answered, for the judge `human`; null for every other judge */
  readonly person: string | null;
}

export type CallbackOutcome = "applied" | "duplicate" | "late" | "orphaned";

/** A failed comparison is asked again after this many seconds, so that a provider under load gets air. */
export function retryDelaySeconds(attempt: number): number {
  return Math.min(2 * 4 ** (attempt - 1), 300);
}

/**
 * Applies callbacks one after the other, each at most once per comparison, and after each of them every rule that
 * moves or ends the batch: the fifth failure of twenty ends it at that callback, and the next one is late.
 *
 * @returns one outcome per callback, in their order
 */
export function recordVerdicts(
  batch: Batch,
  callbacks: readonly Callback[],
  now: number,
  rank: Ranker,
): Decision<readonly CallbackOutcome[]> {
  const draft = openDraft(batch, now);
  const outcomes = callbacks.map((callback) => {
    const outcome = record(draft, callback);
    if (outcome === "applied") settle(draft, rank);
    return outcome;
  });
  if (batch.life.state !== "SCORING") publishProvisionalRanking(draft, rank);
  return draft.decide(outcomes);
}

function record(draft: Draft, callback: Callback): CallbackOutcome {
  const comparison = draft.comparison(callback.number);
  if (comparison === undefined) return "orphaned";
  const isError = callback.answer.kind === "error";
  if (comparison.winner !== null || comparison.lateAt !== null) return "duplicate";
  if (isError && comparison.status === "failed") return "duplicate";
  if (isTerminal(draft.life().state)) {
    // Kept for audit only: nothing that was published changes.
    const answer = recordOf(callback);
    const erased = draft.life().textsErasedAt !== null;
    draft.setComparison(
      { ...comparison, lateAt: draft.now },
      erased ? { ...answer, justification: null, errorMessage: null } : answer,
    );
    return "late";
  }
  if (isError && callback.attempt < comparison.attempt) return "duplicate";
  leavePairGeneration(draft);
  if (callback.answer.kind === "error") recordError(draft, comparison, callback, callback.answer.code);
  else recordWinner(draft, comparison, callback, callback.answer.winner);
  return "applied";
}

function recordWinner(draft: Draft, comparison: Comparison, callback: Callback, winner: Winner): void {
  const { provider, model, person } = callback;
  const judged: Comparison = {
    ...comparison,
    status: "judged",
    deadline: null,
    winner,
    settledAt: draft.now,
    provider,
    model,
    person,
    confidence: callback.answer.kind === "verdict" ? callback.answer.confidence : null,
    usage: addUsage(comparison.usage, callback),
  };
  draft.setComparison(judged, recordOf(callback));
}

function recordError(draft: Draft, comparison: Comparison, callback: Callback, code: string): void {
  const severity = classifyErrorCode(code);
  const attempt = comparison.attempt + 1;
  const usage = addUsage(comparison.usage, callback);
  // Who answered last, verdict or not: a judge that refuses everything is to be seen too.
  const { provider, model } = callback;
  if (severity === "retryable" && comparison.forPeople) {
    draft.setComparison({ ...putBack(comparison), usage, provider, model }, recordOf(callback));
    return;
  }
  const { config } = draft.batch;
  const mayRetry = attempt <= config.maxRetryAttempts && !ceilingReached({ config, tally: draft.tally() });
  if (severity === "retryable" && mayRetry) {
    draft.setComparison(
      { ...comparison, attempt, status: "planned", deadline: askAgainAt(draft), usage, provider, model },
      recordOf(callback),
    );
    draft.ask({ number: comparison.number, attempt }, retryDelaySeconds(attempt));
    return;
  }
  draft.setComparison(
    { ...comparison, status: "failed", deadline: null, settledAt: draft.now, usage, provider, model },
    recordOf(callback),
  );
  if (severity === "judge_unusable") failForJudge(draft, callback, code);
}

const NANO = 1e9;
/** A million dollars for one answer is a typing error; beyond it sums would no longer be exact. */
const NANO_USD_MAX = 1e15;
/**
 * Tokens, and milliseconds, that one answer adds at most. What is more is an error of the judge; without a bound the sum over the
 * largest batch would leave the integers, and its ranking could not be read any more.
 */
const COUNT_MAX = 1e9;

function addUsage(usage: Usage, { answer, ...callback }: Callback): Usage {
  return {
    answers: usage.answers + 1,
    refusals: usage.refusals + (answer.kind === "error" && isRefusal(answer.code) ? 1 : 0),
    nanoUsd: usage.nanoUsd + Math.min(Math.round(callback.costEstimate * NANO), NANO_USD_MAX),
    promptTokens: usage.promptTokens + Math.min(callback.promptTokens, COUNT_MAX),
    completionTokens: usage.completionTokens + Math.min(callback.completionTokens, COUNT_MAX),
    responseTimeMs: usage.responseTimeMs + Math.min(callback.responseTimeMs, COUNT_MAX),
  };
}

/** No further comparison could escape this error, so none is asked. */
function failForJudge(draft: Draft, callback: Callback, code: string): void {
  fail(draft, {
    reason: "judge_unusable",
    errorCode: publishedErrorCode(code),
    message: `The judge cannot be used: it answered ${code}. Check its credentials and the name of the model.`,
    details: { judge_error_code: code, provider: callback.provider, model: callback.model },
  });
}

function recordOf({ number: _number, person: _person, answer, ...origin }: Callback): VerdictRecord {
  const verdict = answer.kind === "verdict" ? answer : null;
  const error = answer.kind === "error" ? answer : null;
  return {
    winner: verdict?.winner ?? null,
    confidence: verdict?.confidence ?? null,
    justification: verdict?.justification ?? null,
    errorCode: error?.code ?? null,
    errorMessage: error?.message ?? null,
    ...origin,
  };
}
