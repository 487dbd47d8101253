import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isTerminal, type JudgeShare } from "../../../src/batch/batch.ts";
import type { TextOutcome } from "../../../src/batch/commands/record-texts.ts";
import type { Callback } from "../../../src/batch/commands/record-verdicts.ts";
import type { Ranker } from "../../../src/batch/ranking.ts";
import { rankByWins } from "../../fakes/rank-by-wins.ts";
import {
  type BatchUnderTest,
  errorOf,
  HOUR,
  MINUTE,
  numbersTo,
  openBatch,
  PERMANENT,
  RETRYABLE,
  type RequestParts,
  SECOND,
  verdictOf,
} from "./harness.ts";

/**
 * What may happen to a batch, in any order. Numbers and attempts are taken modulo what exists, or one beyond it. The
 * harness checks after every step that counters, outbox, history, questions and alarm are as they must be.
 */
type Step =
  | { readonly kind: "callbacks"; readonly callbacks: readonly RandomCallback[] }
  | { readonly kind: "dispatch"; readonly share: number }
  | { readonly kind: "texts"; readonly texts: readonly RandomText[] }
  | { readonly kind: "pass"; readonly ms: number }
  | { readonly kind: "alarm" }
  | { readonly kind: "asks-queued" }
  | { readonly kind: "ranker"; readonly works: boolean }
  | { readonly kind: "people"; readonly visits: readonly RandomVisit[] }
  | { readonly kind: "cancel" };

/** Somebody comes to judge; they may leave without an answer, or answer what they were never given. */
interface RandomVisit {
  readonly person: string;
  readonly answers: "theirs" | "another" | "nothing";
  readonly number: number;
}

interface RandomCallback {
  readonly number: number;
  readonly attemptsAgo: number;
  readonly answer: "essay_a" | "essay_b" | typeof PERMANENT | typeof RETRYABLE | "INVALID_API_KEY";
}
interface RandomText {
  readonly of: number | "student-prompt";
  readonly found: boolean;
}

const callback: fc.Arbitrary<RandomCallback> = fc.record({
  number: fc.nat({ max: 200 }),
  attemptsAgo: fc.constantFrom(0, 0, 0, 1, 2),
  answer: fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom("essay_a" as const, "essay_b" as const) },
    { weight: 4, arbitrary: fc.constant(RETRYABLE) },
    { weight: 2, arbitrary: fc.constant(PERMANENT) },
    { weight: 1, arbitrary: fc.constantFrom("INVALID_API_KEY" as const, PERMANENT) },
  ),
});

const text: fc.Arbitrary<RandomText> = fc.record({
  of: fc.oneof({ weight: 6, arbitrary: fc.nat({ max: 12 }) }, fc.constant("student-prompt" as const)),
  found: fc.constantFrom(true, true, true, false),
});

const visit: fc.Arbitrary<RandomVisit> = fc.record({
  person: fc.constantFrom("anna", "bo", "cem"),
  answers: fc.constantFrom("theirs", "theirs", "another", "nothing"),
  number: fc.nat({ max: 200 }),
});

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant("callbacks" as const),
      callbacks: fc.array(callback, { minLength: 1, maxLength: 12 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("dispatch" as const), share: fc.integer({ min: 1, max: 3 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("texts" as const),
      texts: fc.array(text, { minLength: 1, maxLength: 12 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("pass" as const),
      ms: fc.oneof(fc.nat({ max: 10 * MINUTE }), fc.nat({ max: 5 * HOUR })),
    }),
  },
  { weight: 4, arbitrary: fc.constant({ kind: "alarm" } as const) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("people" as const), visits: fc.array(visit, { maxLength: 8 }) }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "asks-queued" } as const) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("ranker" as const), works: fc.boolean() }) },
);
const lastSteps: fc.Arbitrary<readonly Step[]> = fc.constantFrom<readonly Step[]>(
  [],
  [],
  [],
  [{ kind: "cancel" }],
);

/** One machine, two of them, people beside them or alone; people who judge copies alone have no share. */
const JUDGES: readonly (readonly JudgeShare[])[] = [
  [
    ["provider-service", 1],
    ["human", 0],
  ],
  [
    ["provider-service", 0.6],
    ["offline", 0.4],
    ["human", 0],
  ],
  [
    ["provider-service", 0.5],
    ["human", 0.5],
  ],
  [["human", 1]],
].map((judges) =>
  judges.map(([judge, share]) => ({ judge: String(judge), model: null, share: Number(share) })),
);

