/** The port to a provider's API: one request, one answer, in the provider's own wire format. */
import type { AskFailure } from "../judge.ts";

/** A turn of the conversation after the system prompt. */
export interface Turn {
  readonly role: "user" | "assistant";
  readonly content: string;
}

export interface CompletionRequest {
  readonly model: string;
  readonly system: string;
  readonly turns: readonly Turn[];
  /** [0, 2]; null leaves it to the provider, because many models refuse any value */
  readonly temperature: number | null;
  readonly maxOutputTokens: number;
  readonly reasoningEffort: string | null;
  readonly verbosity: string | null;
  /** Aborted when the answer has taken too long. */
  readonly signal: AbortSignal;
}

export interface TokenUsage {
  readonly promptTokens: number;
  readonly completionTokens: number;
}

/** Why the model stopped: it was done, its token limit cut it off, or it declined to answer. */
export type FinishReason = "done" | "cut_off" | "declined";

export interface Completion {
  readonly kind: "completed";
  readonly text: string;
  readonly finish: FinishReason;
  /** the model that answered, as the provider names it; null when it does not say */
  readonly model: string | null;
  /** the provider's own id of the answer; null when it gives none */
  readonly requestId: string | null;
  readonly usage: TokenUsage;
}

export type CompletionOutcome = Completion | AskFailure;

export interface LanguageModel {
  /** What is recorded as the verdict's provider. */
  readonly provider: string;
  /** Expected failures are values; what is thrown is a timeout, a lost connection or a bug. */
  complete(request: CompletionRequest): Promise<CompletionOutcome>;
}
