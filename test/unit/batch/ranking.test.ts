import { describe, expect, it } from "vitest";
import { rankEssays, rankingSchema } from "../../../src/batch/ranking.ts";
import { type BatchUnderTest, inlineEssays, numbersTo, openBatch, verdictOf } from "./harness.ts";

/** The essay with the larger number is always judged the better one, on whichever side it is shown. */
function judgeByNumber(batch: BatchUnderTest): BatchUnderTest {
  for (const { number, first, second } of [...batch.batch.comparisons])
    batch.judge(number, first > second ? "essay_a" : "essay_b");
  return batch;
}

const rank = ({ batch }: BatchUnderTest) =>
  rankEssays({
    ...batch,
    judges: batch.origin.judges,
    seed: batch.origin.seed,
    provisional: false,
    gradeScale: batch.origin.gradeScale,
  });

describe("what a final ranking says of its verdicts", () => {
  const batch = judgeByNumber(openBatch({ essays: 6 }));

  it("is the fit of every essay, the judges and the agreement of halves", () => {
    const { essays, reliability, model } = rank(batch);
    for (const { infit, infitP, outfit, outfitP } of essays) {
      expect(infit).toBeGreaterThan(0);
      expect(outfit).toBeGreaterThan(0);
      for (const p of [infitP, outfitP]) {
        expect(p).toBeGreaterThan(0);
        expect(p).toBeLessThanOrEqual(1);
      }
    }
    expect(reliability?.split_half).toBeGreaterThan(0);
    expect(reliability?.statement).toContain("not validity");
    expect(model?.judges).toMatchObject([
      { judge: "openai/gpt-5.1", verdicts: 15, agreement_with_scale: 1, reliability_change_without: null },
    ]);
    expect(essays.reduce((sum, { topProbability }) => sum + topProbability, 0)).toBeCloseTo(
      model?.top_count ?? 0,
      6,
    );
  });

  it("is left out of a provisional one, which must be quick", () => {
    const { essays, reliability, model } = rankEssays({
      ...batch.batch,
      judges: batch.batch.origin.judges,
      seed: 1,
      provisional: true,
      gradeScale: null,
    });
    expect(essays.map(({ infit }) => infit)).toEqual(essays.map(() => null));
    expect(reliability?.split_half).toBeNull();
    expect(model?.judges).toEqual([]);
  });

  it("shows a judge that disagrees with the others, and what reliability would be without it", () => {
    const mixed = openBatch({ essays: 10 });
    for (const { number, first, second } of [...mixed.batch.comparisons]) {
      const contrary = number % 7 === 0;
      const winner = first > second === contrary ? "essay_b" : "essay_a";
      mixed.deliver({
        ...verdictOf(number),
        answer: { kind: "verdict", winner, confidence: 3, justification: null },
        model: contrary ? "contrary" : "sound",
      });
    }
    const { model } = rank(mixed);
    const [contrary, sound] = ["openai/contrary", "openai/sound"].map((name) =>
      model?.judges.find(({ judge }) => judge === name),
    );
    // Not 0: an essay whose only verdict against its neighbour is reversed has changed places with it.
    expect(contrary?.agreement_with_scale).toBeLessThan(0.5);
    expect(sound?.agreement_with_scale).toBeGreaterThan(0.9);
    expect(contrary?.reliability_change_without).toBeGreaterThan(sound?.reliability_change_without ?? 1);
  });
});

describe("a ranking", () => {
  it("puts first who wins, on whichever side it was shown", () => {
    const batch = judgeByNumber(openBatch({ essays: 6 }));
    const sides = new Set(batch.batch.comparisons.map(({ winner }) => winner));
    expect(sides).toEqual(new Set(["essay_a", "essay_b"]));
    expect(batch.ranking()?.essays.map(({ number }) => number)).toEqual([5, 4, 3, 2, 1, 0]);
    expect(batch.ranking()?.essays.map((essay) => essay.rank)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it("counts each essay's comparisons and wins", () => {
    const { essays } = rank(judgeByNumber(openBatch({ essays: 5 })));
    expect(essays.map(({ comparisons, wins }) => [comparisons, wins])).toEqual([
      [4, 4],
      [4, 3],
      [4, 2],
      [4, 1],
      [4, 0],
    ]);
  });

  it("has scores in order of rank that sum to zero, each with its standard error", () => {
    const { essays } = rank(judgeByNumber(openBatch({ essays: 6 })));
    const scores = essays.map(({ score }) => score);
    expect(scores).toEqual(scores.toSorted((left, right) => right - left));
    expect(scores.reduce((sum, score) => sum + score, 0)).toBeCloseTo(0, 9);
    for (const { standardError } of essays) expect(standardError).toBeGreaterThan(0);
  });

  it("leaves out essays without text and comparisons without verdict", () => {
    const lost = { essayId: "lost", text: null, storageId: null };
    const batch = openBatch({ essays: [lost, ...inlineEssays(3)] });
    batch.judge(0);
    batch.judge(1);
    const ranking = rank(batch);
    expect(ranking.essays.map(({ essayId }) => essayId).toSorted()).toEqual([
      "essay-0",
      "essay-1",
      "essay-2",
    ]);
    expect(ranking.model).toMatchObject({ verdicts: 2 });
  });

  it("is the same for the same verdicts, whenever it is computed", () => {
    const batch = judgeByNumber(openBatch({ essays: 6 }));
    expect(rank(batch)).toEqual(rank(batch));
  });

  it("can be stored and read back", () => {
    for (const essays of [1, 2, 6]) {
      const batch = openBatch({ essays });
      batch.judgeAll(numbersTo(batch.batch.comparisons.length));
      const ranking = batch.ranking();
      expect(rankingSchema.parse(JSON.parse(JSON.stringify(ranking)))).toEqual(ranking);
    }
  });

  it("of verdicts that nobody gave is an error, not a ranking", () => {
    expect(() => rank(openBatch())).toThrow();
  });
});
