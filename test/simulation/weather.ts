import type { Chance } from "./chance.ts";
import type { Mood } from "./judges.ts";
import { BRIDGE_URL, CONTENT_URL, JUDGE_URL } from "./neighbours.ts";
import type { Outage, Weather } from "./world.ts";

/** From a calm day to a storm; every kind of fault is absent in some runs and frequent in others. */
export function drawWeather(chance: Chance, start: number, faultsMs: number): Weather {
  const storm = chance.happens(0.1) ? 0 : chance.next();
  const rate = (max: number) => (chance.happens(0.35) ? 0 : chance.next() * max * storm);
  const outages = (): Outage[] =>
    Array.from({ length: storm === 0 ? 0 : chance.pick([0, 0, 1, 2]) }, () => {
      const from = start + chance.integer(0, faultsMs);
      return { from, to: Math.min(from + chance.integer(60_000, 3 * 3_600_000), start + faultsMs) };
    });
  const forgottenAlarm = rate(0.1);
  return {
    crashAtCommit: rate(0.15),
    crashWhileWaiting: rate(0.08),
    lostRequest: rate(0.15),
    lostAnswer: rate(0.15),
    slowAnswer: rate(0.05),
    landsLater: rate(0.2),
    duplicateMessage: rate(0.3),
    lostAcknowledgement: rate(0.2),
    duplicateAlarm: rate(0.3),
    forgottenAlarm,
    outages: {
      bridge: outages(),
      judge: outages(),
      content: outages(),
      // A forgotten alarm is found through D1: no promise holds when both are gone at once.
      d1: forgottenAlarm > 0 ? [] : outages(),
      queues: outages(),
    },
  };
}

export function drawMood(chance: Chance): Mood {
  const share = (max: number) => (chance.happens(0.3) ? 0 : chance.next() * max);
  const silent = chance.happens(0.05);
  const hostile = chance.happens(0.08);
  return {
    never: silent ? 0.95 : share(0.3),
    late: share(0.2),
    twice: share(0.4),
    altered: share(0.1),
    garbage: share(0.1),
    retryableError: hostile ? 0.7 : share(0.2),
    permanentError: hostile ? 0.4 : share(0.06),
    unusable: chance.happens(0.05) ? 0.1 : 0,
  };
}

/** The environment's variables, as wrangler.toml would set them. */
export function drawVariables(chance: Chance): Record<string, string> {
  return {
    ENVIRONMENT: "development",
    DEFAULT_JUDGE: "provider-service",
    LLM_PROVIDER_SERVICE_URL: JUDGE_URL,
    CONTENT_SERVICE_URL: CONTENT_URL,
    KAFKA_BRIDGE_URL: BRIDGE_URL,
    BATCH_TIMEOUT_HOURS: String(chance.pick([0.5, 1, 2, 4])),
    MAX_BATCH_HOURS: String(chance.pick([3, 6, 8])),
    MAX_PAIRWISE_COMPARISONS: String(chance.pick([5, 10, 30, 60])),
    MAX_RETRY_ATTEMPTS: String(chance.integer(0, 3)),
    STRAGGLER_GRACE_SECONDS: String(chance.pick([0, 60, 300, 1_800])),
    JUDGEMENT_TIMEOUT_MINUTES: String(chance.pick([1, 5, 30])),
    MAX_IN_FLIGHT: String(chance.pick([3, 10, 500])),
    COMPLETION_THRESHOLD_PCT: String(chance.pick([60, 80, 95, 100])),
    MIN_SUCCESS_RATE_THRESHOLD: String(chance.pick([0.5, 0.8, 0.8, 1])),
    ...drawPairing(chance),
  };
}

/** Every strategy, and every rule that may stop one; `all_pairs` by `auto`, because a request may bring a budget too small for it. */
function drawPairing(chance: Chance): Record<string, string> {
  const variables: Record<string, string> = {
    PAIRING_STRATEGY: chance.pick(["auto", "auto", "balanced_rounds", "adaptive", "adaptive"]),
    BALANCED_ROUNDS: String(chance.pick([2, 5])),
    RANDOM_SHARE: String(chance.pick([0, 0.15, 1])),
    SWAP_SHARE: String(chance.pick([0, 0.1, 0.5])),
    MIN_COMPARISONS_PER_ESSAY: String(chance.pick([1, 2, 6])),
    MIN_COMPARISONS_FOR_STABILITY_CHECK: String(chance.pick([1, 12])),
  };
  if (chance.happens(0.4)) variables["TARGET_RELIABILITY"] = String(chance.pick([0.01, 0.3, 0.8]));
  if (chance.happens(0.3)) variables["SCORE_STABILITY_THRESHOLD"] = String(chance.pick([0.05, 0.5, 10]));
  return variables;
}
