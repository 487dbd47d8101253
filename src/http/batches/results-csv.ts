import { stringify } from "csv-stringify/sync";
import type { RankedEssayBody } from "../../contracts/api/results.ts";

/** The columns of the CSV form, named as in JSON. New ones are added at the end, so that readers by place go on working. */
const COLUMNS = [
  "rank",
  "essay_id",
  "score",
  "standard_error",
  "comparisons",
  "wins",
  "is_anchor",
  "rank_low",
  "rank_high",
  "tied_with_next",
  "top_probability",
  "infit",
  "outfit",
  "infit_p",
  "outfit_p",
  "anchor_id",
  "known_grade",
  "grade",
  "wrong_probability",
  "within_one_probability",
  "has_anchor",
  "warning",
  "reviewed_by",
  "reviewed_grade",
] as const;

/** One line per essay: what is nested in JSON gets columns of its own. */
function flatten({ grade, review, ...essay }: RankedEssayBody) {
  return {
    ...essay,
    grade: grade?.grade ?? null,
    wrong_probability: grade?.wrong_probability ?? null,
    within_one_probability: grade?.within_one_probability ?? null,
    has_anchor: grade?.has_anchor ?? null,
    warning: grade?.warning ?? null,
    reviewed_by: review?.reviewed_by ?? null,
    reviewed_grade: review?.grade ?? null,
  };
}

/**
 * A ranking as CSV (RFC 4180: a header line, CRLF). Essay ids that a spreadsheet would run as a formula are
 * escaped with an apostrophe; numbers are not, so a negative score stays a number.
 */
export function toCsv(rankings: readonly RankedEssayBody[]): string {
  return stringify(rankings.map(flatten), {
    header: true,
    columns: [...COLUMNS],
    record_delimiter: "windows",
    escape_formulas: true,
    cast: { boolean: (value) => String(value) },
  });
}
