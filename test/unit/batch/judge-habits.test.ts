import { describe, expect, it } from "vitest";
import {
  type Comparison,
  type Essay,
  type JudgeShare,
  NO_USAGE,
  type Usage,
} from "../../../src/batch/batch.ts";
import { describeHabits } from "../../../src/batch/judge-habits.ts";
import { numbersTo } from "./harness.ts";

const JUDGES: readonly JudgeShare[] = [
  { judge: "anthropic", model: "m-1", share: 0.5 },
  { judge: "human", model: null, share: 0.5 },
];

function essay(number: number, length: number | null): Essay {
  return {
    number,
    essayId: `essay-${number}`,
    storageId: null,
    text: "ready",
    problem: null,
    anchor: null,
    length,
  };
}

interface Judged {
  readonly better: number;
  readonly worse: number;
  readonly judge?: string;
  readonly confidence?: number | null;
  readonly usage?: Partial<Usage>;
}

function judged({ better, worse, judge = "m-1", confidence = 3, usage }: Judged, number: number): Comparison {
  return {
    number,
    first: better,
    second: worse,
    judge: judge === "anna" ? 1 : 0,
    forPeople: judge === "anna",
    copyOf: null,
    wave: 1,
    origin: "balanced",
    attempt: 0,
    status: "judged",
    deadline: null,
    winner: "essay_a",
    settledAt: 1,
    lateAt: null,
    provider: judge === "anna" ? "human" : "anthropic",
    model: judge,
    person: judge === "anna" ? "anna" : null,
    confidence,
    usage: { ...NO_USAGE, answers: 1, ...usage },
  };
}

/** The score of essay k is k. */
const byNumber = (number: number) => number;
const ESSAYS = numbersTo(5).map((number) => essay(number, 100 * (number + 1)));

function habitsOf(comparisons: readonly Comparison[], essays: readonly Essay[] = ESSAYS) {
  return describeHabits(JUDGES, essays, comparisons, byNumber).get("anthropic/m-1");
}

describe("the habits of a judge", () => {
  it("are told apart by who answered, and say as which of the batch's judges", () => {
    const habits = describeHabits(
      JUDGES,
      ESSAYS,
      [judged({ better: 1, worse: 0 }, 0), judged({ better: 2, worse: 0, judge: "anna" }, 1)],
      byNumber,
    );
    expect([...habits].map(([name, { asked_as, comparisons }]) => [name, asked_as, comparisons])).toEqual([
      ["anthropic/m-1", "anthropic", 1],
      ["human/anna", "human", 1],
    ]);
  });

  it("are how often it is right at each confidence, and how often an honest judge would be", () => {
    const habits = habitsOf([
      judged({ better: 4, worse: 0, confidence: 5 }, 0),
      judged({ better: 3, worse: 0, confidence: 4.6 }, 1),
      judged({ better: 1, worse: 2, confidence: 1 }, 2),
      judged({ better: 2, worse: 1, confidence: 1.2 }, 3),
    ]);
    const honest = (difference: number) => 1 / (1 + Math.exp(-difference));
    expect(habits?.calibration).toEqual([
      { confidence: 1, verdicts: 2, agreement_with_scale: 0.5, expected_agreement: honest(1) },
      {
        confidence: 5,
        verdicts: 2,
        agreement_with_scale: 1,
        expected_agreement: (honest(4) + honest(3)) / 2,
      },
    ]);
  });

  it.each([
    ["1 when it is surer of every right verdict", [5, 4, 2, 1], 1],
    ["0 when it is surer of every wrong one", [1, 2, 4, 5], 0],
    [".5 when it always says the same", [3, 3, 3, 3], 0.5],
    ["what the share of such pairs is in between", [4, 2, 3, 1], 0.75],
  ])("are whether its confidence tells right from wrong: %s", (_case, [a, b, c, d], expected) => {
    const habits = habitsOf([
      judged({ better: 4, worse: 0, confidence: a }, 0),
      judged({ better: 3, worse: 0, confidence: b }, 1),
      judged({ better: 0, worse: 1, confidence: c }, 2),
      judged({ better: 1, worse: 2, confidence: d }, 3),
    ]);
    expect(habits?.confidence_discrimination).toBe(expected);
  });

  it("leave out what cannot be said", () => {
    const unsure = habitsOf([judged({ better: 1, worse: 0, confidence: null }, 0)]);
    expect(unsure).toMatchObject({
      calibration: [],
      confidence_discrimination: null,
      length_correlation: null,
    });
    const old = habitsOf(
      [judged({ better: 1, worse: 0 }, 0), judged({ better: 2, worse: 1 }, 1)],
      numbersTo(5).map((number) => essay(number, null)),
    );
    expect(old).toMatchObject({ length_correlation: null, longer_wins: null });
  });

  it("are whether it likes length: 1 where the longer essay always wins", () => {
    const pairs = numbersTo(5).flatMap((worse) =>
      numbersTo(5, worse + 1).map((better) => ({ better, worse })),
    );
    const habits = habitsOf(pairs.map(judged));
    expect(habits?.length_correlation).toBeCloseTo(1, 12);
    expect(habits?.longer_wins).toBe(1);
    const contrary = habitsOf(
      pairs.map(({ better, worse }, k) => judged({ better: worse, worse: better }, k)),
    );
    expect(contrary?.length_correlation).toBeCloseTo(-1, 12);
    expect(contrary?.longer_wins).toBe(0);
  });

  it("are what it costs, over all attempts", () => {
    const usage = {
      answers: 2,
      nanoUsd: 2_500_000,
      promptTokens: 900,
      completionTokens: 50,
      responseTimeMs: 3_000,
    };
    const habits = habitsOf([judged({ better: 1, worse: 0, usage }, 0), judged({ better: 2, worse: 0 }, 1)]);
    expect(habits).toMatchObject({
      cost_usd: 0.0025,
      prompt_tokens: 900,
      completion_tokens: 50,
      mean_response_time_ms: 1_000,
    });
  });

  it("are what it refuses, even when that is everything", () => {
    const refused = [
      judged({ better: 1, worse: 0, usage: { refusals: 2 } }, 0),
      judged({ better: 1, worse: 2 }, 1),
    ].map((comparison): Comparison => ({ ...comparison, status: "failed", winner: null, confidence: null }));
    expect(habitsOf(refused)).toMatchObject({
      comparisons: 2,
      failed: 2,
      refusals: 2,
      refusals_by_essay: [
        { essay_id: "essay-0", refusals: 2 },
        { essay_id: "essay-1", refusals: 2 },
      ],
    });
  });
});
