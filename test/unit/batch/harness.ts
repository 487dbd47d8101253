/**
 * One batch, kept in memory the way the object keeps it: every decision is applied by `evolve`, its outbox rows are
 * collected, and after each of them everything that must always hold is checked. A test drives commands and reads
 * what became of the batch; it never has to ask whether the counters were right.
 */
import { expect } from "vitest";
import {
  type Batch,
  type BatchConfig,
  type BatchOrigin,
  type BatchState,
  type Comparison,
  isTerminal,
  type Winner,
} from "../../../src/batch/batch.ts";
import { type CancelOutcome, cancel } from "../../../src/batch/commands/cancel.ts";
import { type Loan, lendComparison } from "../../../src/batch/commands/lend-comparison.ts";
import { type OpenRequest, open } from "../../../src/batch/commands/open.ts";
import { type ChoiceOutcome, recordChoice } from "../../../src/batch/commands/record-choice.ts";
import { recordAsksQueued } from "../../../src/batch/commands/record-delivered.ts";
import { recordDispatched } from "../../../src/batch/commands/record-dispatched.ts";
import { recordTexts, type TextOutcome } from "../../../src/batch/commands/record-texts.ts";
import {
  type Callback,
  type CallbackOutcome,
  recordVerdicts,
} from "../../../src/batch/commands/record-verdicts.ts";
import { nextWake, type WakeReport, wake } from "../../../src/batch/commands/wake.ts";
import type {
  AskRef,
  Change,
  Decision,
  Effect,
  OutboxEntry,
  PromptContext,
  VerdictRecord,
} from "../../../src/batch/decision.ts";
import type { PublishedEvent } from "../../../src/batch/events.ts";
import { evolve } from "../../../src/batch/evolve.ts";
import { type Ranker, type Ranking, rankEssays } from "../../../src/batch/ranking.ts";
import { emptyTally, plannedSoFar, retally, verdictsSoFar } from "../../../src/batch/tally.ts";
import type { PublishedEventKind } from "../../../src/contracts/topics.ts";

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** When every batch of the tests opens. */
export const OPENED_AT = Date.UTC(2026, 1, 7, 9, 0, 0);
export const CORRELATION_ID = "c0ffee00-0000-4000-8000-000000000001";

/** The service's defaults, but for swaps, which tests ask for by name. */
const DEFAULT_CONFIG: BatchConfig = {
  completionThresholdPct: 95,
  minSuccessRateThreshold: 0.8,
  recoveryThresholdPct: 80,
  maxComparisons: 120,
  maxRetryAttempts: 3,
  batchTimeoutHours: 4,
  maxBatchHours: 72,
  stragglerGraceSeconds: 300,
  judgementTimeoutMinutes: 30,
  maxInFlight: 500,
  retentionDays: 30,
  pairing: "auto",
  balancedRounds: 5,
  randomShare: 0.15,
  swapShare: 0,
  minComparisonsPerEssay: 6,
  targetReliability: null,
  scoreStability: null,
  minComparisonsForStabilityCheck: 12,
  humanShare: 0,
  humanLeaseMinutes: 15,
  humanWaitHours: 168,
  maxCostUsd: null,
};

export const DEFAULT_ORIGIN: BatchOrigin = {
  batchId: "0123456789abc",
  caller: "kafka",
  source: "kafka",
  fingerprint: "f".repeat(64),
  bosBatchId: "bos-batch-7",
  correlationId: CORRELATION_ID,
  userId: "user-1",
  orgId: "org-1",
  assignmentId: null,
  gradeScale: null,
  language: "en",
  courseCode: "ENG5",
  judges: [{ judge: "provider-service", model: null, share: 1 }],
  judgedBy: [],
  topicPrefix: "huleedu.",
  eventTypePrefix: "",
  seed: 7,
  createdAt: OPENED_AT,
};

const NO_PROMPT: PromptContext = {
  studentPrompt: null,
  studentPromptStorageId: null,
  instructions: null,
  rubric: null,
  overrides: null,
  redactNames: [],
};

type RequestedEssay = OpenRequest["essays"][number];

export function inlineEssays(count: number): RequestedEssay[] {
  return numbersTo(count).map((number) => ({
    essayId: `essay-${number}`,
    text: `text of essay ${number}`,
    storageId: null,
  }));
}

