import {
  type AskedPair,
  countOpening,
  countPlanned,
  freePlacesToPlan,
  nextPairs,
  pacedInFlight,
  settleStrategy,
} from "../pairing/index.ts";
import { isTerminal, type SettledPairing } from "./batch.ts";
import { countAffordable } from "./cost-ceiling.ts";
import type { Draft } from "./draft.ts";
import { posteriorOf, refitWhenDue } from "./interim-fit.ts";
import { openIssuer } from "./issue-comparison.ts";
import { HUMAN_JUDGE } from "./judges.ts";
import { hasStoppingRule } from "./stopping.ts";
import { plannedSoFar } from "./tally.ts";

/** Settles how pairs are chosen and how many there will be at most. Call it once, when all texts are there. */
export function planComparisons(draft: Draft): void {
  const { pairing: strategy, maxComparisons: budget } = draft.batch.config;
  const essayCount = usableEssayNumbers(draft).length;
  const request = { ...sharesOf(draft), essayCount, budget, strategy };
  const pairing = { strategy: settleStrategy(request), essayCount, opening: countOpening(request) };
  draft.update({ pairing, totalComparisons: countPlanned(request) });
}

/**
 * Plans the next wave when there is room for one. A question whose attempts have run out is outstanding, but nobody has it: it
 * does not hold up the next wave. Waves overlap: nothing waits for the last straggler of the wave before. Once the batch is
 * scoring, no new question is asked.
 */
export function issueNextWave(draft: Draft): void {
  if (!mayAsk(draft)) return;
  const pairing = pairingOf(draft);
  const affordable = countAffordable(draft.batch.config, draft.tally());
  const wanted = Math.min(countWanted(draft, pairing), affordable);
  if (wanted === 0) return;
  if (plannedSoFar(draft.tally()) >= pairing.opening) refitWhenDue(draft);
  const pairs = choosePairs(draft, pairing, wanted);
  if (pairs.length === 0) {
    draft.update({ pairingStop: "no_pair_left", totalComparisons: plannedSoFar(draft.tally()) });
    return;
  }
  const wave = draft.life().wave + 1;
  draft.update({ wave });
  const essayNumbers = usableEssayNumbers(draft);
  const issue = openIssuer(draft, wave);
  for (const { first, second, origin } of pairs) issue(essayNumbers[first], essayNumbers[second], origin);
}

/** A posterior that cannot be used, such as one stored by another version, costs the batch its adaptivity and not a verdict. */
function choosePairs(draft: Draft, pairing: SettledPairing, wanted: number) {
  const request = {
    ...sharesOf(draft),
    essayCount: pairing.essayCount,
    budget: draft.life().totalComparisons,
    strategy: pairing.strategy,
    asked: askedPairs(draft),
    wanted,
    repeatsInform: draft.batch.origin.judges.length > 1,
  };
  try {
    return nextPairs({ ...request, posterior: posteriorOf(draft.fit()) });
  } catch {
    return nextPairs({ ...request, posterior: null });
  }
}

/** Whether the batch is in a state to ask, and has anything left to ask. */
export function mayAsk(draft: Draft): boolean {
  const { state, totalComparisons } = draft.life();
  if (isTerminal(state) || state === "SCORING" || state === "INITIALIZING") return false;
  return plannedSoFar(draft.tally()) < totalComparisons;
}

/** A batch of the first version planned everything at once and recorded nothing about it. */
function pairingOf(draft: Draft): SettledPairing {
  const { pairing, totalComparisons } = draft.life();
  if (pairing !== null) return pairing;
  const essayCount = usableEssayNumbers(draft).length;
  return { strategy: "balanced_rounds", essayCount, opening: totalComparisons };
}

function sharesOf(draft: Draft) {
  const { balancedRounds, randomShare, swapShare } = draft.batch.config;
  return { balancedRounds, randomShare, swapShare, seed: draft.batch.origin.seed };
}

/**
 * How many pairs are wanted now. What nothing depends on goes out in whole rounds while fewer than `maxInFlight` are in flight;
 * what depends on verdicts, or may be stopped by them, at the pace of src/pairing/pace.ts.
 */
function countWanted(draft: Draft, pairing: SettledPairing): number {
  const { essayCount } = pairing;
  const { maxInFlight } = draft.batch.config;
  const inFlight = countInFlight(draft);
  const unpaced = countUnpaced(draft, pairing) - plannedSoFar(draft.tally());
  if (unpaced > 0) {
    if (inFlight >= maxInFlight) return 0;
    const round = Math.max(1, Math.floor(essayCount / 2));
    return Math.min(unpaced, Math.ceil((maxInFlight - inFlight) / round) * round);
  }
  const limit = pacedInFlight(essayCount, maxInFlight);
  const free = Math.max(0, limit - inFlight);
  return inFlight === 0 || free >= freePlacesToPlan(limit) ? free : 0;
}

/**
 * What waits for a person keeps no machine busy and must not hold the machines up, be it for days. Only where people are the
 * only judges do they set the pace.
 */
function countInFlight(draft: Draft): number {
  const { outstanding, unanswered, waitingForPeople } = draft.tally();
  const peopleOnly = draft.batch.origin.judges.every(({ judge }) => judge === HUMAN_JUDGE);
  return outstanding - unanswered - (peopleOnly ? 0 : waitingForPeople);
}

/** No verdict has a say before the opening is asked, and no rule before every essay can have its share. */
function countUnpaced(draft: Draft, { essayCount, opening }: SettledPairing): number {
  if (!hasStoppingRule(draft)) return opening;
  return Math.min(opening, Math.ceil((draft.batch.config.minComparisonsPerEssay * essayCount) / 2));
}

/** What has been asked, by the positions of the usable essays. A verdict that came after the latest fit counts as in flight. */
function askedPairs(draft: Draft): readonly AskedPair[] {
  const indexOf = new Map(usableEssayNumbers(draft).map((number, index) => [number, index]));
  const fit = draft.fit();
  const unfitted = new Set(fit?.unjudged);
  return draft.comparisons().flatMap(({ number, first, second, origin, status, copyOf }) => {
    const [one, other] = [indexOf.get(first), indexOf.get(second)];
    if (copyOf !== null || one === undefined || other === undefined) return [];
    const fitted = status === "judged" && number < (fit?.issued ?? 0) && !unfitted.has(number);
    const standing = status === "failed" ? status : fitted ? "scored" : "pending";
    return [{ first: one, second: other, origin, status: standing }];
  });
}

/** Essays that can be compared, ascending: pairing and scoring number them by their places in this list. */
export function usableEssayNumbers(draft: Draft): readonly number[] {
  return draft
    .essays()
    .filter((essay) => essay.text === "ready")
    .map((essay) => essay.number);
}
