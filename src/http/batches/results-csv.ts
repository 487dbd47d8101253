import { stringify } from "csv-stringify/sync";
import type { RankedEssayBody } from "../../contracts/api/results.ts";

/** The columns of the CSV form, named as in JSON. */
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
] as const satisfies readonly (keyof RankedEssayBody)[];

/**
 * A ranking as CSV (RFC 4180: a header line, CRLF). Essay ids that a spreadsheet would run as a formula are
 * escaped with an apostrophe; numbers are not, so a negative score stays a number.
 */
export function toCsv(rankings: readonly RankedEssayBody[]): string {
  return stringify([...rankings], {
    header: true,
    columns: [...COLUMNS],
    record_delimiter: "windows",
    escape_formulas: true,
    cast: { boolean: (value) => String(value) },
  });
}