const request: fc.Arbitrary<RequestParts> = fc
  .record({
    essays: fc.array(
      fc.record({
        text: fc.constantFrom("a text", "a text", null),
        storageId: fc.constantFrom("storage", "storage", null),
      }),
      { maxLength: 9 },
    ),
    config: fc.record({
      completionThresholdPct: fc.constantFrom(1, 50, 80, 95, 100),
      minSuccessRateThreshold: fc.constantFrom(0, 0.5, 0.8, 1),
      recoveryThresholdPct: fc.constantFrom(1, 80, 100),
      maxComparisons: fc.integer({ min: 8, max: 40 }),
      maxRetryAttempts: fc.integer({ min: 0, max: 3 }),
      batchTimeoutHours: fc.constantFrom(0.01, 1, 4),
      maxBatchHours: fc.constantFrom(0.5, 72),
      stragglerGraceSeconds: fc.constantFrom(0, 300, 86_400),
      judgementTimeoutMinutes: fc.constantFrom(0.05, 30, 1_440),
      maxInFlight: fc.constantFrom(1, 5, 500),
      retentionDays: fc.constantFrom(1, 30),
      pairing: fc.constantFrom("auto", "all_pairs", "balanced_rounds", "adaptive"),
      balancedRounds: fc.constantFrom(2, 5),
      randomShare: fc.constantFrom(0, 0.15, 1),
      swapShare: fc.constantFrom(0, 0.1, 0.5),
      minComparisonsPerEssay: fc.constantFrom(1, 3, 6),
      targetReliability: fc.constantFrom(null, null, 0.01, 0.5, 1),
      scoreStability: fc.constantFrom(null, null, 0.1, 10),
      minComparisonsForStabilityCheck: fc.constantFrom(1, 12),
      humanShare: fc.constantFrom(0, 0, 0.3, 1),
      humanLeaseMinutes: fc.constantFrom(1, 15),
      humanWaitHours: fc.constantFrom(0, 6),
      maxCostUsd: fc.constantFrom(null, null, 0.001, 0.02),
    }),
    origin: fc.record({ judges: fc.constantFrom(...JUDGES) }),
    prompt: fc.record({ studentPromptStorageId: fc.constantFrom(null, null, "storage-prompt") }),
  })
  .map(({ essays, config, ...parts }) => ({
    ...parts,
    // All pairs of nine essays are 36: the edge lets no smaller budget through under this strategy.
    config: config.pairing === "all_pairs" ? { ...config, maxComparisons: 36 } : config,
    essays: essays.map((essay, number) => ({ ...essay, essayId: `essay-${number}` })),
  }));

const broken: Ranker = () => {
  throw new Error("broken on purpose");
};

function take(batch: BatchUnderTest, step: Step): void {
  switch (step.kind) {
    case "callbacks":
      batch.deliver(...step.callbacks.map((random) => callbackFor(batch, random)));
      return;
    case "dispatch": {
      const planned = batch.batch.comparisons.filter(({ status }) => status === "planned");
      batch.dispatch(planned.filter(({ number }) => number % step.share === 0));
      return;
    }
    case "texts":
      batch.texts(
        ...step.texts.map(
          ({ of, found }): TextOutcome =>
            found ? { of, kind: "fetched", text: "a text" } : { of, kind: "missing", reason: "404" },
        ),
      );
      return;
    case "pass":
      batch.advance(step.ms);
      return;
    case "alarm":
      batch.wake();
      return;
    case "asks-queued":
      batch.asksQueued();
      return;
    case "ranker":
      batch.useRanker(step.works ? rankByWins : broken);
      return;
    case "people":
      for (const visit of step.visits) receive(batch, visit);
      return;
    case "cancel":
      batch.cancel();
      return;
  }
}

function receive(batch: BatchUnderTest, { person, answers, number }: RandomVisit): void {
  const loan = batch.lend(person);
  if (loan.kind === "lent") {
    const others = batch.batch.comparisons.filter(
      (each) => each.person === person && each.status === "dispatched",
    );
    expect(
      others.map((each) => each.number),
      "one person has one comparison at a time",
    ).toEqual([loan.number]);
  }
  if (answers === "theirs" && loan.kind === "lent") batch.choose(loan.number, person);
  if (answers === "another") batch.choose(number % (batch.batch.comparisons.length + 1), person);
}

function callbackFor(batch: BatchUnderTest, { number, attemptsAgo, answer }: RandomCallback): Callback {
  const known = number % (batch.batch.comparisons.length + 1);
  const attempt = Math.max(0, (batch.batch.comparisons.at(known)?.attempt ?? 0) - attemptsAgo);
  return answer === "essay_a" || answer === "essay_b"
    ? verdictOf(known, answer, attempt)
    : errorOf(known, answer, attempt);
}

/** Lets alarms go off, and nothing else happen, until the batch has ended. */
function waitForTheEnd(batch: BatchUnderTest): void {
  while (!isTerminal(batch.state())) batch.sleepUntilAlarm();
}

