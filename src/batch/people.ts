/** Comparisons that people answer: they wait until somebody comes, and are with that person for a while. */
import type { Comparison } from "./batch.ts";

/** The comparison as it waits for whoever comes next. */
export function putBack(comparison: Comparison): Comparison {
  return { ...comparison, status: "planned", deadline: null, person: null };
}
