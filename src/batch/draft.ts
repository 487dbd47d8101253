import {
  type Batch,
  type BatchLife,
  type BatchState,
  type Comparison,
  type Essay,
  isTerminal,
  type Tally,
} from "./batch.ts";
import {
  ASKS_PER_MESSAGE,
  type AskRef,
  type Change,
  type Decision,
  type Effect,
  type OutboxEntry,
  type VerdictRecord,
} from "./decision.ts";
import type { InterimFit } from "./interim-fit.ts";
import { retally } from "./tally.ts";

/**
 * A copy-on-write view of a batch while one command is decided: reads see what this command has already decided,
 * the batch itself stays as it is until the decision is committed.
 */
export interface Draft {
  readonly batch: Batch;
  readonly now: number;
  life(): BatchLife;
  tally(): Readonly<Tally>;
  comparison(number: number): Comparison | undefined;
  essay(number: number): Essay | undefined;
  essays(): readonly Essay[];
  /** comparisons that exist, copies included: the number of the next one */
  issuedCount(): number;
  /** every comparison issued so far, by number */
  comparisons(): readonly Comparison[];
  /** the latest fit between two waves */
  fit(): InterimFit | null;
  setFit(fit: InterimFit): void;
  update(life: Partial<BatchLife>): void;
  /** Moves to another state and writes the step into the history. Moving to the present state is a bug. */
  transition(to: BatchState, reason: string): void;
  change(change: Change): void;
  setEssay(essay: Essay, text: string | null): void;
  setComparison(comparison: Comparison, verdict: VerdictRecord | null): void;
  issue(comparison: Comparison): void;
  emit(effect: Effect): void;
  /** Asks for an attempt; asks of one command travel together. */
  ask(ask: AskRef, delaySeconds: number): void;
  wakeBy(at: number): void;
  decide<Reply>(reply: Reply): Decision<Reply>;
}

/** @param now epoch milliseconds, the time of everything that is decided in this draft */
export function openDraft(batch: Batch, now: number): Draft {
  let life = batch.life;
  let wakeAt: number | null = null;
  let projects = false;
  const tally: Tally = { ...batch.tally };
  const touched = new Map<number, Comparison>();
  const essays = new Map<number, Essay>();
  const changes: Change[] = [];
  const outbox: OutboxEntry[] = [];
  const asks = new Map<number, AskRef[]>();
  let issued = batch.comparisons.length;
  let fit = batch.fit;

  const comparison = (number: number) => touched.get(number) ?? batch.comparisons[number];
  const emit = (effect: Effect) => {
    life = { ...life, seq: life.seq + 1 };
    outbox.push({ seq: life.seq, effect });
  };
  const wakeBy = (at: number) => {
    wakeAt = wakeAt === null ? at : Math.min(wakeAt, at);
  };
  const place = (after: Comparison) => {
    retally(tally, comparison(after.number), after);
    touched.set(after.number, after);
    if (after.deadline !== null) wakeBy(after.deadline);
  };

  return {
    batch,
    now,
    life: () => life,
    tally: () => tally,
    comparison,
    essay: (number) => essays.get(number) ?? batch.essays[number],
    essays: () => batch.essays.map((essay) => essays.get(essay.number) ?? essay),
    issuedCount: () => issued,
    comparisons: () =>
      Array.from({ length: issued }, (_, number) => touched.get(number) ?? batch.comparisons[number]),
    fit: () => fit,
    setFit(latest) {
      fit = latest;
      changes.push({ kind: "fit", fit: latest });
    },
    update(part) {
      life = { ...life, ...part };
    },
    transition(to, reason) {
      if (life.state === to) throw new Error(`batch ${batch.origin.batchId} is already ${to}`);
      if (isTerminal(life.state)) throw new Error(`batch ${batch.origin.batchId} has ended: ${life.state}`);
      changes.push({ kind: "transition", from: life.state, to, reason, at: now });
      life = { ...life, state: to };
      // The read model shows every transition, and one row carries all those of one command.
      projects = true;
    },
    change(change) {
      changes.push(change);
    },
    setEssay(essay, text) {
      essays.set(essay.number, essay);
      changes.push({ kind: "essay", essay, text });
    },
    setComparison(after, verdict) {
      place(after);
      changes.push({ kind: "comparison", comparison: after, verdict });
    },
    issue(after) {
      if (after.number !== issued) throw new Error(`comparison ${after.number} issued out of turn`);
      place(after);
      issued += 1;
      changes.push({ kind: "issued", comparison: after });
    },
    emit,
    ask(ask, delaySeconds) {
      const waiting = asks.get(delaySeconds) ?? [];
      waiting.push(ask);
      asks.set(delaySeconds, waiting);
    },
    wakeBy,
    decide(reply) {
      // A command may re-ask a comparison and then end the batch: nobody is to be asked after the end.
      for (const [delaySeconds, waiting] of isTerminal(life.state) ? [] : asks) {
        for (let at = 0; at < waiting.length; at += ASKS_PER_MESSAGE) {
          emit({ kind: "judge", asks: waiting.slice(at, at + ASKS_PER_MESSAGE), delaySeconds });
        }
      }
      if (projects) emit({ kind: "projection" });
      if (life !== batch.life) {
        life = { ...life, updatedAt: now };
        changes.push({ kind: "life", life });
      }
      return { changes, outbox, wakeAt, reply };
    },
  };
}