export function referencedEssays(count: number): RequestedEssay[] {
  return numbersTo(count).map((number) => ({
    essayId: `essay-${number}`,
    text: null,
    storageId: `storage-${number}`,
  }));
}

export interface RequestParts {
  readonly essays?: number | readonly RequestedEssay[];
  readonly config?: Partial<BatchConfig>;
  readonly origin?: Partial<BatchOrigin>;
  readonly prompt?: Partial<PromptContext>;
  readonly anchors?: OpenRequest["anchors"];
  readonly refusal?: string;
}

/** Five essays, so ten comparisons, unless the test says otherwise. */
export function buildRequest(parts: RequestParts = {}): OpenRequest {
  const essays = parts.essays ?? 5;
  return {
    origin: { ...DEFAULT_ORIGIN, ...parts.origin },
    config: { ...DEFAULT_CONFIG, ...parts.config },
    prompt: { ...NO_PROMPT, ...parts.prompt },
    essays: typeof essays === "number" ? inlineEssays(essays) : essays,
    anchors: parts.anchors ?? [],
    refusal: parts.refusal ?? null,
  };
}

const SILENT_JUDGE = {
  requestId: "request-1",
  provider: "openai",
  model: "gpt-5.1",
  responseTimeMs: 1200,
  promptTokens: 900,
  completionTokens: 60,
  costEstimate: 0.002,
  costBasis: "published",
  promptVersion: "2",
  promptSha256: "0".repeat(64),
  person: null,
} as const;

export function verdictOf(number: number, winner: Winner = "essay_a", attempt = 0): Callback {
  const justification = `because of ${winner} in ${number}`;
  return {
    number,
    attempt,
    answer: { kind: "verdict", winner, confidence: 4, justification },
    ...SILENT_JUDGE,
  };
}

export function errorOf(number: number, code: string, attempt = 0): Callback {
  return { number, attempt, answer: { kind: "error", code, message: `${code} happened` }, ...SILENT_JUDGE };
}

/** An error that asking again would not cure, but that says nothing about other comparisons. */
export const PERMANENT = "LLM_INVALID_PROMPT";
export const RETRYABLE = "LLM_PROVIDER_TIMEOUT";

export interface HistoryEntry {
  readonly from: BatchState | null;
  readonly to: BatchState;
  readonly reason: string;
  readonly at: number;
}

export interface BatchUnderTest {
  readonly batch: Batch;
  /** every change so far, in order */
  readonly changes: readonly Change[];
  /** every outbox row so far, in order */
  readonly outbox: readonly OutboxEntry[];
  readonly history: readonly HistoryEntry[];
  now(): number;
  state(): BatchState;
  comparison(number: number): Comparison;
  /** the newest record of what a judge said about a comparison in time, as the store keeps it */
  record(number: number): VerdictRecord | undefined;
  /** what a judge said after the batch had ended */
  lateRecord(number: number): VerdictRecord | undefined;
  /** the text of an essay, as the store keeps it */
  text(number: number): string | null;
  ranking(): Ranking | undefined;
  /** how often the ranking was written */
  rankingsWritten(): number;
  nextWake(): number | null;
  /** changes and outbox rows of the latest command */
  latest(): { readonly changes: readonly Change[]; readonly effects: readonly Effect[] };
  asks(): readonly (AskRef & { readonly delaySeconds: number })[];
  events(name?: PublishedEventKind): readonly PublishedEvent[];
  states(): readonly BatchState[];

  advance(ms: number): void;
  useRanker(ranker: Ranker): void;
  deliver(...callbacks: readonly Callback[]): readonly CallbackOutcome[];
  judge(number: number, winner?: Winner): CallbackOutcome;
  judgeAll(numbers: readonly number[]): readonly CallbackOutcome[];
  error(number: number, code: string, attempt?: number): CallbackOutcome;
  /** every planned attempt reaches a judge */
  dispatchAll(): number;
  dispatch(asks: readonly AskRef[]): number;
  asksQueued(): void;
  wake(): WakeReport;
  /** lets the alarm go off at the moment for which it is set */
  sleepUntilAlarm(): WakeReport;
  cancel(): CancelOutcome;
  /** somebody comes to judge */
  lend(person: string): Loan;
  choose(number: number, person: string, winner?: Winner, confidence?: number): ChoiceOutcome;
  texts(...outcomes: readonly TextOutcome[]): number;
}

