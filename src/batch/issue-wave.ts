import { type Pair, planPairs } from "../pairing/index.ts";
import { isTerminal } from "./batch.ts";
import type { Draft } from "./draft.ts";

/**
 * Plans the next wave when fewer than `maxInFlight` comparisons are in flight and the budget is not spent.
 * A question whose attempts have run out is outstanding, but nobody has it: it does not hold up the next wave. Waves are
 * whole rounds and overlap: nothing waits for the last straggler of the wave before. Once the batch is scoring, no
 * new question is asked.
 */
export function issueNextWave(draft: Draft): void {
  const { state, totalComparisons } = draft.life();
  const { maxInFlight } = draft.batch.config;
  if (isTerminal(state) || state === "SCORING" || state === "INITIALIZING") return;
  const inFlight = draft.tally().outstanding - draft.tally().unanswered;
  if (draft.issuedCount() >= totalComparisons || inFlight >= maxInFlight) return;

  const plan = planOf(draft);
  const from = draft.issuedCount();
  const room = maxInFlight - inFlight;
  const to = plan.roundEnds.find((end) => end - from >= room) ?? plan.pairs.length;
  const wave = draft.life().wave + 1;
  draft.update({ wave });
  const essayNumbers = usableEssayNumbers(draft);
  for (let number = from; number < to; number++) issue(draft, number, wave, plan.pairs[number], essayNumbers);
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

/**
 * A question may get lost before a judge has it, which is rare; or its judge may be away, and then the queue tries again by
 * itself. So this is patient: two judgement timeouts, and never less than ten minutes.
 */
const TIMEOUTS_UNTIL_ASKED_AGAIN = 2;
const ASKED_AGAIN_AFTER_MIN_MS = 600_000;

/** When a question that is still `planned` is put into the judges' queue again, as the same attempt. */
export function askAgainAt(draft: Draft): number {
  const wait = TIMEOUTS_UNTIL_ASKED_AGAIN * draft.batch.config.judgementTimeoutMinutes * 60_000;
  return roundUpToSecond(draft.now + Math.max(wait, ASKED_AGAIN_AFTER_MIN_MS));
}

/** Times are rounded up to whole seconds, so that one alarm serves the questions of one moment. */
export function roundUpToSecond(at: number): number {
  return Math.ceil(at / 1000) * 1000;
}

function issue(
  draft: Draft,
  number: number,
  wave: number,
  pair: Pair,
  essayNumbers: readonly number[],
): void {
  draft.issue({
    number,
    first: essayNumbers[pair.first],
    second: essayNumbers[pair.second],
    wave,
    origin: "balanced",
    attempt: 0,
    status: "planned",
    deadline: askAgainAt(draft),
    winner: null,
    settledAt: null,
    lateAt: null,
    provider: null,
    model: null,
  });
  draft.ask({ number, attempt: 0 }, 0);
}
