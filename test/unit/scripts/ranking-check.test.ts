import { describe, expect, it } from "vitest";
import type { BatchStatus, Results } from "../../../scripts/rank/client.ts";
import { checkRanking } from "../../../scripts/smoke/ranking-check.ts";

const IDS = ["a", "b", "c"];

const BATCH: BatchStatus = {
  batch_id: "b1",
  state: "COMPLETED",
  total_comparisons: 3,
  completed_comparisons: 3,
  progress_pct: 100,
};

const ranked = (essay_id: string, rank: number | null, wins: number): Results["rankings"][number] => ({
  ...{ essay_id, rank, wins },
  ...{ score: 1 - wins, standard_error: 0.7, comparisons: 2 },
});

const results = (rankings: Results["rankings"], provisional = false): Results => ({
  ...{ batch_id: "b1", state: "COMPLETED", provisional, rankings },
});

const SOUND = [ranked("b", 1, 2), ranked("a", 2, 1), ranked("c", 3, 0)];

describe("the smoke test's check of a ranking", () => {
  it("accepts a sound one, also with tied ranks", () => {
    expect(() => checkRanking(IDS, BATCH, results(SOUND))).not.toThrow();
    const tied = [ranked("a", 1, 1), ranked("b", 1, 1), ranked("c", 1, 1)];
    expect(() => checkRanking(IDS, BATCH, results(tied))).not.toThrow();
  });

  it.each([
    ["is provisional", BATCH, results(SOUND, true), /still provisional/],
    ["misses an essay", BATCH, results(SOUND.slice(1)), /holds a, c instead of a, b, c/],
    ["skips a rank", BATCH, results(SOUND.with(2, ranked("c", 4, 0))), /ranks do not count up/],
    ["has no rank", BATCH, results(SOUND.with(2, ranked("c", null, 0))), /ranks do not count up/],
    ["lost a win", BATCH, results(SOUND.with(0, ranked("b", 1, 1))), /3 comparisons were judged but 2 won/],
    ["rests on nothing", { ...BATCH, completed_comparisons: 0 }, results(SOUND), /no comparison was judged/],
  ])("refuses one that %s", (_, batch, found, message) => {
    expect(() => checkRanking(IDS, batch, found)).toThrow(message);
  });
});
