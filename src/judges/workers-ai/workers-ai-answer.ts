import { z } from "zod";
import type { CompletionOutcome } from "../language-model/language-model.ts";
import { tokenCount } from "../language-model/token-count.ts";
import { readChatCompletion } from "../openai-compatible/chat-completion.ts";

/** The binding's own form. With a JSON schema `response` is the object itself, otherwise text. */
const answer = z.object({
  response: z.union([z.string(), z.looseObject({}).transform((value) => JSON.stringify(value))]),
  usage: z.object({ prompt_tokens: tokenCount, completion_tokens: tokenCount }).nullish().catch(null),
});

const enveloped = z.object({ result: z.unknown(), success: z.literal(true) });

/**
 * Reads an answer of Workers AI in any of its forms: `{response, usage}` of older models, a chat completion of newer ones,
 * and either of them inside `{result, success}`, as the REST API and gateways send it.
 */
export function readWorkersAiAnswer(body: unknown): CompletionOutcome {
  const envelope = enveloped.safeParse(body);
  if (envelope.success) return readWorkersAiAnswer(envelope.data.result);
  const parsed = answer.safeParse(body);
  if (!parsed.success) return readChatCompletion(body, "workers-ai");
  const { response, usage } = parsed.data;
  return {
    kind: "completed",
    text: response,
    finish: "done",
    model: null,
    requestId: null,
    usage: { promptTokens: usage?.prompt_tokens ?? 0, completionTokens: usage?.completion_tokens ?? 0 },
  };
}
