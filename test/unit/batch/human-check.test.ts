import { describe, expect, it } from "vitest";
import type { Winner } from "../../../src/batch/batch.ts";
import { checkAgainstPeople } from "../../../src/batch/human-check.ts";
import { rankByWins } from "../../fakes/rank-by-wins.ts";
import { type BatchUnderTest, openBatch } from "./harness.ts";

const JUDGES = [
  { judge: "provider-service", model: null, share: 1 },
  { judge: "human", model: null, share: 0 },
];

/** Five essays: ten pairs, all of them for people as well. */
function open(): BatchUnderTest {
  return openBatch({ essays: 5, origin: { judges: JUDGES }, config: { humanShare: 1 } }, rankByWins);
}

/** The machine prefers the essay of the larger number; people agree except on the first `disagreements` pairs. */
function judge(batch: BatchUnderTest, disagreements: number): void {
  const copies = batch.batch.comparisons.filter(({ copyOf }) => copyOf !== null);
  for (const { number, first, second } of batch.batch.comparisons.filter(({ copyOf }) => copyOf === null))
    batch.judge(number, first > second ? "essay_a" : "essay_b");
  copies.forEach(({ number, first, second }, index) => {
    const larger: Winner = first > second ? "essay_a" : "essay_b";
    const smaller: Winner = first > second ? "essay_b" : "essay_a";
    batch.choose(number, "anna", index < disagreements ? smaller : larger);
  });
}

describe("machines and people on the same pairs", () => {
  it("agree by essay, whichever side it was shown on", () => {
    const batch = open();
    judge(batch, 0);
    expect(checkAgainstPeople(batch.batch.comparisons)).toMatchObject({
      pairs_drawn: 10,
      pairs: 10,
      agreed: 10,
      agreement: 1,
      agreement_high: expect.closeTo(1, 12),
      judges: [{ judge: "openai/gpt-5.1", pairs: 10, agreement: 1 }],
    });
  });

  it("agree with the interval of Wilson: 7 of 10 is .397 to .892", () => {
    const batch = open();
    judge(batch, 3);
    const check = checkAgainstPeople(batch.batch.comparisons);
    expect(check?.agreement).toBeCloseTo(0.7, 12);
    expect(check?.agreement_low).toBeCloseTo(0.397, 3);
    expect(check?.agreement_high).toBeCloseTo(0.892, 3);
  });

  it("count only where both have answered", () => {
    const batch = open();
    batch.judge(0);
    batch.choose(1, "anna");
    batch.choose(3, "anna");
    expect(checkAgainstPeople(batch.batch.comparisons)).toMatchObject({ pairs_drawn: 10, pairs: 1 });
  });

  it("have nothing to say without a pair, and nothing to report where none was drawn", () => {
    expect(checkAgainstPeople(open().batch.comparisons)).toMatchObject({
      pairs: 0,
      agreement: null,
      agreement_low: null,
    });
    expect(checkAgainstPeople(openBatch({}, rankByWins).batch.comparisons)).toBeNull();
  });
});
