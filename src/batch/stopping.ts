/** When a batch has asked enough before its budget is spent. */
import type { PairingStop } from "./batch.ts";
import type { Draft } from "./draft.ts";
import { type InterimFit, refitWhenDue } from "./interim-fit.ts";
import { plannedSoFar } from "./tally.ts";

/** Whether the batch asked for a rule that may stop it before its budget is spent. */
export function hasStoppingRule(draft: Draft): boolean {
  const { targetReliability, scoreStability } = draft.batch.config;
  return targetReliability !== null || scoreStability !== null;
}

/**
 * The rule that is met now, or null. A rule has to hold at two fits that are at least n/2 new verdicts apart, the second of them
 * just made: one fit may be lucky. It never holds while the spread of the essays cannot be estimated, nor before every essay has
 * its share of verdicts, nor while more comparisons have failed than the batch allows.
 */
export function ruleMet(draft: Draft): PairingStop | null {
  if (!hasStoppingRule(draft) || !mayBeEnough(draft)) return null;
  const previous = draft.fit();
  const latest = refitWhenDue(draft);
  if (previous === null || latest === null || !previous.decisive || !latest.decisive) return null;
  if (!everyEssayHasItsShare(draft) || tooManyFailed(draft)) return null;
  if (isReliable(draft, previous) && isReliable(draft, latest)) return "target_reliability_reached";
  return isStable(draft, previous, latest) ? "score_stability_reached" : null;
}

/** Fits are made from one round before every essay can have its share: earlier ones could stop nothing. */
function mayBeEnough(draft: Draft): boolean {
  const essayCount = draft.life().pairing?.essayCount ?? 0;
  const { minComparisonsPerEssay } = draft.batch.config;
  return draft.tally().completed >= ((minComparisonsPerEssay - 1) * essayCount) / 2;
}

function isReliable(draft: Draft, { reliability }: InterimFit): boolean {
  const target = draft.batch.config.targetReliability;
  return target !== null && reliability >= target;
}

/** The original service's rule: no score has moved by more than the threshold. Its scores were centred, and so are these. */
function isStable(draft: Draft, previous: InterimFit, latest: InterimFit): boolean {
  const { scoreStability, minComparisonsForStabilityCheck } = draft.batch.config;
  if (scoreStability === null || latest.verdicts < minComparisonsForStabilityCheck) return false;
  return latest.abilities.every(
    (ability, index) => Math.abs(ability - previous.abilities[index]) <= scoreStability,
  );
}

function everyEssayHasItsShare(draft: Draft): boolean {
  const counts = new Map(
    draft.essays().flatMap(({ number, text }) => (text === "ready" ? [[number, 0]] : [])),
  );
  for (const { first, second, winner } of draft.comparisons()) {
    if (winner === null) continue;
    for (const essay of [first, second]) counts.set(essay, (counts.get(essay) ?? 0) + 1);
  }
  const least = draft.batch.config.minComparisonsPerEssay;
  return [...counts.values()].every((count) => count >= least);
}

/** What has been asked becomes the whole plan when pairing stops, so the required success rate must hold of it already. */
function tooManyFailed(draft: Draft): boolean {
  const issued = plannedSoFar(draft.tally());
  const share = (issued - draft.tally().failed) / issued;
  return share < draft.batch.config.minSuccessRateThreshold;
}
