import type { ComparisonPrompt } from "../batch/comparison-prompt.ts";
import type { LlmComparisonResult } from "../contracts/comparison-result.ts";
import type { LlmConfigOverrides } from "../contracts/llm-config.ts";
import type { JudgeName } from "../settings/judge-names.ts";

/** One comparison to be judged. `comparisonId` (UUID) is what the judge must echo as `correlation_id`. */
export interface Ask {
  readonly comparisonId: string;
  readonly prompt: ComparisonPrompt;
  /** The model that the batch chose for this judge; null: the judge's default. Wins over `overrides.model_override`. */
  readonly model: string | null;
  readonly overrides: LlmConfigOverrides | null;
  /** Echoed by the provider in `request_metadata`; never part of the prompt. */
  readonly metadata: Readonly<Record<string, string | number>>;
}

/** What came of asking. Expected failures are values; an adapter throws only when it is itself broken. */
export type AskOutcome =
  /** Accepted: the verdict comes later, as a callback. */
  | { readonly kind: "submitted"; readonly queueId: string | null }
  /** Answered on the spot, as the callback that a remote judge would have sent. */
  | { readonly kind: "answered"; readonly result: LlmComparisonResult }
  | AskFailure;

export type AskFailure =
  /** Not accepted now: the question waits in its queue. */
  | {
      readonly kind: "unavailable";
      readonly errorCode: string;
      readonly message: string;
      readonly retryAfterSeconds: number | null;
    }
  /** A failed verdict, which the batch asks for again if its code says that this can help. */
  | { readonly kind: "refused"; readonly errorCode: string; readonly message: string };

/** A judge: given comparisons, answers them or takes them on. */
export interface Judge {
  readonly name: JudgeName;
  /** @returns one outcome per ask, in the order of `asks`. */
  ask(asks: readonly Ask[]): Promise<readonly AskOutcome[]>;
}
