import { planPairs } from "../pairing/index.ts";
import { isTerminal, plannedSoFar } from "./batch.ts";
import type { Draft } from "./draft.ts";
import { openIssuer } from "./issue-comparison.ts";

/**
 * Plans the next wave when fewer than `maxInFlight` comparisons are in flight and the budget is not spent.
 * A question whose attempts have run out is outstanding, but nobody has it, and one that waits for a person keeps no machine
 * busy: neither holds up the next wave. Waves are
 * whole rounds and overlap: nothing waits for the last straggler of the wave before. Once the batch is scoring, no
 * new question is asked.
 */
export function issueNextWave(draft: Draft): void {
  const { state, totalComparisons } = draft.life();
  const { maxInFlight } = draft.batch.config;
  if (isTerminal(state) || state === "SCORING" || state === "INITIALIZING") return;
  const { outstanding, unanswered, waitingForPeople } = draft.tally();
  const inFlight = outstanding - unanswered - waitingForPeople;
  const from = plannedSoFar(draft.tally());
  if (from >= totalComparisons || inFlight >= maxInFlight) return;

  const plan = planOf(draft);
  const room = maxInFlight - inFlight;
  const to = plan.roundEnds.find((end) => end - from >= room) ?? plan.pairs.length;
  const wave = draft.life().wave + 1;
  draft.update({ wave });
  const essayNumbers = usableEssayNumbers(draft);
  const issue = openIssuer(draft, wave);
  for (const { first, second } of plan.pairs.slice(from, to))
    issue(essayNumbers[first], essayNumbers[second], "balanced");
}

/**
 * The whole plan follows from the batch's seed, budget and usable essays, so it is computed again when a wave is due
 * instead of being stored.
 */
export function planOf(draft: Draft) {
  const { config, origin } = draft.batch;
  return planPairs({
    essayCount: usableEssayNumbers(draft).length,
    budget: config.maxComparisons,
    strategy: config.pairing === "adaptive" ? "balanced_rounds" : config.pairing,
    seed: origin.seed,
  });
}

export function usableEssayNumbers(draft: Draft): readonly number[] {
  return draft
    .essays()
    .filter((essay) => essay.text === "ready")
    .map((essay) => essay.number);
}
