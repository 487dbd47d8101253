import { describe, expect, it } from "vitest";
import {
  type BradleyTerryData,
  COMPARISON_LIMIT,
  type FitOptions,
  fitBradleyTerry,
  ITEM_LIMIT,
  ScoringError,
  type ScoringErrorCode,
} from "../../../src/scoring/index.ts";

const sound: BradleyTerryData = {
  itemCount: 3,
  winners: Int32Array.of(0, 1, 2),
  losers: Int32Array.of(1, 2, 0),
};

const badData: readonly [string, Partial<BradleyTerryData>, ScoringErrorCode, string][] = [
  ["no item", { itemCount: 0 }, "one_item", "at least 2"],
  ["one item", { itemCount: 1 }, "one_item", "at least 2"],
  ["a fraction of an item", { itemCount: 2.5 }, "one_item", "2.5"],
  ["too many items", { itemCount: ITEM_LIMIT + 1 }, "item_limit", `${ITEM_LIMIT}`],
  ["no comparison", { winners: new Int32Array(), losers: new Int32Array() }, "empty_data", "no comparisons"],
  [
    "too many comparisons",
    { winners: new Int32Array(COMPARISON_LIMIT + 1), losers: new Int32Array(COMPARISON_LIMIT + 1) },
    "comparison_limit",
    `${COMPARISON_LIMIT}`,
  ],
  ["losers missing", { losers: Int32Array.of(1) }, "length_mismatch", "losers has 1 entries"],
  [
    "a winner out of range",
    { winners: Int32Array.of(0, 3, 2) },
    "index_out_of_range",
    "Row 1: winner is item 3",
  ],
  ["a negative loser", { losers: Int32Array.of(1, 2, -1) }, "index_out_of_range", "Row 2: loser is item -1"],
  ["an item against itself", { losers: Int32Array.of(1, 1, 0) }, "self_comparison", "Row 1"],
  ["too few weights", { weights: Float64Array.of(1) }, "length_mismatch", "weights has 1"],
  ["a negative weight", { weights: Float64Array.of(1, -1, 1) }, "invalid_weight", "Row 1 has weight -1"],
  [
    "a weight that is not a number",
    { weights: Float64Array.of(1, 1, Number.NaN) },
    "invalid_weight",
    "Row 2",
  ],
  [
    "an infinite weight",
    { weights: Float64Array.of(Number.POSITIVE_INFINITY, 1, 1) },
    "invalid_weight",
    "Row 0",
  ],
  [
    "weights that overflow",
    { weights: Float64Array.of(1e308, 1e308, 1) },
    "invalid_weight",
    "sum to infinity",
  ],
  ["only weights of 0", { weights: new Float64Array(3) }, "empty_data", "All weights are 0"],
  ["too few first-shown", { firstShown: Int32Array.of(0) }, "length_mismatch", "firstShown"],
  ["a first-shown of another pair", { firstShown: Int32Array.of(0, 0, 2) }, "invalid_first_shown", "Row 1"],
  ["too few judges", { judges: Int32Array.of(0) }, "length_mismatch", "judges"],
  ["a negative judge", { judges: Int32Array.of(0, 0, -2) }, "invalid_judge", "Row 2"],
  ["too few ties", { ties: Uint8Array.of(0) }, "length_mismatch", "ties"],
  ["a tie of 2", { ties: Uint8Array.of(0, 2, 0) }, "invalid_tie", "Row 1"],
  ["an anchor out of range", { anchors: [{ item: 3, ability: 0 }] }, "invalid_anchor", "item 3"],
  ["an anchor without ability", { anchors: [{ item: 0, ability: Number.NaN }] }, "invalid_anchor", "NaN"],
  ["an anchor out of bounds", { anchors: [{ item: 0, ability: 1e6 }] }, "invalid_anchor", "[-100, 100]"],
  [
    "a negative standard error",
    { anchors: [{ item: 0, ability: 0, standardError: -1 }] },
    "invalid_anchor",
    "standard error -1",
  ],
  [
    "an item anchored twice",
    {
      anchors: [
        { item: 0, ability: 0 },
        { item: 0, ability: 1 },
      ],
    },
    "invalid_anchor",
    "twice",
  ],
  [
    "nothing but anchors",
    { anchors: [0, 1, 2].map((item) => ({ item, ability: 0 })) },
    "invalid_anchor",
    "Every item",
  ],
];

const badOptions: readonly [string, FitOptions, ScoringErrorCode][] = [
  ["a prior variance of 0", { prior: { variance: 0 } }, "invalid_option"],
  ["a prior variance that is not a number", { prior: { variance: Number.NaN } }, "invalid_option"],
  ["an infinite prior variance", { prior: { variance: Number.POSITIVE_INFINITY } }, "invalid_option"],
  ["a tolerance of 0", { tolerance: 0 }, "invalid_option"],
  ["a start of another length", { start: new Float64Array(2) }, "length_mismatch"],
  ["a start that is not finite", { start: Float64Array.of(0, Number.NaN, 0) }, "invalid_option"],
];

describe("bad input is refused by name", () => {
  it.each(badData)("%s", (_what, change, code, words) => {
    const fit = () => fitBradleyTerry({ ...sound, ...change });
    expect(fit).toThrow(ScoringError);
    expect(fit).toThrow(expect.objectContaining({ code, message: expect.stringContaining(words) }));
  });

  it.each(badOptions)("%s", (_what, options, code) => {
    expect(() => fitBradleyTerry(sound, options)).toThrow(expect.objectContaining({ code }));
  });

  it("carries the row and the item", () => {
    const fit = () => fitBradleyTerry({ ...sound, losers: Int32Array.of(1, 1, 0) });
    expect(fit).toThrow(expect.objectContaining({ row: 1, items: [1] }));
  });

  it("lets the longest allowed batch through", () => {
    const data = { itemCount: ITEM_LIMIT, winners: Int32Array.of(0), losers: Int32Array.of(1) };
    expect(fitBradleyTerry(data, { prior: { variance: 1 } }).converged).toBe(true);
  });
});