/** More alarms than any life needs: a batch that wants more would never end. */
const ALARMS_MAX = 1_000;

export function openBatch(parts: RequestParts = {}, ranker: Ranker = rankEssays): BatchUnderTest {
  const request = buildRequest(parts);
  const opened = open(request, ranker);
  const { batch } = opened.reply;
  const changes: Change[] = [];
  const outbox: OutboxEntry[] = [];
  const history: HistoryEntry[] = [];
  const records = new Map<number, VerdictRecord>();
  const lateRecords = new Map<number, VerdictRecord>();
  const texts = new Map<number, string | null>();
  const rankings: Ranking[] = [];
  let rank = ranker;
  let now = request.origin.createdAt;
  let armedAt: number | null = null;
  let alarms = 0;
  let latest: readonly Change[] = [];
  let latestEffects: readonly Effect[] = [];

  const commit = <Reply>(decision: Decision<Reply>): Reply => {
    const stateBefore = batch.life.state;
    const wasBorn = history.length > 0;
    expectRowsStillOpen(batch, decision.changes);
    evolve(batch, decision.changes);
    expectQuestionsOf(decision, batch);
    for (const change of decision.changes) keep(change);
    changes.push(...decision.changes);
    outbox.push(...decision.outbox);
    latest = decision.changes;
    latestEffects = decision.outbox.map(({ effect }) => effect);
    if (decision.wakeAt !== null) armedAt = Math.min(armedAt ?? decision.wakeAt, decision.wakeAt);
    if (wasBorn && isTerminal(stateBefore)) expect(batch.life.state).toBe(stateBefore);
    expectInvariants(batch, outbox, history);
    expectAlarm(batch, armedAt);
    return decision.reply;
  };
  const keep = (change: Change): void => {
    if (change.kind === "opened") for (const { essay, text } of change.essays) texts.set(essay.number, text);
    if (change.kind === "essay") texts.set(change.essay.number, change.text);
    if (change.kind === "transition") history.push(change);
    if (change.kind === "ranking") rankings.push(change.ranking);
    if (change.kind === "comparison" && change.verdict !== null) {
      const { number, lateAt } = change.comparison;
      (lateAt === null ? records : lateRecords).set(number, change.verdict);
    }
    if (change.kind === "texts-erased") {
      for (const number of texts.keys()) texts.set(number, null);
      for (const kept of [records, lateRecords])
        for (const [number, record] of kept) kept.set(number, { ...record, justification: null });
    }
  };
  /** Decides without committing: what is not committed must not be visible. */
  const run = <Reply>(decide: () => Decision<Reply>): Reply => {
    const before = JSON.stringify(batch);
    const decision = decide();
    expect(JSON.stringify(batch), "a decision leaves the batch as it is").toBe(before);
    return commit(decision);
  };
  const events = (name?: PublishedEventKind) =>
    outbox.flatMap(({ effect }) =>
      effect.kind === "event" && (name === undefined || effect.event.name === name) ? [effect.event] : [],
    );
  const deliver = (...callbacks: readonly Callback[]) =>
    run(() => recordVerdicts(batch, callbacks, now, rank));
  const dispatch = (asks: readonly AskRef[]) => run(() => recordDispatched(batch, asks, now)).recorded;
  const runWake = () => {
    armedAt = null;
    const report = run(() => wake(batch, now, rank));
    // The alarm has gone off: it is set again for what `nextWake` says.
    armedAt = nextWake(batch);
    if (armedAt !== null) expect(armedAt, "an alarm leaves nothing due behind it").toBeGreaterThan(now);
    return report;
  };
  commit(opened);

  return {
    batch,
    changes,
    outbox,
    history,
    now: () => now,
    state: () => batch.life.state,
    comparison: (number) => batch.comparisons[number],
    record: (number) => records.get(number),
    lateRecord: (number) => lateRecords.get(number),
    text: (number) => texts.get(number) ?? null,
    ranking: () => rankings.at(-1),
    rankingsWritten: () => rankings.length,
    nextWake: () => nextWake(batch),
    latest: () => ({ changes: latest, effects: latestEffects }),
    asks: () => asksIn(outbox),
    events,
    states: () => history.map(({ to }) => to),
    advance(ms) {
      now += ms;
    },
    useRanker(ranker) {
      rank = ranker;
    },
    deliver,
    judge: (number, winner) => only(deliver(verdictOf(number, winner, batch.comparisons[number].attempt))),
    judgeAll: (numbers) =>
      deliver(...numbers.map((number) => verdictOf(number, "essay_a", batch.comparisons[number].attempt))),
    error: (number, code, attempt) =>
      only(deliver(errorOf(number, code, attempt ?? batch.comparisons[number].attempt))),
    dispatch,
    dispatchAll: () =>
      dispatch(batch.comparisons.filter(({ status, forPeople }) => status === "planned" && !forPeople)),
    asksQueued: () => void run(() => recordAsksQueued(batch, now)),
    wake: runWake,
    sleepUntilAlarm() {
      if (armedAt === null) throw new Error("no alarm is set");
      alarms += 1;
      if (alarms > ALARMS_MAX)
        throw new Error(`the batch is still ${batch.life.state} after ${alarms} alarms`);
      now = Math.max(now, armedAt);
      return runWake();
    },
    cancel: () => run(() => cancel(batch, now)),
    lend: (person) => run(() => lendComparison(batch, person, now)),
    choose: (number, person, winner = "essay_a", confidence = 3) =>
      run(() => {
        const attempt = batch.comparisons.at(number)?.attempt ?? 0;
        return recordChoice(
          batch,
          { number, attempt, person, winner, confidence, justification: null },
          now,
          rank,
        );
      }),
    texts: (...outcomes) => run(() => recordTexts(batch, outcomes, now, rank)).recorded,
  };
}

