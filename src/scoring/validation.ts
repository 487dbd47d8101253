import { type BradleyTerryData, COMPARISON_LIMIT, type FitOptions, ITEM_LIMIT } from "./model.ts";
import { ScoringError } from "./scoring-error.ts";

/**
 * Refuses data that cannot be scored, naming the first offending row.
 * @throws {ScoringError} `one_item`, `item_limit`, `comparison_limit`, `empty_data`, `length_mismatch`,
 * `index_out_of_range`, `self_comparison`, `invalid_weight`, `invalid_first_shown`, `invalid_judge`, `invalid_tie`, `invalid_anchor`.
 */
export function validateData(data: BradleyTerryData): void {
  validateSize(data);
  validateRows(data);
  validateWeights(data);
  validateFirstShown(data);
  validateJudges(data);
  validateTies(data);
  validateAnchors(data);
}

function validateSize({ itemCount, winners, losers }: BradleyTerryData): void {
  if (!Number.isInteger(itemCount) || itemCount < 2)
    throw new ScoringError("one_item", `itemCount is ${itemCount}: scoring needs at least 2 items.`);
  if (itemCount > ITEM_LIMIT)
    throw new ScoringError(
      "item_limit",
      `itemCount is ${itemCount}, the limit is ${ITEM_LIMIT} items: split the batch.`,
    );
  expectLength("losers", losers.length, winners.length);
  if (winners.length === 0)
    throw new ScoringError("empty_data", "There are no comparisons: scoring needs at least 1 verdict.");
  if (winners.length > COMPARISON_LIMIT)
    throw new ScoringError(
      "comparison_limit",
      `There are ${winners.length} comparisons, the limit is ${COMPARISON_LIMIT}: aggregate repeated verdicts with weights.`,
    );
}

function expectLength(name: string, actual: number, expected: number): void {
  if (actual !== expected)
    throw new ScoringError(
      "length_mismatch",
      `${name} has ${actual} entries, winners has ${expected}: give one entry per comparison.`,
    );
}

function validateRows({ itemCount, winners, losers }: BradleyTerryData): void {
  for (let row = 0; row < winners.length; row++) {
    const winner = winners[row];
    const loser = losers[row];
    if (winner < 0 || winner >= itemCount || loser < 0 || loser >= itemCount)
      throw outOfRange(row, winner, loser, itemCount);
    if (winner === loser)
      throw new ScoringError("self_comparison", `Row ${row} compares item ${winner} with itself.`, {
        row,
        items: [winner],
      });
  }
}

function outOfRange(row: number, winner: number, loser: number, itemCount: number): ScoringError {
  const [name, item] = winner < 0 || winner >= itemCount ? ["winner", winner] : ["loser", loser];
  return new ScoringError(
    "index_out_of_range",
    `Row ${row}: ${name} is item ${item}, but items are numbered 0 to ${itemCount - 1}.`,
    { row },
  );
}

function validateWeights({ winners, weights }: BradleyTerryData): void {
  if (!weights) return;
  expectLength("weights", weights.length, winners.length);
  let total = 0;
  for (let row = 0; row < weights.length; row++) {
    const weight = weights[row];
    if (!(weight >= 0 && weight < Number.POSITIVE_INFINITY))
      throw new ScoringError(
        "invalid_weight",
        `Row ${row} has weight ${weight}: weights are finite and ≥ 0.`,
        { row },
      );
    total += weight;
  }
  if (total === 0)
    throw new ScoringError(
      "empty_data",
      "All weights are 0: scoring needs at least 1 verdict of positive weight.",
    );
  if (total === Number.POSITIVE_INFINITY)
    throw new ScoringError("invalid_weight", "The weights sum to infinity: scale them down.");
}

function validateFirstShown({ winners, losers, firstShown }: BradleyTerryData): void {
  if (!firstShown) return;
  expectLength("firstShown", firstShown.length, winners.length);
  for (let row = 0; row < firstShown.length; row++) {
    const first = firstShown[row];
    if (first !== winners[row] && first !== losers[row] && first !== -1)
      throw new ScoringError(
        "invalid_first_shown",
        `Row ${row}: firstShown is ${first}, which is neither of its items ${winners[row]} and ${losers[row]} nor -1 for unknown.`,
        { row },
      );
  }
}

function validateJudges({ winners, judges }: BradleyTerryData): void {
  if (!judges) return;
  expectLength("judges", judges.length, winners.length);
  const row = judges.findIndex((judge) => judge < 0);
  if (row >= 0)
    throw new ScoringError(
      "invalid_judge",
      `Row ${row}: judge is ${judges[row]}; judges are numbered from 0.`,
      { row },
    );
}

function validateTies({ winners, ties }: BradleyTerryData): void {
  if (!ties) return;
  expectLength("ties", ties.length, winners.length);
  const row = ties.findIndex((tie) => tie > 1);
  if (row >= 0)
    throw new ScoringError(
      "invalid_tie",
      `Row ${row}: tie is ${ties[row]}; it is 1 for a tie and 0 otherwise.`,
      { row },
    );
}

function validateAnchors({ itemCount, anchors }: BradleyTerryData): void {
  if (!anchors) return;
  const seen = new Set<number>();
  for (const { item, ability, standardError = 0 } of anchors) {
    if (!Number.isInteger(item) || item < 0 || item >= itemCount)
      throw new ScoringError(
        "invalid_anchor",
        `An anchor names item ${item}, but items are numbered 0 to ${itemCount - 1}.`,
      );
    if (seen.has(item))
      throw new ScoringError("invalid_anchor", `Item ${item} is anchored twice.`, { items: [item] });
    if (!Number.isFinite(ability) || Math.abs(ability) > 100)
      throw new ScoringError(
        "invalid_anchor",
        `Anchor ${item} has ability ${ability}: expected logits in [-100, 100].`,
        {
          items: [item],
        },
      );
    if (!(standardError >= 0 && standardError < Number.POSITIVE_INFINITY))
      throw new ScoringError(
        "invalid_anchor",
        `Anchor ${item} has standard error ${standardError}: expected a finite number ≥ 0.`,
        {
          items: [item],
        },
      );
    seen.add(item);
  }
  if (seen.size === itemCount)
    throw new ScoringError("invalid_anchor", "Every item is an anchor: there is nothing to estimate.");
}

/** @throws {ScoringError} `invalid_option`, `length_mismatch` */
export function validateOptions(
  { itemCount }: BradleyTerryData,
  { prior, start, tolerance }: FitOptions,
): void {
  if (
    prior !== undefined &&
    typeof prior !== "string" &&
    !(prior.variance > 0 && prior.variance < Number.POSITIVE_INFINITY)
  )
    throw new ScoringError(
      "invalid_option",
      `prior.variance is ${prior.variance}: expected a finite number > 0 (logits²).`,
    );
  if (tolerance !== undefined && !(tolerance > 0 && tolerance < 1))
    throw new ScoringError("invalid_option", `tolerance is ${tolerance}: expected a number between 0 and 1.`);
  if (!start) return;
  if (start.length !== itemCount)
    throw new ScoringError(
      "length_mismatch",
      `start has ${start.length} entries, itemCount is ${itemCount}: give one ability per item.`,
    );
  const item = start.findIndex((ability) => !Number.isFinite(ability));
  if (item >= 0)
    throw new ScoringError(
      "invalid_option",
      `start[${item}] is ${start[item]}: abilities are finite (logits).`,
      { items: [item] },
    );
}
