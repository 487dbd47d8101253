/** The fit between two waves: what the next pairs are chosen by, and what the stopping rules look at. */
import { z } from "zod";
import { type Posterior, verdictsBetweenFits } from "../pairing/index.ts";
import { scoreInterim } from "../scoring/index.ts";
import type { Draft } from "./draft.ts";
import { scoringDataOf } from "./ranking.ts";

/** The latest fit, as it is stored. Abilities and variances are those of the usable essays, in order of their numbers. */
export const interimFitSchema = z.object({
  /** comparisons that existed then */
  issued: z.number(),
  /** those of them that had no verdict then, by number: their verdicts are in no fit yet */
  unjudged: z.array(z.number()),
  verdicts: z.number(),
  reliability: z.number(),
  /** false while the spread of the essays cannot be estimated: nothing stops on such a fit */
  decisive: z.boolean(),
  abilities: z.array(z.number()),
  variances: z.array(z.number()),
});
export type InterimFit = z.infer<typeof interimFitSchema>;

/**
 * Fits all verdicts when a round of them has come since the latest fit, and not before: the covariance costs O(n³). It starts
 * from the stored abilities of that fit, so that an object that was evicted goes on with exactly the same numbers.
 *
 * @returns the new fit, or null when none is due, or when these verdicts cannot be fitted: pairing then goes on by the latest fit
 */
export function refitWhenDue(draft: Draft): InterimFit | null {
  const { pairing } = draft.life();
  if (pairing === null) return null;
  const previous = draft.fit();
  const { completed } = draft.tally();
  if (completed - (previous?.verdicts ?? 0) < verdictsBetweenFits(pairing.essayCount)) return null;
  // A fit may fail on data that nobody foresaw, or on what another version stored; the verdict that made it due must not be lost.
  const fit = tryToFit(draft, previous) ?? tryToFit(draft, null);
  if (fit !== null) draft.setFit(fit);
  return fit;
}

function tryToFit(draft: Draft, previous: InterimFit | null): InterimFit | null {
  try {
    return fitVerdicts(draft, previous);
  } catch {
    return null;
  }
}

function fitVerdicts(draft: Draft, previous: InterimFit | null): InterimFit {
  const comparisons = draft.comparisons();
  const usable = draft.essays().filter((essay) => essay.text === "ready");
  const start = previous === null ? undefined : Float64Array.from(previous.abilities);
  const { abilities, variances, reliability, decisive } = scoreInterim(
    scoringDataOf(usable, comparisons).data,
    start,
  );
  return {
    issued: comparisons.length,
    unjudged: comparisons.flatMap(({ number, winner }) => (winner === null ? [number] : [])),
    verdicts: draft.tally().completed,
    reliability,
    decisive,
    abilities: [...abilities],
    variances: [...variances],
  };
}

/** The posterior by which pairs are chosen; null before the first fit. */
export function posteriorOf(fit: InterimFit | null): Posterior | null {
  return fit === null ? null : { abilities: fit.abilities, variances: fit.variances };
}
