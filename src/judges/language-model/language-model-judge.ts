import pMap from "p-map";
import type { LlmComparisonResult } from "../../contracts/comparison-result.ts";
import { toWireDatetime } from "../../contracts/datetime.ts";
import type { JudgeName } from "../../settings/judge-names.ts";
import type { Settings } from "../../settings/settings.ts";
import type { Ask, AskFailure, AskOutcome, Judge } from "../judge.ts";
import { type JudgePrompt, judgePrompt } from "../prompt/prompt.ts";
import { type JudgeAnswer, readJudgeAnswer } from "./judge-answer.ts";
import type {
  Completion,
  CompletionOutcome,
  CompletionRequest,
  LanguageModel,
  TokenUsage,
  Turn,
} from "./language-model.ts";
import { costOf } from "./prices.ts";

/**
 * Questions of one message that are put at once. A Worker's invocation may wait for six connections at a time (Workers
 * limits, "Simultaneous open connections") and handles two messages of the judges' queue; the clock of a question's timeout
 * must not run while it waits for a connection.
 */
const QUESTIONS_AT_ONCE = 3;

/**
 * Questions are begun for this long after a message came; later ones go back to the queue. A consumer's invocation ends after
 * 15 minutes, and with it every answer that is not recorded yet; a question may take ten (two answers of 300 s).
 */
const BEGUN_WITHIN_MS = 240_000;

export interface LanguageModelJudgeOptions {
  readonly name: JudgeName;
  readonly languageModel: LanguageModel;
  readonly settings: Settings;
  /** the model of an ask that names none; null when there is no default */
  readonly defaultModel: string | null;
}

/**
 * A judge that asks a language model directly and answers on the spot. An answer that cannot be read is put back to the
 * model once, with what is wrong with it; after that the verdict has failed. Nothing is cached: the method needs every
 * answer to be given anew.
 */
export function createLanguageModelJudge(options: LanguageModelJudgeOptions): Judge {
  return {
    name: options.name,
    ask(asks) {
      const begunUntil = Date.now() + BEGUN_WITHIN_MS;
      const askInTime = async (ask: Ask) =>
        Date.now() < begunUntil ? askOnce(options, ask) : notBegun(options.name);
      return pMap(asks, askInTime, { concurrency: QUESTIONS_AT_ONCE });
    },
  };
}

function notBegun(judge: JudgeName): AskOutcome {
  return {
    kind: "unavailable",
    errorCode: "TIMEOUT",
    message: `The judge ${judge} is so slow that this question was not put; it will be put again.`,
    retryAfterSeconds: null,
  };
}

async function askOnce(options: LanguageModelJudgeOptions, ask: Ask): Promise<AskOutcome> {
  const model = ask.model ?? ask.overrides?.model_override ?? options.defaultModel;
  if (model === null) {
    return {
      kind: "refused",
      errorCode: "CONFIGURATION_ERROR",
      message: `The judge ${options.name} has no model.`,
    };
  }
  const prompt = await judgePrompt(ask);
  const conversation = startConversation(options, ask, prompt, model);
  const first = await conversation.say();
  if (first.kind !== "completed") return first;
  const reading = read(first);
  if (reading.kind === "answer") return conversation.answered(reading.answer);
  if (reading.kind === "declined")
    return conversation.failed("LLM_REFUSAL", "The model declined to judge this pair.");

  const second = await conversation.say(
    { role: "assistant", content: first.text },
    { role: "user", content: repairRequest(reading.problem) },
  );
  // The first answer was paid for, so it is recorded even when the second could not be had.
  if (second.kind !== "completed")
    return conversation.failed("LLM_INVALID_RESPONSE", unusable(reading.problem));
  const repaired = read(second);
  switch (repaired.kind) {
    case "answer":
      return conversation.answered(repaired.answer);
    case "declined":
      return conversation.failed("LLM_REFUSAL", "The model declined to judge this pair.");
    case "cut_off":
      return conversation.failed(
        "LLM_OUTPUT_TRUNCATED",
        "The model's answer was cut off twice by its token limit: raise JUDGE_MAX_OUTPUT_TOKENS or max_tokens_override.",
      );
    case "invalid":
      return conversation.failed("LLM_INVALID_RESPONSE", unusable(repaired.problem));
  }
}

type Reading =
  | { readonly kind: "answer"; readonly answer: JudgeAnswer }
  | { readonly kind: "declined" }
  | { readonly kind: "cut_off" | "invalid"; readonly problem: string };

function read({ text, finish }: Completion): Reading {
  if (finish === "declined") return { kind: "declined" };
  const reading = readJudgeAnswer(text);
  if (reading.kind === "answer") return reading;
  if (finish === "cut_off")
    return { kind: "cut_off", problem: "it was cut off by the token limit: be brief" };
  return reading;
}

function repairRequest(problem: string): string {
  return `That answer cannot be used: ${problem}. Answer the same question again with nothing but the JSON object {"winner": "Essay A" or "Essay B", "justification": "at most 50 words", "confidence": 1 to 5}.`;
}

function unusable(problem: string): string {
  return `The model's answer could not be used, and neither could its second one: ${problem}.`;
}

/** One question and its repair: what was said, what it cost, and the results it can end in. */
function startConversation(
  { name, languageModel, settings }: LanguageModelJudgeOptions,
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
