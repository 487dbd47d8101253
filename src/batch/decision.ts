import type { BatchConfig, BatchLife, BatchOrigin, BatchState, Comparison, Essay, Winner } from "./batch.ts";
import type { PublishedEvent } from "./events.ts";
import type { InterimFit } from "./interim-fit.ts";
import type { Ranking } from "./ranking.ts";
import type { Review } from "./review.ts";

/** The texts around the two essays in a prompt. Stored apart from the facts, because they are erased one day. */
export interface PromptContext {
  readonly studentPrompt: string | null;
  /** where the student prompt is to be fetched from, when it did not come with the request */
  readonly studentPromptStorageId: string | null;
  readonly instructions: string | null;
  readonly rubric: string | null;
  /** overrides for the language model, as the request gave them (JSON) */
  readonly overrides: string | null;
  /** names that are taken out of the essays before a judge sees them */
  readonly redactNames: readonly string[];
}

/** Who answered which request, and at what cost. */
export interface AnswerOrigin {
  readonly attempt: number;
  readonly requestId: string;
  readonly provider: string;
  readonly model: string;
  readonly responseTimeMs: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** US dollars */
  readonly costEstimate: number;
  /** where the cost comes from (`configured`, `published`, `unknown`); null when the judge does not say */
  readonly costBasis: string | null;
  /** which prompt was put, and the SHA-256 of its template; null when the judge does not say */
  readonly promptVersion: string | null;
  readonly promptSha256: string | null;
}

/** Of an answer that no prompt was written for, a person's or none at all: it cost nothing. */
export const WITHOUT_PROMPT = {
  promptTokens: 0,
  completionTokens: 0,
  costEstimate: 0,
  costBasis: null,
  promptVersion: null,
  promptSha256: null,
} as const satisfies Partial<AnswerOrigin>;

/** What a judge said and what it cost, as stored with the comparison. */
export interface VerdictRecord extends AnswerOrigin {
  readonly winner: Winner | null;
  readonly confidence: number | null;
  readonly justification: string | null;
  readonly errorCode: string | null;
  readonly errorMessage: string | null;
}

/** One thing that became different. The store writes it, `evolve` applies it in memory. */
export type Change =
  | {
      readonly kind: "opened";
      readonly origin: BatchOrigin;
      readonly config: BatchConfig;
      readonly life: BatchLife;
      readonly prompt: PromptContext;
      readonly essays: readonly { readonly essay: Essay; readonly text: string | null }[];
    }
  | { readonly kind: "life"; readonly life: BatchLife }
  | {
      readonly kind: "transition";
      readonly from: BatchState | null;
      readonly to: BatchState;
      readonly reason: string;
      readonly at: number;
    }
  | { readonly kind: "essay"; readonly essay: Essay; readonly text: string | null }
  | { readonly kind: "student-prompt"; readonly text: string | null }
  | { readonly kind: "issued"; readonly comparison: Comparison }
  | { readonly kind: "comparison"; readonly comparison: Comparison; readonly verdict: VerdictRecord | null }
  | { readonly kind: "fit"; readonly fit: InterimFit }
  | { readonly kind: "ranking"; readonly ranking: Ranking }
  | { readonly kind: "review"; readonly review: Review }
  | { readonly kind: "texts-erased" };

/** One attempt of one comparison, as it travels in the judges' queue. */
export interface AskRef {
  readonly number: number;
  readonly attempt: number;
}

/** Something to be done in the world. It is an outbox row, numbered by `seq`, before it is anything else. */
export type Effect =
  | { readonly kind: "text"; readonly essays: readonly number[]; readonly studentPrompt: boolean }
  | { readonly kind: "judge"; readonly asks: readonly AskRef[]; readonly delaySeconds: number }
  | { readonly kind: "event"; readonly event: PublishedEvent }
  | { readonly kind: "projection" };

export interface OutboxEntry {
  readonly seq: number;
  readonly effect: Effect;
}

/** What a command decided. The shell writes `changes`, `outbox` and the alarm in one transaction. */
export interface Decision<Reply> {
  readonly changes: readonly Change[];
  readonly outbox: readonly OutboxEntry[];
  /**
   * Earliest moment (epoch milliseconds) at which something decided here must be looked at; the alarm is moved only
   * if it stands later. Null when nothing new has to be watched.
   */
  readonly wakeAt: number | null;
  readonly reply: Reply;
}

/** At most this many comparisons travel in one message of the judges' queue. */
export const ASKS_PER_MESSAGE = 10;
/** At most this many texts are fetched for one message of the texts queue. */
export const TEXTS_PER_MESSAGE = 20;
