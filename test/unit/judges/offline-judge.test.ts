import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  comparisonResultSchema,
  type LlmComparisonResult,
} from "../../../src/contracts/comparison-result.ts";
import type { Ask } from "../../../src/judges/judge.ts";
import { drawUniform, winProbability } from "../../../src/judges/offline/draw.ts";
import { createOfflineJudge, type OfflineJudgeOptions } from "../../../src/judges/offline/offline-judge.ts";

const NOW = "2026-03-01T10:00:00Z";
const SAMPLES = fileURLToPath(new URL("../../../samples/", import.meta.url).href);
/** The order their writer intended, the weakest first. */
const INTENDED_ORDER = [
  "hazel",
  "rowan",
  "oak",
  "willow",
  "aspen",
  "linden",
  "elm",
  "birch",
  "maple",
  "larch",
  "alder",
  "beech",
];

const readSample = (name: string) => readFileSync(join(SAMPLES, `${name}.txt`), "utf8");

function buildAsk(first: string, second: string, comparisonId: string = crypto.randomUUID()): Ask {
  return {
    comparisonId,
    prompt: { studentPrompt: null, instructions: null, rubric: null, language: "en", first, second },
    model: null,
    overrides: null,
    metadata: { essay_a_id: "ANCHOR_1", cj_batch_id: "7" },
  };
}

async function judgeAll(asks: readonly Ask[], options: Partial<OfflineJudgeOptions> = {}) {
  const judge = createOfflineJudge({ now: () => new Date(NOW), ...options });
  const outcomes = await judge.ask(asks);
  return outcomes.map((outcome): LlmComparisonResult => {
    if (outcome.kind !== "answered") {
      throw new Error(`expected an answer, got ${outcome.kind}`);
    }
    return outcome.result;
  });
}

const numberedAsks = (count: number, first: string, second: string) =>
  Array.from({ length: count }, (_, at) => buildAsk(first, second, `comparison-${at}`));

const shareWonByFirst = (results: readonly LlmComparisonResult[]) =>
  results.filter(({ winner }) => winner === "essay_a").length / results.length;