describe("whatever happens to a batch", () => {
  it("nothing that must hold is ever broken, and it ends by its own alarm", { timeout: 120_000 }, () => {
    const ends = new Map<string, number>();
    fc.assert(
      fc.property(request, fc.array(step, { maxLength: 40 }), lastSteps, (parts, steps, last) => {
        const batch = openBatch(parts, rankByWins);
        const opened = batch.now();
        for (const step of [...steps, ...last]) take(batch, step);
        const asked = batch.now();
        waitForTheEnd(batch);
        const { batchTimeoutHours, humanWaitHours } = batch.batch.config;
        const patience = Math.max(batchTimeoutHours, humanWaitHours) * HOUR + 15 * MINUTE;
        expect(batch.now()).toBeLessThanOrEqual(Math.max(asked, opened) + patience);
        const end = batch.batch.life.failure?.reason ?? batch.batch.life.stopReason ?? "none";
        ends.set(end, (ends.get(end) ?? 0) + 1);
      }),
      { numRuns: 600 },
    );
    // The law says nothing unless the random lives really come to different ends.
    expect(ends.size).toBeGreaterThanOrEqual(7);
  });

  it("an ended batch stays as it was published, whoever still calls", { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(
        request,
        fc.array(step, { maxLength: 15 }),
        fc.array(step, { maxLength: 15 }),
        (parts, before, after) => {
          const batch = openBatch(parts, rankByWins);
          for (const step of before) take(batch, step);
          batch.cancel();
          const { textsErasedAt: _, updatedAt: __, ...life } = batch.batch.life;
          const { late: ___, ...tally } = batch.batch.tally;
          const rows = batch.outbox.length;
          for (const step of after) take(batch, step);
          expect(batch.batch.life).toMatchObject(life);
          expect(batch.batch.tally).toMatchObject(tally);
          expect(batch.outbox).toHaveLength(rows);
        },
      ),
      { numRuns: 200 },
    );
  });

  it("callbacks count once, however often and in whatever portions they are delivered", {
    timeout: 60_000,
  }, () => {
    const winner = fc.constantFrom("essay_a" as const, "essay_b" as const);
    fc.assert(
      fc.property(
        fc.array(winner, { minLength: 10, maxLength: 10 }),
        fc.array(fc.nat({ max: 9 }), { maxLength: 60 }),
        (winners, order) => {
          const callbacks = winners.map((winner, number) => verdictOf(number, winner));
          const straight = openBatch({}, rankByWins);
          straight.deliver(...callbacks);
          const scrambled = openBatch({}, rankByWins);
          for (const number of [...order, ...numbersTo(10)]) scrambled.deliver(callbacks[number]);
          expect(scrambled.ranking()?.essays).toEqual(straight.ranking()?.essays);
          expect(scrambled.batch.tally).toEqual(straight.batch.tally);
          expect(scrambled.events().map(({ eventId }) => eventId)).toEqual(
            straight.events().map(({ eventId }) => eventId),
          );
        },
      ),
      { numRuns: 100 },
    );
  });

  it("a judge that answers some questions only after the second or third asking still gets the batch completed", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 10, maxLength: 10 }), (deafFor) => {
        const batch = openBatch({ config: { completionThresholdPct: 100 } }, rankByWins);
        for (let alarm = 0; !isTerminal(batch.state()) && alarm < 20; alarm++) {
          batch.dispatchAll();
          for (const { number, attempt, status } of [...batch.batch.comparisons])
            if (status === "dispatched" && attempt >= deafFor[number]) batch.judge(number);
          if (!isTerminal(batch.state())) batch.sleepUntilAlarm();
        }
        expect(batch.batch.life.stopReason).toBe("all_comparisons_settled");
        expect(batch.now() - batch.batch.origin.createdAt).toBeLessThanOrEqual(2 * HOUR + 10 * SECOND);
      }),
      { numRuns: 100 },
    );
  });

  it("whichever verdicts it has when it stops, they can be scored and published", { timeout: 60_000 }, () => {
    const answer = fc.constantFrom("essay_a" as const, "essay_b" as const, null);
    const answers = fc.array(answer, { minLength: 28, maxLength: 28 });
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 8 }), answers, (essays, answers) => {
        fc.pre(answers.slice(0, (essays * (essays - 1)) / 2).some((winner) => winner !== null));
        const batch = openBatch({ essays, config: { recoveryThresholdPct: 1 } });
        for (const { number } of [...batch.batch.comparisons]) {
          const winner = answers[number];
          if (winner !== null) batch.judge(number, winner);
        }
        waitForTheEnd(batch);
        expect(batch.state()).toBe("COMPLETED");
        expect(batch.batch.life.scoringRetry).toBeNull();
        expect(batch.history.filter(({ to }) => to === "SCORING")).toHaveLength(1);
        expect(
          batch
            .ranking()
            ?.essays.map(({ essayId }) => essayId)
            .toSorted(),
        ).toEqual(batch.batch.essays.map(({ essayId }) => essayId));
      }),
      { numRuns: 50 },
    );
  });
});
