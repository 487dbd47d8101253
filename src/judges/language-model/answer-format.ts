import type { ProviderError } from "./provider-answer.ts";

/**
 * How the answer's form is asked for, strictest first. Every prompt asks for JSON in words as well, so a model that takes
 * none of them is still a judge.
 */
const ANSWER_FORMATS = ["json_schema", "json_object", "words"] as const;
export type AnswerFormat = (typeof ANSWER_FORMATS)[number];

/** What a model has turned out to take. */
export interface Accepted {
  readonly format: AnswerFormat;
  /** OpenAI's newer models take only `max_completion_tokens`, most others only `max_tokens` */
  readonly tokenLimit: "max_tokens" | "max_completion_tokens";
}

const INITIAL: Accepted = { format: "json_schema", tokenLimit: "max_tokens" };
const MAX_REMEMBERED = 200;

/** What models take, remembered for as long as the isolate lives: each finds out anew with at most three refused requests. */
const remembered = new Map<string, Accepted>();

/** What a model is known to take; what every model should take until one refuses it. */
export function acceptedBy(model: string): Accepted {
  return remembered.get(model) ?? INITIAL;
}

/**
 * Learns from a refusal that names what the model does not take.
 *
 * @returns what to try next, or null when the refusal is about something else
 */
export function learnFrom(model: string, tried: Accepted, error: ProviderError): Accepted | null {
  const next = nextToTry(tried, error);
  if (next === null) return null;
  if (remembered.size >= MAX_REMEMBERED) remembered.clear();
  remembered.set(model, next);
  return next;
}

function nextToTry(tried: Accepted, { status, words }: ProviderError): Accepted | null {
  if (status !== 400 && status !== 422) return null;
  if (tried.tokenLimit === "max_tokens" && words.includes("max_completion_tokens"))
    return { ...tried, tokenLimit: "max_completion_tokens" };
  if (!/response_format|json_schema|output_config|json mode|structured/.test(words)) return null;
  switch (tried.format) {
    case "json_schema":
      return { ...tried, format: "json_object" };
    case "json_object":
      return { ...tried, format: "words" };
    case "words":
      return null;
  }
}
