import { DurableObject } from "cloudflare:workers";
import { type Batch, type Comparison, isTerminal, type JudgeShare } from "../batch/batch.ts";
import { type CancelOutcome, cancel } from "../batch/commands/cancel.ts";
import { lendComparison } from "../batch/commands/lend-comparison.ts";
import { type OpenRequest, open } from "../batch/commands/open.ts";
import { type Choice, type ChoiceOutcome, recordChoice } from "../batch/commands/record-choice.ts";
import { recordAsksQueued } from "../batch/commands/record-delivered.ts";
import { recordDispatched } from "../batch/commands/record-dispatched.ts";
import { recordScoringFailure } from "../batch/commands/record-scoring-failure.ts";
import { recordTexts, type TextOutcome } from "../batch/commands/record-texts.ts";
import { type Callback, type CallbackOutcome, recordVerdicts } from "../batch/commands/record-verdicts.ts";
import { type ReviewOutcome, type ReviewRequest, reviewGrade } from "../batch/commands/review-grade.ts";
import { nextWake, wake } from "../batch/commands/wake.ts";
import type { ComparisonPrompt } from "../batch/comparison-prompt.ts";
import { ceilingReached } from "../batch/cost-ceiling.ts";
import type { AskRef, Change, Decision } from "../batch/decision.ts";
import { nameForJudge } from "../batch/essay-alias.ts";
import { evolve } from "../batch/evolve.ts";
import { type Ranker, type Ranking, rankEssays } from "../batch/ranking.ts";
import { errorFields, log } from "../observability/logger.ts";
import { type BatchStore, type HistoryEntry, openBatchStore, type ShownTexts } from "./batch-store.ts";
import { type EventRow, type Outbox, openOutbox } from "./outbox.ts";
import { deliver, type PictureSource } from "./outbox-delivery.ts";
import { pictureOf } from "./picture-of-batch.ts";
import { hasSchema, isCurrent, migrate } from "./schema.ts";
import type { Tombstone } from "./stored.ts";
import {
  type AskedComparison,
  type ComparisonView,
  comparisonViews,
  type LentComparison,
  type Overview,
  overviewOf,
  type PendingText,
  type ReviewView,
} from "./views.ts";

export type OpenOutcome =
  | { readonly kind: "opened" | "exists"; readonly overview: Overview }
  /** another request already stands under this identity */
  | { readonly kind: "conflict" }
  /** the batch was erased */
  | { readonly kind: "gone" };

export interface EventOutcome {
  readonly seq: number;
  readonly status: "published" | "kept" | "retry" | "dead";
  readonly note: string | null;
}

export interface EventLease {
  readonly correlationId: string;
  readonly events: readonly EventRow[];
  /** when another consumer has them: until when */
  readonly leasedUntil: number | null;
}

/** After a commit the flush starts at once; should it die, the alarm takes over after this time. */
const FLUSH_GUARD_MS = 10_000;
/** Rows taken up by one round of a flush. */
const FLUSH_ROWS = 100;
/** An alarm this far behind its time is taken for lost and set again. */
const ALARM_OVERDUE_MS = 60_000;
/**
 * A picture that was reported as failed may still land in D1 after the erasure, so D1 is told to forget once more. Longer than
 * any statement can be under way: D1 ends one after 30 seconds, and the simulator lets one land up to ten minutes late.
 */
const ERASE_AGAIN_MS = 15 * 60_000;
/** The least time between two alarms: an alarm that re-arms itself for "now" would be a hot loop. */
const ALARM_GAP_MS = 250;
const ALARM_AFTER_ERROR_MS = 30_000;

/**
 * One comparative-judgement batch: owns every fact about it and takes its commands one at a time. The rules are in
 * `src/batch`; this shell gives them storage, a clock, an alarm and an outbox. Between reading state and writing it
 * nothing is awaited, and each command is one `transactionSync`.
 */