/** 0 … count − 1, or from … to − 1. */
export function numbersTo(count: number, from = 0): number[] {
  return Array.from({ length: count - from }, (_, index) => from + index);
}

function asksIn(outbox: readonly OutboxEntry[]): (AskRef & { readonly delaySeconds: number })[] {
  return outbox.flatMap(({ effect }) =>
    effect.kind === "judge" ? effect.asks.map((ask) => ({ ...ask, delaySeconds: effect.delaySeconds })) : [],
  );
}

function only<Item>(items: readonly Item[]): Item {
  const [item] = items;
  expect(items).toHaveLength(1);
  return item;
}

/** The store updates a comparison's row only while it has neither winner nor late answer, and throws otherwise. */
function expectRowsStillOpen(batch: Batch, changes: readonly Change[]): void {
  const rows = new Map(batch.comparisons.map((comparison) => [comparison.number, comparison]));
  for (const change of changes) {
    if (change.kind !== "issued" && change.kind !== "comparison") continue;
    const row = rows.get(change.comparison.number);
    expect(row === undefined).toBe(change.kind === "issued");
    expect({ winner: row?.winner ?? null, lateAt: row?.lateAt ?? null }).toEqual({
      winner: null,
      lateAt: null,
    });
    rows.set(change.comparison.number, change.comparison);
  }
}

function expectInvariants(
  batch: Batch,
  outbox: readonly OutboxEntry[],
  history: readonly HistoryEntry[],
): void {
  expectCounters(batch);
  expectSequence(batch, outbox);
  expectHistory(batch, history);
  expectEnding(batch, outbox);
  expectQuestions(batch, outbox);
}

function expectCounters(batch: Batch): void {
  const recounted = emptyTally();
  for (const comparison of batch.comparisons) retally(recounted, undefined, comparison);
  expect(batch.tally, "counters are what the rows say").toEqual(recounted);
  const copies = batch.comparisons.filter(({ copyOf }) => copyOf !== null).length;
  expect(plannedSoFar(recounted) + copies).toBe(batch.comparisons.length);
  expect(plannedSoFar(recounted)).toBeLessThanOrEqual(batch.life.totalComparisons);
  for (const { number, status, deadline, winner, settledAt, forPeople } of batch.comparisons) {
    expect(
      [number, deadline !== null],
      "a deadline belongs to a question that waits for a machine or is with somebody",
    ).toEqual([number, status === "dispatched" || (status === "planned" && !forPeople)]);
    expect([number, winner !== null]).toEqual([number, status === "judged"]);
    expect([number, settledAt !== null]).toEqual([number, status === "judged" || status === "failed"]);
  }
}

