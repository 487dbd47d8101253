import { env } from "cloudflare:workers";
import { inject } from "vitest";
import { z } from "zod";
import type { Ask, AskOutcome } from "../../../src/judges/judge.ts";
import { createJudge } from "../../../src/judges/registry.ts";
import type { JudgeName } from "../../../src/settings/judge-names.ts";
import { requireSettings, type Settings } from "../../../src/settings/settings.ts";
import { essayOfAbility } from "../../fakes/known-abilities.ts";

/** Every judge there is, and what the conformance suite has to know about it. */
interface JudgeUnderTest {
  /** answers on the spot, or takes the question on for later */
  readonly answers: boolean;
  /** its model's name for a habit of the fake models; null: no language model is asked directly */
  readonly modelOf: ((habit: string) => string) | null;
  /** the setting that holds its key; null: it has none */
  readonly key: "OPENAI_COMPATIBLE_API_KEY" | "ANTHROPIC_API_KEY" | null;
}

export const JUDGES: Readonly<Record<JudgeName, JudgeUnderTest>> = {
  offline: { answers: true, modelOf: null, key: null },
  "openai-compatible": { answers: true, modelOf: (habit) => habit, key: "OPENAI_COMPATIBLE_API_KEY" },
  anthropic: { answers: true, modelOf: (habit) => habit, key: "ANTHROPIC_API_KEY" },
  "workers-ai": { answers: true, modelOf: (habit) => `@cf/fake/${habit}`, key: null },
  "provider-service": { answers: false, modelOf: null, key: null },
  human: { answers: false, modelOf: null, key: null },
  external: { answers: false, modelOf: null, key: null },
};

export interface Question extends Partial<Ask> {
  readonly first?: string;
  readonly second?: string;
}

/** A question about two essays that no other question is about; the first is by far the better one. */
export function question({ first, second, ...ask }: Question = {}): Ask {
  const mark = crypto.randomUUID();
  return {
    comparisonId: crypto.randomUUID(),
    prompt: {
      studentPrompt: "Write about a journey.",
      instructions: "Reward a clear line of thought.",
      rubric: null,
      language: "en",
      first: first ?? essayOfAbility(20, `We went far, ${mark}.`),
      second: second ?? essayOfAbility(-20, `We stayed, ${mark}.`),
    },
    model: null,
    overrides: null,
    metadata: { essay_a_id: "ANCHOR_1", essay_b_id: "essay-secret-2", bos_batch_id: "bos-batch-7" },
    ...ask,
  };
}

/** Puts one question to a judge that is set up for the fakes, with these settings changed. */
export async function askJudge(
  name: JudgeName,
  ask: Ask,
  changes: Partial<Settings> = {},
): Promise<AskOutcome> {
  const [outcome] = await createJudge({ ...requireSettings(env), ...changes }, name).ask([ask]);
  return outcome;
}

const turn = z.object({ role: z.string(), content: z.string() });
const inputs = z.looseObject({ messages: z.array(turn) });
const received = z.object({
  headers: z.record(z.string(), z.string()),
  body: z.union([z.object({ inputs }).transform(({ inputs: body }) => body), inputs]),
});
export type ReceivedQuestion = z.infer<typeof received>;

/** The requests that came to the fake models about this question, in their order. */
export function receivedFor({ prompt }: Ask): Promise<readonly ReceivedQuestion[]> {
  return askedAbout(prompt.first);
}

/** The requests with these words in one of their turns. */
export async function askedAbout(words: string): Promise<readonly ReceivedQuestion[]> {
  const response = await fetch(`${inject("languageModelsUrl")}/__fake/requests`);
  return z
    .array(received)
    .parse(await response.json())
    .filter(({ body }) => body.messages.some(({ content }) => content.includes(words)));
}

/** A header as the provider got it; the proxy of a remote binding gives each a prefix. */
export function headerOf({ headers }: ReceivedQuestion, name: string): string | undefined {
  return headers[name] ?? headers[`mf-header-${name}`];
}
