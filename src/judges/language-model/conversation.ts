import type { LlmComparisonResult } from "../../contracts/comparison-result.ts";
import { toWireDatetime } from "../../contracts/datetime.ts";
import type { JudgeName } from "../../settings/judge-names.ts";
import type { Settings } from "../../settings/settings.ts";
import type { Ask, AskFailure, AskOutcome } from "../judge.ts";
import type { JudgePrompt } from "../prompt/prompt.ts";
import type { JudgeAnswer } from "./judge-answer.ts";
import type {
  Completion,
  CompletionOutcome,
  CompletionRequest,
  LanguageModel,
  TokenUsage,
  Turn,
} from "./language-model.ts";
import { costOf } from "./prices.ts";

/** The language model that is asked, for which judge and under which settings. */
export interface AskedModel {
  readonly name: JudgeName;
  readonly languageModel: LanguageModel;
  readonly settings: Settings;
}

export type Conversation = ReturnType<typeof startConversation>;

/** One question and its repair: what was said, what it cost, and the results it can end in. */
export function startConversation(
  { name, languageModel, settings }: AskedModel,
  ask: Ask,
  prompt: JudgePrompt,
  model: string,
) {
  const requestedAt = Date.now();
  const completions: Completion[] = [];
  const question: Turn = { role: "user", content: prompt.blocks.map(({ content }) => content).join("\n\n") };
  const request = requestFor(settings, ask, prompt, model);

  const say = async (...turns: readonly Turn[]): Promise<CompletionOutcome> => {
    const timeoutMs = settings.LLM_REQUEST_TIMEOUT_SECONDS * 1000;
    // A cut-off answer gets twice the room, unless the request set the limit itself.
    const room = ask.overrides?.max_tokens_override ?? request.maxOutputTokens * (turns.length === 0 ? 1 : 2);
    try {
      const outcome = await languageModel.complete({
        ...request,
        maxOutputTokens: room,
        turns: [question, ...turns],
        signal: AbortSignal.timeout(timeoutMs),
      });
      if (outcome.kind === "completed") completions.push(outcome);
      return outcome;
    } catch (error) {
      return failureOf(name, error, settings.LLM_REQUEST_TIMEOUT_SECONDS);
    }
  };

  const result = (): Omit<
    LlmComparisonResult,
    "winner" | "justification" | "confidence" | "error_detail"
  > => {
    const completedAt = Date.now();
    const answeredBy = completions.at(-1)?.model ?? model;
    const usage = sumUsage(completions);
    const cost = costOf(settings, model, usage);
    return {
      request_id: completions.at(-1)?.requestId ?? `${name}-${ask.comparisonId}`,
      correlation_id: ask.comparisonId,
      provider: languageModel.provider,
      model: answeredBy,
      response_time_ms: Math.max(0, completedAt - requestedAt),
      token_usage: {
        prompt_tokens: usage.promptTokens,
        completion_tokens: usage.completionTokens,
        total_tokens: usage.promptTokens + usage.completionTokens,
      },
      cost_estimate: cost.usd,
      requested_at: toWireDatetime(requestedAt),
      completed_at: toWireDatetime(completedAt),
      trace_id: null,
      request_metadata: {
        ...ask.metadata,
        prompt_version: prompt.version,
        prompt_sha256: prompt.sha256,
        requested_model: model,
        temperature: request.temperature,
        requests: completions.length,
        cost_basis: cost.basis,
      },
    };
  };

  const answered = (answer: JudgeAnswer): AskOutcome => ({
    kind: "answered",
    result: { ...result(), ...answer, error_detail: null },
  });

  const failed = (errorCode: string, message: string): AskOutcome => ({
    kind: "answered",
    result: {
      ...result(),
      winner: null,
      justification: null,
      confidence: null,
      error_detail: {
        error_code: errorCode,
        message,
        correlation_id: ask.comparisonId,
        timestamp: toWireDatetime(Date.now()),
        service: "cj-edge",
        operation: `judge:${name}`,
        details: {},
        stack_trace: null,
        trace_id: null,
        span_id: null,
      },
    },
  });

  return { say, answered, failed };
}

/** `??` and not `||`: a temperature of 0 is a choice and stays 0. */
function requestFor(
  settings: Settings,
  { overrides }: Ask,
  prompt: JudgePrompt,
  model: string,
): Omit<CompletionRequest, "turns" | "signal"> {
  return {
    model,
    system: prompt.system,
    temperature: overrides?.temperature_override ?? settings.JUDGE_TEMPERATURE ?? null,
    maxOutputTokens: overrides?.max_tokens_override ?? settings.JUDGE_MAX_OUTPUT_TOKENS,
    reasoningEffort: overrides?.reasoning_effort ?? null,
    verbosity: overrides?.output_verbosity ?? null,
  };
}

function failureOf(judge: JudgeName, error: unknown, timeoutSeconds: number): AskFailure {
  const timedOut = error instanceof Error && (error.name === "TimeoutError" || error.name === "AbortError");
  return {
    kind: "unavailable",
    errorCode: timedOut ? "TIMEOUT" : "CONNECTION_ERROR",
    message: timedOut
      ? `The judge ${judge} did not answer within ${timeoutSeconds} s (LLM_REQUEST_TIMEOUT_SECONDS).`
      : `The judge ${judge} could not be reached.`,
    retryAfterSeconds: null,
  };
}

function sumUsage(completions: readonly Completion[]): TokenUsage {
  return completions.reduce(
    (sum, { usage }) => ({
      promptTokens: sum.promptTokens + usage.promptTokens,
      completionTokens: sum.completionTokens + usage.completionTokens,
    }),
    { promptTokens: 0, completionTokens: 0 },
  );
}
