import { z } from "zod";
import { MAX_JUSTIFICATION_LENGTH, type Winner } from "../../contracts/comparison-result.ts";
import { clippedText } from "../../contracts/text.ts";
import { parseJson } from "../../encoding/json.ts";

export interface JudgeAnswer {
  readonly winner: Winner;
  /** at most 500 characters */
  readonly justification: string;
  /** 1 to 5 */
  readonly confidence: number;
}

/**
 * What providers with structured output are asked to hold the model to. Plain enough for all of them: no lengths and no
 * ranges, which some refuse; `readJudgeAnswer` checks those.
 */
export const JUDGE_ANSWER_JSON_SCHEMA = {
  type: "object",
  properties: {
    winner: { type: "string", enum: ["Essay A", "Essay B"] },
    justification: { type: "string" },
    confidence: { type: "integer", enum: [1, 2, 3, 4, 5] },
  },
  required: ["winner", "justification", "confidence"],
  additionalProperties: false,
} as const;

const WINNERS: Readonly<Record<string, Winner>> = {
  "essay a": "essay_a",
  "essay b": "essay_b",
  a: "essay_a",
  b: "essay_b",
};

const answerSchema = z.object({
  winner: z.string().transform((text, context): Winner => {
    const winner = WINNERS[text.trim().toLowerCase().replace("_", " ")];
    if (winner !== undefined) return winner;
    context.addIssue({ code: "custom", message: 'expected "Essay A" or "Essay B"', input: text });
    return z.NEVER;
  }),
  justification: z
    .string()
    .transform((text) => text.trim().toWellFormed())
    .pipe(clippedText(MAX_JUSTIFICATION_LENGTH)),
  confidence: z
    .union([z.number(), z.string().trim().min(1).transform(Number)])
    .pipe(z.number().min(1).max(5)),
});

export type ReadAnswer =
  | { readonly kind: "answer"; readonly answer: JudgeAnswer }
  /** `problem` says what is wrong without repeating what the model wrote */
  | { readonly kind: "invalid"; readonly problem: string };

/** Reads what a model wrote: a JSON object, bare, in a code block, or with words around it. A winner is never guessed. */
export function readJudgeAnswer(text: string): ReadAnswer {
  const value = parseJson(text) ?? parseJson(outermostObject(text));
  if (value === undefined) return { kind: "invalid", problem: "it is not a JSON object" };
  const parsed = answerSchema.safeParse(value);
  if (parsed.success) return { kind: "answer", answer: parsed.data };
  const problems = parsed.error.issues.map(
    ({ path, message }) => `${path.join(".") || "the whole"}: ${message}`,
  );
  return { kind: "invalid", problem: problems.join("; ") };
}

function outermostObject(text: string): string {
  return text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1);
}
