import pMap from "p-map";
import type { JudgeName } from "../../settings/judge-names.ts";
import type { Ask, AskOutcome, Judge } from "../judge.ts";
import { judgePrompt } from "../prompt/prompt.ts";
import { type AskedModel, type Conversation, startConversation } from "./conversation.ts";
import { type JudgeAnswer, readJudgeAnswer } from "./judge-answer.ts";
import type { Completion } from "./language-model.ts";

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

export interface LanguageModelJudgeOptions extends AskedModel {
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
  switch (reading.kind) {
    case "answer":
      return conversation.answered(reading.answer);
    case "declined":
      return conversation.failed("LLM_REFUSAL", DECLINED);
    case "cut_off":
    case "invalid":
      return repair(conversation, first, reading.problem);
  }
}

const DECLINED = "The model declined to judge this pair.";

async function repair(conversation: Conversation, first: Completion, problem: string): Promise<AskOutcome> {
  const second = await conversation.say(
    { role: "assistant", content: first.text },
    { role: "user", content: repairRequest(problem) },
  );
  // The first answer was paid for, so it is recorded even when the second could not be had.
  if (second.kind !== "completed") return conversation.failed("LLM_INVALID_RESPONSE", unusable(problem));
  const repaired = read(second);
  switch (repaired.kind) {
    case "answer":
      return conversation.answered(repaired.answer);
    case "declined":
      return conversation.failed("LLM_REFUSAL", DECLINED);
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
