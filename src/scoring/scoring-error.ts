/** What was wrong with the data or the options. Closed set: callers may switch over it. */
export type ScoringErrorCode =
  | "one_item"
  | "item_limit"
  | "comparison_limit"
  | "empty_data"
  | "length_mismatch"
  | "index_out_of_range"
  | "self_comparison"
  | "invalid_weight"
  | "invalid_first_shown"
  | "invalid_judge"
  | "invalid_tie"
  | "invalid_anchor"
  | "invalid_option"
  | "no_decisive_comparison"
  | "mle_does_not_exist"
  | "not_positive_definite";

/** Where the fault is: the comparison (row of the input arrays) and the items concerned, all 0-based. */
export interface ScoringFault {
  readonly row?: number;
  readonly items?: readonly number[];
}

/** Thrown when data or options cannot be scored. The message names the fault, what is allowed and what to do. */
export class ScoringError extends Error {
  override readonly name = "ScoringError";
  readonly code: ScoringErrorCode;
  readonly row: number | undefined;
  readonly items: readonly number[];

  constructor(code: ScoringErrorCode, message: string, fault: ScoringFault = {}) {
    super(message);
    this.code = code;
    this.row = fault.row;
    this.items = fault.items ?? [];
  }
}