export class AssessmentBatch extends DurableObject<Env> {
  readonly #store: BatchStore;
  readonly #outbox: Outbox;
  #batch: Batch | null = null;
  #tombstone: Tombstone | null = null;
  #armedAt: number | null = null;
  #flush: Promise<void> | null = null;
  /** How verdicts become a ranking; tests put a failing one here. */
  rank: Ranker = rankEssays;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#store = openBatchStore(ctx.storage.sql);
    this.#outbox = openOutbox(ctx.storage.sql);
    // An object that was never opened stays untouched: reading it must not create anything.
    if (hasSchema(ctx.storage.sql)) ctx.blockConcurrencyWhile(() => this.#awaken());
  }

  // — commands —

  /** Creates the batch, or finds that it exists. The same request twice is answered twice and opened once. */
  async openBatch(request: OpenRequest): Promise<OpenOutcome> {
    if (this.#tombstone !== null) return { kind: "gone" };
    if (this.#batch !== null) {
      const same = this.#batch.origin.fingerprint === request.origin.fingerprint;
      return same ? { kind: "exists", overview: this.#overview(this.#batch) } : { kind: "conflict" };
    }
    const decision = open(request, this.rank);
    const { batch } = decision.reply;
    this.#commit(batch, decision, () => migrate(this.ctx.storage.sql));
    this.#batch = batch;
    this.#flushSoon();
    // The answer tells the state at opening; the flush moves on at once, and `history` has both.
    return { kind: "opened", overview: this.#overview(batch) };
  }

  /** Applies callbacks in their order. Callbacks to a batch that does not exist are orphans and change nothing. */
  async recordVerdicts(callbacks: readonly Callback[]): Promise<readonly CallbackOutcome[]> {
    const batch = this.#batch;
    if (batch === null) {
      // Nobody else comes by an erased batch: D1 knows nothing of it, so the sweep does not find it.
      this.#rearmIfLost();
      return callbacks.map(() => "orphaned");
    }
    return this.#run(batch, recordVerdicts(batch, callbacks, Date.now(), this.rank));
  }

  async recordDispatched(asks: readonly AskRef[]): Promise<{ readonly recorded: number }> {
    const batch = this.#batch;
    if (batch === null) return { recorded: 0 };
    return this.#run(batch, recordDispatched(batch, asks, Date.now()));
  }

  async recordTexts(outcomes: readonly TextOutcome[]): Promise<{ readonly recorded: number }> {
    const batch = this.#batch;
    if (batch === null) return { recorded: 0 };
    return this.#run(batch, recordTexts(batch, outcomes, Date.now(), this.rank));
  }

  /** Gives a person who came to judge a comparison with its texts; null when there is no batch. */
  async lendComparison(person: string): Promise<LentComparison | null> {
    const batch = this.#batch;
    if (batch === null) return null;
    const loan = this.#run(batch, lendComparison(batch, person, Date.now()));
    const { state } = batch.life;
    const waiting = isTerminal(state) ? 0 : batch.tally.waitingForPeople + batch.tally.copiesOutstanding;
    if (loan.kind === "nothing") return { state, waiting, comparison: null, at: loan.at };
    const prompt = promptOf(batch, batch.comparisons[loan.number], this.#store.shownTexts());
    if (prompt === null) throw new Error(`comparison ${loan.number} waits for people and has no texts`);
    const { number, attempt, until } = loan;
    return { state, waiting, comparison: { number, attempt, until, prompt }, at: null };
  }

  /** Records what a person chose; null when there is no batch. */
  async recordChoice(choice: Choice): Promise<ChoiceOutcome | null> {
    const batch = this.#batch;
    if (batch === null) return null;
    return this.#run(batch, recordChoice(batch, choice, Date.now(), this.rank));
  }

  async cancelBatch(): Promise<{ readonly outcome: CancelOutcome; readonly overview: Overview } | null> {
    const batch = this.#batch;
    if (batch === null) return null;
    const outcome = this.#run(batch, cancel(batch, Date.now()));
    return { outcome, overview: this.#overview(batch) };
  }

  /**
   * Erases the batch for good; a tombstone without content stays. An open batch is cancelled first, so that whoever
   * waits for its terminal event gets it: events not yet published outlive the erasure until they are.
   */
  async eraseBatch(): Promise<boolean> {
    if (this.#tombstone !== null) return true;
    const batch = this.#batch;
    if (batch === null) return false;
    const now = Date.now();
    if (!isTerminal(batch.life.state)) this.#run(batch, cancel(batch, now));
    const { batchId, caller, fingerprint, correlationId } = batch.origin;
    const tombstone: Tombstone = { batchId, caller, fingerprint, correlationId, erasedAt: now };
    this.#transact(() => {
      this.#store.erase(tombstone);
      this.#outbox.dropWork();
      this.#outbox.forgetSettledEvents();
      const { seq } = batch.life;
      this.#outbox.add([{ seq: seq + 1, effect: { kind: "projection" } }], now);
      this.#outbox.add([{ seq: seq + 2, effect: { kind: "projection" } }], now, now + ERASE_AGAIN_MS);
      this.#arm(now + FLUSH_GUARD_MS);
    });
    this.#batch = null;
    this.#tombstone = tombstone;
    log("info", "batch_erased", { batch_id: batchId, correlation_id: correlationId });
    // Awaited, so that when the caller hears "erased" D1 has forgotten too; should it fail, the alarm takes over.
    await this.#tryFlush();
    return true;
  }

  /** Records what a person says of a grade; null when there is no batch. */
  async reviewGrade(request: ReviewRequest): Promise<ReviewOutcome | null> {
    const batch = this.#batch;
    if (batch === null) return null;
    const ranking = this.#store.ranking();
    const number = batch.essays.find(({ essayId }) => essayId === request.essayId)?.number;
    const earlier = this.#store.reviews().filter(({ essay }) => essay === number);
    const outcome = this.#run(batch, reviewGrade(batch, ranking, earlier, request, Date.now()));
    // Awaited, so that whoever was told of the review finds it in D1 as well; should it fail, the alarm takes over.
    if (outcome.kind === "reviewed") await this.#tryFlush();
    return outcome;
  }

  /**
   * Looks at everything that has a time, as the alarm does, and renews the time that the sweep goes by. The sweep calls it
   * for batches whose time in D1 has passed.
   *
   * @returns `unknown` when this object holds nothing: the row in D1 is then about nobody
   */
  async nudge(): Promise<"well" | "alarm_was_lost" | "unknown"> {
    if (this.#batch === null && this.#tombstone === null) return "unknown";
    const lost = (await this.ctx.storage.getAlarm()) === null;
    await this.alarm();
    if (this.#batch !== null) this.#project(this.#batch, Date.now());
    return lost ? "alarm_was_lost" : "well";
  }

  // — what the queues' consumers need —

  /** Where the texts are to be fetched from; only those that are still missing. */
  async pendingTexts(
    essays: readonly number[],
    studentPrompt: boolean,
  ): Promise<{ readonly correlationId: string; readonly texts: readonly PendingText[] }> {
    const batch = this.#batch;
    if (batch === null || isTerminal(batch.life.state)) return { correlationId: "", texts: [] };
    const texts: PendingText[] = essays.flatMap((number) => {
      const essay = batch.essays[number];
      return essay?.text === "pending" && essay.storageId !== null
        ? [{ of: number, storageId: essay.storageId }]
        : [];
    });
    const promptStorageId = this.#store.prompt().studentPromptStorageId;
    if (studentPrompt && batch.life.studentPromptPending && promptStorageId !== null) {
      texts.push({ of: "student-prompt", storageId: promptStorageId });
    }
    return { correlationId: batch.origin.correlationId, texts };
  }

  /**
   * What the judge is to be shown. Only attempts that are current and not yet with a judge are given out, so a message
   * that is delivered twice asks once.
   */
  async prompts(asks: readonly AskRef[]): Promise<{
    readonly judges: readonly JudgeShare[];
    readonly correlationId: string;
    readonly bosBatchId: string;
    readonly overrides: string | null;
    readonly asks: readonly AskedComparison[];
  } | null> {
    const batch = this.#batch;
    if (batch === null || isTerminal(batch.life.state)) return null;
    const shown = this.#store.shownTexts();
    const { judges, correlationId, bosBatchId } = batch.origin;
    // Past the ceiling of its cost a batch asks nothing more, not even what waits in the queue.
    const asked = (ceilingReached(batch) ? [] : asks).flatMap(({ number, attempt }) => {
      const comparison = batch.comparisons[number];
      if (comparison?.status !== "planned" || comparison.attempt !== attempt || comparison.forPeople)
        return [];
      const prompt = promptOf(batch, comparison, shown);
      if (prompt === null) return [];
      return [
        {
          number,
          attempt,
          judge: comparison.judge,
          essayAId: nameForJudge(batch.origin.batchId, batch.essays, comparison.first),
          essayBId: nameForJudge(batch.origin.batchId, batch.essays, comparison.second),
          prompt,
        },
      ];
    });
    return { judges, correlationId, bosBatchId, overrides: shown.prompt.overrides, asks: asked };
  }

  /**
   * Hands out the unpublished events in their order, to one consumer at a time.
   *
   * @param leaseMs how long the consumer may take; afterwards the events are handed out again
   */
  async leaseEvents(leaseMs: number): Promise<EventLease> {
    const correlationId = this.#batch?.origin.correlationId ?? this.#tombstone?.correlationId ?? null;
    if (correlationId === null) return { correlationId: "", events: [], leasedUntil: null };
    const now = Date.now();
    const lease = this.ctx.storage.transactionSync(() => this.#outbox.leaseEvents(now, leaseMs));
    return { correlationId, ...lease };
  }

  /** Records what became of leased events (`Delivered`). */
  async recordPublished(outcomes: readonly EventOutcome[]): Promise<void> {
    const batch = this.#batch;
    if (batch === null && this.#tombstone === null) return;
    const now = Date.now();
    const settle = () => {
      for (const { seq, status, note } of outcomes) {
        this.#outbox.settleEvent(seq, status === "retry" ? "queued" : status, now, note);
      }
      if (batch === null) this.#outbox.forgetSettledEvents();
    };
    const isNews = outcomes.some(({ status }) => status !== "retry");
    if (batch !== null && isNews) this.#project(batch, now, settle);
    else this.#transact(settle);
  }

  /** Puts events back in line that were given up, or kept for want of a bridge. */
  async reviveEvents(): Promise<number> {
    const batch = this.#batch;
    if (batch === null) return 0;
    const now = Date.now();
    const revived = this.#transact(() => {
      this.#arm(now + FLUSH_GUARD_MS);
      return this.#outbox.reviveEvents(now);
    });
    if (revived > 0) this.#project(batch, now);
    return revived;
  }

  // — queries —

  async overview(): Promise<Overview | null> {
    this.#rearmIfLost();
    return this.#batch === null ? null : this.#overview(this.#batch);
  }

  /** Whether the batch was erased, and whose it was. */
  async erased(): Promise<Tombstone | null> {
    this.#rearmIfLost();
    return this.#tombstone;
  }

  async ranking(): Promise<Ranking | null> {
    return this.#batch === null ? null : this.#store.ranking();
  }

  /** Every review of a grade, oldest first. */
  async reviews(): Promise<readonly ReviewView[]> {
    const batch = this.#batch;
    if (batch === null) return [];
    return this.#store
      .reviews()
      .map((review) => ({ ...review, essayId: batch.essays[review.essay].essayId }));
  }

  async comparisons(from: number, limit: number): Promise<readonly ComparisonView[]> {
    const batch = this.#batch;
    return batch === null ? [] : comparisonViews(batch, this.#store.verdicts(from, from + limit));
  }

  async history(): Promise<readonly HistoryEntry[]> {
    return this.#batch === null ? [] : this.#store.history();
  }

  async events(): Promise<readonly EventRow[]> {
    return this.#batch === null ? [] : this.#outbox.events();
  }

  // — the alarm —

  /** The batch monitor. It never throws for work that failed: alarms that throw are deleted after six tries. */
  override async alarm(): Promise<void> {
    this.#armedAt = null;
    let next: number | null = null;
    try {
      const batch = this.#batch;
      if (batch !== null) this.#run(batch, wake(batch, Date.now(), this.rank));
      await this.#flushNow();
      next = this.#nextWake();
    } catch (error) {
      log("error", "alarm_failed", { ...this.#logFields(), ...errorFields(error) });
      next = Date.now() + ALARM_AFTER_ERROR_MS;
    }
    if (next !== null) await this.#setAlarm(Math.max(next, Date.now() + ALARM_GAP_MS));
  }

  // — the shell —

  async #awaken(): Promise<void> {
    const { sql } = this.ctx.storage;
    if (!isCurrent(sql)) this.ctx.storage.transactionSync(() => migrate(sql));
    this.#batch = this.#store.load();
    this.#tombstone = this.#store.tombstone();
    this.#armedAt = await this.ctx.storage.getAlarm();
    this.#rearmIfLost();
  }

  /** Commits a decision and lets its effects out. */
  #run<Reply>(batch: Batch, decision: Decision<Reply>, alongside?: () => void): Reply {
    const reply = this.#commitOrGiveUp(batch, decision, alongside);
    if (decision.outbox.length > 0) this.#flushSoon();
    return reply;
  }

  /**
   * A final ranking that cannot be stored is a scoring attempt that failed: it is counted, so that the batch ends in
   * `scoring_failed` and not in trying for ever.
   */
  #commitOrGiveUp<Reply>(batch: Batch, decision: Decision<Reply>, alongside?: () => void): Reply {
    try {
      return this.#commit(batch, decision, alongside);
    } catch (error) {
      const completes = decision.changes.some(
        (change) => change.kind === "transition" && change.to === "COMPLETED",
      );
      if (completes) {
        const { error: message } = errorFields(error);
        log("error", "ranking_not_stored", { ...this.#logFields(), error: message });
        this.#commit(batch, recordScoringFailure(batch, message, Date.now()));
        this.#flushSoon();
      }
      throw error;
    }
  }

  /** @param alongside further writes of the same transaction */
  #commit<Reply>(batch: Batch, decision: Decision<Reply>, alongside?: () => void): Reply {
    if (decision.changes.length === 0 && decision.outbox.length === 0) return decision.reply;
    const now = Date.now();
    this.#transact(() => {
      alongside?.();
      this.#store.apply(decision.changes);
      this.#outbox.add(decision.outbox, now);
      if (decision.changes.some(endsBatch)) this.#outbox.dropWork();
      // Inside the alarm nothing is armed: should the object die before it re-arms, all that waits is looked at soon.
      const unguarded = decision.wakeAt !== null && this.#armedAt === null;
      if (decision.outbox.length > 0 || unguarded) this.#arm(now + FLUSH_GUARD_MS);
      if (decision.wakeAt !== null) this.#arm(decision.wakeAt);
    });
    evolve(batch, decision.changes);
    for (const change of decision.changes) logTransition(batch, change);
    return decision.reply;
  }

  /** One transaction. What it set the alarm to is forgotten with it when it fails. */
  #transact<Result>(work: () => Result): Result {
    const armedAt = this.#armedAt;
    try {
      return this.ctx.storage.transactionSync(work);
    } catch (error) {
      this.#armedAt = armedAt;
      throw error;
    }
  }

  /**
   * Moves the alarm forward if it stands later; one that fires early looks around and re-arms itself. One whose time has
   * passed may be lost: it is set again, for soon, because what it was to look at is due.
   */
  #arm(at: number): void {
    const now = Date.now();
    const passed = this.#armedAt !== null && this.#armedAt <= now;
    if (this.#armedAt !== null && this.#armedAt <= at && !passed) return;
    this.#armedAt = passed ? Math.min(at, now + FLUSH_GUARD_MS) : at;
    void this.ctx.storage.setAlarm(this.#armedAt);
  }

  async #setAlarm(at: number): Promise<void> {
    if (this.#armedAt !== null && this.#armedAt <= at) return;
    this.#armedAt = at;
    await this.ctx.storage.setAlarm(at);
  }

  #rearmIfLost(): void {
    if (this.#batch === null && this.#tombstone === null) return;
    const next = this.#nextWake();
    if (next === null) return;
    const now = Date.now();
    const lost = this.#armedAt === null || this.#armedAt < now - ALARM_OVERDUE_MS;
    if (lost) this.#arm(Math.max(next, now + ALARM_GAP_MS));
  }

  #nextWake(): number | null {
    const times = [this.#batch === null ? null : nextWake(this.#batch), this.#outbox.nextAttemptAt()];
    return times.reduce(
      (earliest, at) => (earliest === null || (at !== null && at < earliest) ? at : earliest),
      null,
    );
  }

  #project(batch: Batch, now: number, alongside?: () => void): void {
    const life = { ...batch.life, seq: batch.life.seq + 1 };
    const decision: Decision<null> = {
      changes: [{ kind: "life", life }],
      outbox: [{ seq: life.seq, effect: { kind: "projection" } }],
      wakeAt: now + FLUSH_GUARD_MS,
      reply: null,
    };
    this.#run(batch, decision, alongside);
  }

  #flushSoon(): void {
    this.ctx.waitUntil(this.#tryFlush());
  }

  async #tryFlush(): Promise<void> {
    try {
      await this.#flushNow();
    } catch (error) {
      log("error", "flush_failed", { ...this.#logFields(), ...errorFields(error) });
    }
  }

  /** One flush at a time: whoever comes while one runs waits for it and then looks whether anything is left. */
  async #flushNow(): Promise<void> {
    while (this.#flush !== null) await this.#flush;
    this.#flush = this.#flushRows().finally(() => {
      this.#flush = null;
    });
    await this.#flush;
  }

  async #flushRows(): Promise<void> {
    for (;;) {
      // Asked before looking for rows: an object that died after the last question had left finds none.
      this.#leavePairGenerationWhenAsked();
      const rows = this.#outbox.due(Date.now(), FLUSH_ROWS);
      if (rows.length === 0) return;
      const results = await deliver(this.env, this.#pictureSource(), rows);
      const now = Date.now();
      this.#transact(() => {
        for (const { row, error } of results) {
          if (error === null) this.#outbox.delivered(row, now);
          else this.#outbox.failed(row, now, Math.random(), error);
        }
      });
      for (const { row, error } of results) {
        if (error !== null)
          log("warn", "outbox_delivery_failed", { ...this.#logFields(), kind: row.effect.kind, error });
      }
    }
  }

  #leavePairGenerationWhenAsked(): void {
    const batch = this.#batch;
    if (batch?.life.state !== "GENERATING_PAIRS" || this.#outbox.hasJudgeRows()) return;
    this.#run(batch, recordAsksQueued(batch, Date.now()));
  }

  /** What a projection writes: the batch as it stands when it is written, or its erasure. */
  #pictureSource(): PictureSource {
    const batch = this.#batch;
    if (batch !== null) {
      return {
        batchId: batch.origin.batchId,
        correlationId: batch.origin.correlationId,
        picture: () => {
          // An ended batch waits for nothing but its outbox.
          const wakeAt = isTerminal(batch.life.state) ? this.#outbox.nextAttemptAt() : nextWake(batch);
          return pictureOf(
            batch,
            this.#store.ranking(),
            this.#store.reviews(),
            this.#outbox.events(),
            wakeAt,
          );
        },
      };
    }
    const tombstone = this.#tombstone;
    if (tombstone === null) throw new Error("an object without a batch has an outbox");
    return { batchId: tombstone.batchId, correlationId: tombstone.correlationId, picture: () => null };
  }

  #overview(batch: Batch): Overview {
    return overviewOf(batch, this.#armedAt);
  }

  #logFields(): { readonly batch_id: string | null; readonly correlation_id: string | null } {
    const source = this.#batch?.origin ?? this.#tombstone;
    return { batch_id: source?.batchId ?? null, correlation_id: source?.correlationId ?? null };
  }
}

/** What a judge is shown of a comparison; null once its texts are erased. */
function promptOf({ origin }: Batch, comparison: Comparison, shown: ShownTexts): ComparisonPrompt | null {
  const essays = shown.essays(comparison.first, comparison.second);
  if (essays === null) return null;
  const { studentPrompt, instructions, rubric } = shown.prompt;
  const [first, second] = essays;
  return { studentPrompt, instructions, rubric, language: origin.language, first, second };
}

function logTransition({ origin }: Batch, change: Change): void {
  if (change.kind !== "transition") return;
  log("info", "batch_transition", {
    batch_id: origin.batchId,
    correlation_id: origin.correlationId,
    from: change.from,
    to: change.to,
    reason: change.reason,
  });
}

function endsBatch(change: Change): boolean {
  return change.kind === "transition" && isTerminal(change.to);
}
