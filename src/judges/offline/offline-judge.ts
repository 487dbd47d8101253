import type { LlmComparisonResult } from "../../contracts/comparison-result.ts";
import { toWireDatetime } from "../../contracts/datetime.ts";
import type { Ask, Judge } from "../judge.ts";
import { drawUniform, winProbability } from "./draw.ts";
import { justify } from "./justification.ts";
import { compareQuality } from "./quality.ts";
import { createMeasureCache } from "./text-cache.ts";
import type { TextMeasures } from "./text-measures.ts";

export interface OfflineJudgeOptions {
  /** Any integer; another seed gives other chance results for the same comparisons. Default 0. */
  readonly seed?: number;
  /** Scale of the chance part, ≥ 0; 1 is Bradley-Terry, 0 lets the higher quality always win. Default 1. */
  readonly noise?: number;
  readonly now: () => Date;
}

const OFFLINE_MODEL = "offline-text-measures-1";

/**
 * A judge that needs no network: it measures both texts (see `text-measures.ts`), weighs the measures into a
 * quality in logits (`quality.ts`) and lets the first text win with the Bradley-Terry probability. The same
 * comparison id, texts and seed always get the same answer. It is a stand-in for local runs and tests, no assessor.
 *
 * @throws RangeError if `noise` is negative or not a number
 */
export function createOfflineJudge({ seed = 0, noise = 1, now }: OfflineJudgeOptions): Judge {
  if (!(noise >= 0)) {
    throw new RangeError(`The offline judge's noise must be 0 or more, got ${noise}`);
  }
  return {
    name: "offline",
    async ask(asks) {
      const measure = createMeasureCache();
      return asks.map((ask) => {
        const requestedAt = now();
        const first = measure(ask.prompt.first, ask.prompt.language);
        const second = measure(ask.prompt.second, ask.prompt.language);
        const verdict = decideVerdict(ask.comparisonId, first, second, seed, noise);
        return { kind: "answered" as const, result: buildResult(ask, verdict, requestedAt, now()) };
      });
    },
  };
}

interface Verdict {
  readonly winner: "essay_a" | "essay_b";
  readonly confidence: number;
  readonly justification: string;
}

function decideVerdict(
  comparisonId: string,
  first: TextMeasures,
  second: TextMeasures,
  seed: number,
  noise: number,
): Verdict {
  const contributions = compareQuality(first, second);
  const difference = contributions.reduce((sum, { logits }) => sum + logits, 0);
  const firstProbability = winProbability(difference, noise);
  const firstWins = drawUniform(`${seed}:${comparisonId}`) < firstProbability;
  return {
    winner: firstWins ? "essay_a" : "essay_b",
    confidence: scaleConfidence(firstWins ? firstProbability : 1 - firstProbability),
    justification: justify(contributions, firstWins),
  };
}

/** The winner's probability on the contract's scale: 1 for an even chance or an upset, 5 for certainty. */
function scaleConfidence(probability: number): number {
  return Math.round((1 + 4 * Math.max(0, 2 * probability - 1)) * 100) / 100;
}

function buildResult(ask: Ask, verdict: Verdict, requestedAt: Date, completedAt: Date): LlmComparisonResult {
  return {
    request_id: `offline-${ask.comparisonId}`,
    correlation_id: ask.comparisonId,
    ...verdict,
    error_detail: null,
    provider: "offline",
    model: OFFLINE_MODEL,
    response_time_ms: Math.max(0, completedAt.getTime() - requestedAt.getTime()),
    token_usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 },
    cost_estimate: 0,
    requested_at: toWireDatetime(requestedAt.getTime()),
    completed_at: toWireDatetime(completedAt.getTime()),
    trace_id: null,
    request_metadata: { ...ask.metadata },
  };
}
