import { describe, expect, it } from "vitest";
import type { BatchStatus, RankedEssay } from "../../../scripts/rank/client.ts";
import { createLines } from "../../../scripts/rank/progress.ts";
import { formatRanking } from "../../../scripts/rank/report.ts";

const essay = (essay_id: string, values: Partial<RankedEssay> = {}): RankedEssay => ({
  essay_id,
  rank: 1,
  score: 0,
  standard_error: 0.5,
  comparisons: 4,
  wins: 2,
  ...values,
});

const cellsOf = (report: string): string[][] =>
  report
    .split("\n")
    .filter((line) => line.startsWith("│"))
    .map((line) =>
      line
        .split("│")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );

describe("the printed ranking", () => {
  it("has one row per essay, the best first", () => {
    const rankings = [
      essay("second", { rank: 2, score: -1.234, wins: 0 }),
      essay("first", { score: 1.234, standard_error: 0.456, wins: 4 }),
    ];
    expect(cellsOf(formatRanking({ rankings, reliability: null }))).toEqual([
      ["rank", "essay", "score", "standard error", "wins / comparisons"],
      ["1", "first", "1.23", "0.46", "4 / 4"],
      ["2", "second", "-1.23", "0.50", "0 / 4"],
    ]);
  });

  it("puts essays without a rank last, with a dash for what is unknown", () => {
    const rankings = [essay("lost", { rank: null, score: null, standard_error: null }), essay("first")];
    expect(cellsOf(formatRanking({ rankings, reliability: {} })).at(-1)).toEqual([
      "–",
      "lost",
      "–",
      "–",
      "2 / 4",
    ]);
  });

  it("names the numbers among the reliability measures", () => {
    const reliability = { separation_reliability: 0.9149, method: "exact", split_half: null };
    expect(formatRanking({ rankings: [], reliability })).toMatch(
      /\nReliability: separation reliability 0\.91$/,
    );
  });

  it("prints no control characters of a file name", () => {
    expect(formatRanking({ rankings: [essay("a\u001b[31m\n")], reliability: null })).toContain(" a?[31m? ");
  });
});

describe("progress where no bar can be drawn", () => {
  it("is a line at each new state and each further tenth", () => {
    const lines: string[] = [];
    const progress = createLines((line) => lines.push(line));
    const show = (state: BatchStatus["state"], completed_comparisons: number) =>
      progress.show({
        batch_id: "b",
        state,
        total_comparisons: 40,
        completed_comparisons,
        progress_pct: completed_comparisons * 2.5,
      });
    show("GENERATING_PAIRS", 0);
    show("WAITING_CALLBACKS", 1);
    show("WAITING_CALLBACKS", 2);
    show("WAITING_CALLBACKS", 4);
    show("COMPLETED", 40);
    progress.finish();
    expect(lines).toEqual([
      "GENERATING_PAIRS: 0 of 40 comparisons judged (0 %)",
      "WAITING_CALLBACKS: 1 of 40 comparisons judged (3 %)",
      "WAITING_CALLBACKS: 4 of 40 comparisons judged (10 %)",
      "COMPLETED: 40 of 40 comparisons judged (100 %)",
    ]);
  });
});
