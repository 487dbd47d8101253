import Table from "cli-table3";
import type { RankedEssay, Results } from "./client.ts";

const HEAD = ["rank", "essay", "score", "standard error", "wins / comparisons"];

export const OFFLINE_NOTICE =
  "Judged by the offline stand-in: it counts surface features of the texts and is no assessor.";

/** The ranking as a table, best essay first, and the batch's reliability where it is given. */
export function formatRanking({ rankings, reliability }: Pick<Results, "rankings" | "reliability">): string {
  const table = new Table({
    head: HEAD,
    colAligns: ["right", "left", "right", "right", "right"],
    style: { head: [], border: [], compact: true },
  });
  table.push(...rankings.toSorted(byRank).map(formatRow));
  const measures = formatReliability(reliability ?? {});
  return measures === "" ? table.toString() : `${table.toString()}\nReliability: ${measures}`;
}

function byRank(a: RankedEssay, b: RankedEssay): number {
  return (a.rank ?? Number.POSITIVE_INFINITY) - (b.rank ?? Number.POSITIVE_INFINITY) || 0;
}

function formatRow({ rank, essay_id, score, standard_error, wins, comparisons }: RankedEssay): string[] {
  return [
    rank === null ? "–" : String(rank),
    // A file name may hold control characters, and a terminal would obey them.
    essay_id.replace(/\p{Cc}/gu, "?"),
    formatLogits(score),
    formatLogits(standard_error),
    `${wins} / ${comparisons}`,
  ];
}

const formatLogits = (value: number | null): string => (value === null ? "–" : value.toFixed(2));

function formatReliability(reliability: Readonly<Record<string, unknown>>): string {
  return Object.entries(reliability)
    .flatMap(([name, value]) =>
      typeof value === "number" ? [`${name.replaceAll("_", " ")} ${Math.round(value * 100) / 100}`] : [],
    )
    .join(", ");
}
