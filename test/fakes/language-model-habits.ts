import { firstWins } from "./simulated-judge.ts";

/** How a fake model behaves. A model's name says it: `anything/always-first` always prefers the first essay. */
const HABITS = [
  /** wins are drawn by the essays' abilities; what every other name means */
  "honest",
  "always-first",
  "always-second",
  "declines",
  "malformed-once",
  "malformed",
  /** JSON in which the winner is no essay */
  "third-winner",
  /** a good answer in a code block with words around it */
  "talkative",
  "cut-off-once",
  "cut-off",
  /** 429 with `Retry-After: 7`, the first time or always */
  "busy-once",
  "busy",
  "broken-once",
  "broken",
  "overloaded",
  "out-of-credit",
  "too-long",
  /** answers after two seconds */
  "slow",
  /** closes the connection in the middle of its answer */
  "hangs-up",
  /** 200 and a web page */
  "web-page",
  "unknown",
  /** refuse a request for structured output, a `max_tokens`, or a temperature */
  "no-schema",
  "new-token-limit",
  "no-temperature",
] as const;
export type Habit = (typeof HABITS)[number];

export function habitOf(model: string): Habit {
  const name = model.split("/").at(-1);
  return HABITS.find((habit) => habit === name) ?? "honest";
}

/** What a model has been asked, as far as its habits need it. */
export interface Question {
  readonly model: string;
  /** the user's turns, joined */
  readonly prompt: string;
  /** how often this very question came before */
  readonly before: number;
  readonly isRepair: boolean;
  readonly temperature: number | null;
  readonly asksForSchema: boolean;
  readonly tokenLimit: "max_tokens" | "max_completion_tokens";
}

/** What it does about it. Voices put this into a provider's words. */
export type Reaction =
  | { readonly kind: "text"; readonly text: string; readonly finish: "done" | "cut_off" | "declined" }
  | { readonly kind: "hang_up" | "web_page" }
  | {
      readonly kind: "error";
      readonly error: ErrorKind;
      readonly retryAfterSeconds?: number;
    };
export type ErrorKind =
  | "wrong_key"
  | "unknown_model"
  | "rate_limit"
  | "broken"
  | "overloaded"
  | "out_of_credit"
  | "too_long"
  | "no_schema"
  | "no_max_tokens"
  | "no_temperature";

const MALFORMED = '{"winner": "Essay A", "justification": "It is';

/** Any model declines a pair of which one essay contains `[decline]`. */
export function react(habit: Habit, question: Question, seed: string): Reaction {
  if (question.prompt.includes("[decline]")) return declined();
  switch (habit) {
    case "honest":
    case "slow":
      return honest(question, seed);
    case "always-first":
      return answer("Essay A", 5);
    case "always-second":
      return answer("Essay B", 5);
    case "declines":
      return declined();
    case "malformed":
      return text(MALFORMED);
    case "malformed-once":
      return question.isRepair ? honest(question, seed) : text(MALFORMED);
    case "third-winner":
      return text(JSON.stringify({ winner: "Essay C", justification: "Neither.", confidence: 3 }));
    case "talkative":
      return talkative(honest(question, seed));
    case "cut-off":
      return { kind: "text", text: MALFORMED, finish: "cut_off" };
    case "cut-off-once":
      return question.isRepair
        ? honest(question, seed)
        : { kind: "text", text: MALFORMED, finish: "cut_off" };
    case "busy":
      return { kind: "error", error: "rate_limit", retryAfterSeconds: 7 };
    case "busy-once":
      return question.before === 0
        ? { kind: "error", error: "rate_limit", retryAfterSeconds: 1 }
        : honest(question, seed);
    case "broken":
      return { kind: "error", error: "broken" };
    case "broken-once":
      return question.before === 0 ? { kind: "error", error: "broken" } : honest(question, seed);
    case "overloaded":
      return { kind: "error", error: "overloaded", retryAfterSeconds: 3 };
    case "out-of-credit":
      return { kind: "error", error: "out_of_credit" };
    case "too-long":
      return { kind: "error", error: "too_long" };
    case "hangs-up":
      return { kind: "hang_up" };
    case "web-page":
      return { kind: "web_page" };
    case "unknown":
      return { kind: "error", error: "unknown_model" };
    case "no-schema":
      return question.asksForSchema ? { kind: "error", error: "no_schema" } : honest(question, seed);
    case "new-token-limit":
      return question.tokenLimit === "max_tokens"
        ? { kind: "error", error: "no_max_tokens" }
        : honest(question, seed);
    case "no-temperature":
      return question.temperature === null
        ? honest(question, seed)
        : { kind: "error", error: "no_temperature" };
  }
}

function honest({ prompt, model }: Question, seed: string): Reaction {
  const { wins, probability } = firstWins(prompt, `${seed}:${model}`);
  return answer(wins ? "Essay A" : "Essay B", 1 + Math.round(4 * Math.abs(2 * probability - 1)));
}

function answer(winner: string, confidence: number): Reaction {
  return text(JSON.stringify({ winner, justification: "Its sentences are clearer.", confidence }));
}

function talkative(reaction: Reaction): Reaction {
  if (reaction.kind !== "text") return reaction;
  return text(
    `Gladly! Here is my verdict:\n\n\`\`\`json\n${reaction.text}\n\`\`\`\nLet me know if you need more.`,
  );
}

function text(said: string): Reaction {
  return { kind: "text", text: said, finish: "done" };
}

function declined(): Reaction {
  return { kind: "text", text: "I cannot help with that.", finish: "declined" };
}
