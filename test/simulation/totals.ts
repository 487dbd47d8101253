/** What many simulated lives come to. */
export interface SeedTotals {
  seeds: number;
  steps: number;
  batches: number;
  endings: Record<string, number>;
  /** the earliest seed whose life went wrong */
  failed: { readonly seed: number; readonly violations: readonly string[] } | null;
}

export function emptyTotals(): SeedTotals {
  return { seeds: 0, steps: 0, batches: 0, endings: {}, failed: null };
}