function expectSequence(batch: Batch, outbox: readonly OutboxEntry[]): void {
  expect(
    outbox.map(({ seq }) => seq),
    "outbox rows are numbered without gaps",
  ).toEqual(numbersTo(outbox.length).map((index) => index + 1));
  expect(batch.life.seq).toBe(outbox.length);
}

function expectHistory(batch: Batch, history: readonly HistoryEntry[]): void {
  expect(history.map(({ from }) => from)).toEqual([null, ...history.slice(0, -1).map(({ to }) => to)]);
  expect(history.at(0)?.to).toBe("INITIALIZING");
  expect(history.at(-1)?.to).toBe(batch.life.state);
  expect(history.slice(0, -1).filter(({ to }) => isTerminal(to))).toEqual([]);
}

function expectEnding(batch: Batch, outbox: readonly OutboxEntry[]): void {
  const { state, completedAt, stopReason, forcedRecovery, failure, scoringRetry } = batch.life;
  const ended = isTerminal(state);
  const terminalEvents = outbox.flatMap(({ effect }) =>
    effect.kind === "event" && (effect.event.name === "completed" || effect.event.name === "failed")
      ? [effect.event.name]
      : [],
  );
  const expected = state === "COMPLETED" ? ["completed"] : ["failed"];
  expect(terminalEvents, "one terminal event, and only at the end").toEqual(ended ? expected : []);
  expect(completedAt !== null).toBe(ended);
  expect(stopReason !== null).toBe(state === "COMPLETED");
  expect(forcedRecovery).toBe(stopReason === "forced_recovery");
  expect(failure !== null).toBe(state === "FAILED" || state === "CANCELLED");
  if (ended) expect(scoringRetry).toBeNull();
  const heard = verdictsSoFar(batch.tally) > 0;
  if (failure?.reason === "no_verdicts") expect(heard, "no verdicts means none of anybody").toBe(false);
  if (state === "COMPLETED" && stopReason !== "single_essay_batch")
    expect(heard, "a ranking rests on verdicts").toBe(true);
}

function expectQuestions(batch: Batch, outbox: readonly OutboxEntry[]): void {
  const asked = asksIn(outbox).map(({ number, attempt }) => `${number}/${attempt}`);
  const once = new Set(asked);
  if (isTerminal(batch.life.state)) {
    expect(
      outbox.slice(endOf(outbox)).map(({ effect }) => effect.kind),
      "nobody is asked after the end",
    ).not.toContain("judge");
    return;
  }
  for (const { number, attempt, forPeople } of batch.comparisons) {
    expect(attempt).toBeLessThanOrEqual(batch.config.maxRetryAttempts);
    if (forPeople) {
      expect([number, attempt, once.has(`${number}/0`)], "people are asked by nobody").toEqual([
        number,
        0,
        false,
      ]);
      continue;
    }
    for (const earlier of numbersTo(attempt + 1))
      expect(once.has(`${number}/${earlier}`), `${number}/${earlier} was asked`).toBe(true);
  }
}

/** A question may be put again while nobody has taken it on, but only by a later command, and never beyond its attempt. */
function expectQuestionsOf(decision: Decision<unknown>, batch: Batch): void {
  const asked = asksIn(decision.outbox);
  const once = new Set(asked.map(({ number, attempt }) => `${number}/${attempt}`));
  expect(once.size, "a command asks an attempt once").toBe(asked.length);
  for (const { number, attempt } of asked)
    expect(batch.comparisons[number].attempt).toBeGreaterThanOrEqual(attempt);
}

function endOf(outbox: readonly OutboxEntry[]): number {
  return outbox.findIndex(({ effect }) => effect.kind === "event");
}

function expectAlarm(batch: Batch, armedAt: number | null): void {
  const due = nextWake(batch);
  if (!isTerminal(batch.life.state)) expect(due, "an open batch always has a next wake").not.toBeNull();
  if (due === null || armedAt === null) return;
  expect(armedAt, "the alarm never stands later than what is due").toBeLessThanOrEqual(due);
}