describe("the offline judge", () => {
  it("answers on the spot with a comparison result that echoes the comparison id and the metadata", async () => {
    const ask = buildAsk(readSample("beech"), readSample("hazel"), "0191e2a4-7c1b-8f00-9a3c-5d6e7f809101");
    expect(await judgeAll([ask])).toEqual([
      {
        request_id: "offline-0191e2a4-7c1b-8f00-9a3c-5d6e7f809101",
        correlation_id: "0191e2a4-7c1b-8f00-9a3c-5d6e7f809101",
        winner: "essay_a",
        justification: expect.stringMatching(/^Text measures favour the first text .*no assessor\.$/),
        confidence: expect.closeTo(5, 1),
        error_detail: null,
        provider: "offline",
        model: "offline-text-measures-1",
        response_time_ms: 0,
        token_usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 },
        cost_estimate: 0,
        requested_at: NOW,
        completed_at: NOW,
        trace_id: null,
        request_metadata: { essay_a_id: "ANCHOR_1", cj_batch_id: "7" },
      },
    ]);
  });

  it("answers what the wire contract accepts, unchanged", async () => {
    const [result] = await judgeAll([buildAsk(readSample("beech"), readSample("hazel"))]);
    expect(comparisonResultSchema.parse(result)).toEqual(result);
  });

  it("answers every ask, in order", async () => {
    const asks = numberedAsks(10, readSample("elm"), readSample("oak"));
    const results = await judgeAll(asks);
    expect(results.map((result) => result.correlation_id)).toEqual(asks.map((ask) => ask.comparisonId));
  });

  it("answers a repeated ask of the same comparison the same, in whatever company", async () => {
    const asks = numberedAsks(20, readSample("maple"), readSample("larch"));
    expect(await judgeAll(asks.toReversed())).toEqual((await judgeAll(asks)).toReversed());
  });

  it("draws its chance from the seed as well", async () => {
    const asks = numberedAsks(40, "Equal texts.", "Equal texts.");
    const winners = async (seed: number) => (await judgeAll(asks, { seed })).map(({ winner }) => winner);
    expect(await winners(1)).not.toEqual(await winners(2));
  });

  it("prefers a clearly better sample essay nearly always, in either position", async () => {
    const better = readSample("alder");
    const worse = readSample("rowan");
    expect(shareWonByFirst(await judgeAll(numberedAsks(200, better, worse)))).toBeGreaterThan(0.95);
    expect(shareWonByFirst(await judgeAll(numberedAsks(200, worse, better)))).toBeLessThan(0.05);
  });

  it("gives either of two equal texts half of the comparisons", async () => {
    const text = readSample("birch");
    const results = await judgeAll(numberedAsks(2_000, text, text));
    expect(shareWonByFirst(results)).toBeGreaterThan(0.46);
    expect(shareWonByFirst(results)).toBeLessThan(0.54);
    expect(new Set(results.map(({ confidence }) => confidence))).toEqual(new Set([1]));
  });

  it("lets the better text always win without noise", async () => {
    const results = await judgeAll(numberedAsks(200, readSample("aspen"), readSample("linden")), {
      noise: 0,
    });
    expect(shareWonByFirst(results)).toBe(0);
  });

  it("ranks the sample essays nearly as their writer intended", async () => {
    const essays = INTENDED_ORDER.map((name) => ({ name, text: readSample(name) }));
    const pairs = essays.flatMap((first, at) => essays.slice(at + 1).map((second) => ({ first, second })));
    const asks = [1, 2, 3].flatMap((round) =>
      pairs.map(({ first, second }) =>
        buildAsk(first.text, second.text, `${round} ${first.name} ${second.name}`),
      ),
    );
    const wins = new Map(INTENDED_ORDER.map((name) => [name, 0]));
    for (const result of await judgeAll(asks)) {
      const [, first = "", second = ""] = result.correlation_id.split(" ");
      const winner = result.winner === "essay_a" ? first : second;
      wins.set(winner, (wins.get(winner) ?? 0) + 1);
    }
    const ranked = INTENDED_ORDER.toSorted((a, b) => (wins.get(a) ?? 0) - (wins.get(b) ?? 0));
    expect(rankCorrelation(ranked, INTENDED_ORDER)).toBeGreaterThanOrEqual(0.8);
  });

  it("says when chance decided against the measures", async () => {
    const results = await judgeAll(numberedAsks(400, readSample("aspen"), readSample("linden")));
    const upset = results.find(({ winner }) => winner === "essay_a");
    expect(upset).toMatchObject({
      confidence: 1,
      justification: expect.stringMatching(/^Chance decided for the first text; .*favour the other/),
    });
  });

  it("keeps to the contract's limits for any two texts", async () => {
    const text = fc.oneof(fc.string({ unit: "binary", maxLength: 300 }), fc.lorem({ maxCount: 60 }));
    await fc.assert(
      fc.asyncProperty(text, text, fc.uuid(), async (first, second, id) => {
        const [result] = await judgeAll([buildAsk(first, second, id)]);
        expect(result?.justification?.length).toBeLessThanOrEqual(500);
        expect(result?.justification).toContain("no assessor");
        expect(result?.confidence).toBeGreaterThanOrEqual(1);
        expect(result?.confidence).toBeLessThanOrEqual(5);
      }),
      { numRuns: 60 },
    );
  });

  it("puts no essay id and nothing of the texts into its justification", async () => {
    const [result] = await judgeAll([buildAsk("Zebrafish swim.", "Yesterday xylophones played.")]);
    expect(result?.justification).not.toMatch(/ANCHOR|zebra|xylo/i);
  });

  it("prefers some text to none", async () => {
    const results = await judgeAll(numberedAsks(100, readSample("oak"), "  \n"));
    expect(shareWonByFirst(results)).toBeGreaterThan(0.95);
  });

  it("judges ten comparisons of texts of 100,000 bytes in well under a second", async () => {
    const texts = Array.from({ length: 20 }, (_, at) => `Essay ${at} goes on, and on. `.repeat(4_000));
    const asks = Array.from({ length: 10 }, (_, at) =>
      buildAsk(texts[2 * at] ?? "", texts[2 * at + 1] ?? ""),
    );
    const started = performance.now();
    await judgeAll(asks);
    expect(performance.now() - started).toBeLessThan(1_000);
  });

  it("reports the time it took, and never a negative one", async () => {
    const clock = (...seconds: number[]) => {
      const times = seconds.map((second) => new Date(Date.parse(NOW) + second * 1_000));
      return () => times.shift() ?? new Date(NOW);
    };
    const ask = buildAsk("One.", "Two.");
    expect(await judgeAll([ask], { now: clock(0, 2) })).toMatchObject([{ response_time_ms: 2_000 }]);
    expect(await judgeAll([ask], { now: clock(2, 0) })).toMatchObject([{ response_time_ms: 0 }]);
  });

  it.each([-1, Number.NaN])("refuses a noise of %d", (noise) => {
    expect(() => createOfflineJudge({ noise, now: () => new Date() })).toThrow(/noise must be 0 or more/);
  });
});

describe("the seeded draw", () => {
  it("is uniform over comparison ids that differ in one digit", () => {
    const draws = Array.from({ length: 10_000 }, (_, at) => drawUniform(`0:comparison-${at}`));
    const perTenth = Array.from(
      { length: 10 },
      (_, tenth) => draws.filter((draw) => Math.floor(draw * 10) === tenth).length,
    );
    expect(Math.min(...perTenth)).toBeGreaterThan(880);
    expect(Math.max(...perTenth)).toBeLessThan(1_120);
  });

  it("meets Bradley-Terry probabilities that add up to one", () => {
    expect(winProbability(Math.log(3), 1)).toBeCloseTo(0.75);
    expect(winProbability(2, 1) + winProbability(-2, 1)).toBeCloseTo(1);
    expect([1, 0, -1].map((difference) => winProbability(difference, 0))).toEqual([1, 0.5, 0]);
  });
});

describe("the sample essays", () => {
  it("are twelve, of 90 to 260 words, and their prompt lies beside them", () => {
    const files = readdirSync(SAMPLES).filter((file) => file !== "prompt.txt");
    expect(files.toSorted()).toEqual(INTENDED_ORDER.map((name) => `${name}.txt`).toSorted());
    for (const name of INTENDED_ORDER) {
      const words = readSample(name).trim().split(/\s+/).length;
      expect(words).toBeGreaterThanOrEqual(90);
      expect(words).toBeLessThanOrEqual(260);
    }
    expect(readSample("prompt").trim()).not.toBe("");
  });
});

/** Spearman's rank correlation of two orders of the same names. */
function rankCorrelation(order: readonly string[], other: readonly string[]): number {
  const squares = order.map((name, at) => (at - other.indexOf(name)) ** 2);
  const n = order.length;
  return 1 - (6 * squares.reduce((sum, square) => sum + square, 0)) / (n * (n * n - 1));
}
