/** Two essays that could be compared, and what their comparison is worth. */
export interface Candidate {
  readonly one: number;
  readonly other: number;
  readonly worth: number;
}

/**
 * A matching of at most `size` candidates: the most valuable first, none that shares an essay with one already taken. Its
 * worth is at least half that of the best matching (Avis, "A survey of heuristics for the weighted matching problem",
 * Networks 13, 1983). Equal worths are taken in the order given.
 */
export function greedyMatching(candidates: readonly Candidate[], size: number): Candidate[] {
  const matched = new Set<number>();
  const matching: Candidate[] = [];
  for (const candidate of candidates.toSorted((a, b) => b.worth - a.worth)) {
    if (matching.length === size) break;
    const { one, other } = candidate;
    if (matched.has(one) || matched.has(other)) continue;
    matched.add(one).add(other);
    matching.push(candidate);
  }
  return matching;
}
