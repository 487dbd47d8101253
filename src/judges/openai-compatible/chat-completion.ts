import { z } from "zod";
import type { CompletionOutcome, FinishReason } from "../language-model/language-model.ts";
import { tokenCount } from "../language-model/token-count.ts";

const textPart = z.object({ type: z.string(), text: z.string().optional() });
/** Mistral's reasoning models send parts instead of one text. */
const content = z
  .union([
    z.string(),
    z.array(textPart).transform((parts) => parts.map(({ text }) => text ?? "").join("")),
    z.null().transform(() => ""),
  ])
  .default("");

const chatCompletion = z.object({
  id: z.string().nullish().catch(null),
  model: z.string().nullish().catch(null),
  choices: z
    .array(
      z.object({
        finish_reason: z.string().nullish().catch(null),
        message: z.object({ content, refusal: z.string().nullish().catch(null) }),
      }),
    )
    .min(1),
  usage: z.object({ prompt_tokens: tokenCount, completion_tokens: tokenCount }).nullish().catch(null),
});

/** Reads a chat completion as OpenAI sends it: a refusal has a field of its own, and the filter a finish reason. */
export function readChatCompletion(body: unknown, judge: string): CompletionOutcome {
  const parsed = chatCompletion.safeParse(body);
  if (!parsed.success) {
    return {
      kind: "refused",
      errorCode: "INVALID_RESPONSE",
      message: `The judge ${judge} answered with something that is no chat completion.`,
    };
  }
  const { id, model, choices, usage } = parsed.data;
  const [{ message, finish_reason }] = choices;
  return {
    kind: "completed",
    text: message.content,
    finish: finishOf(finish_reason ?? null, message.refusal ?? null),
    model: model ?? null,
    requestId: id ?? null,
    usage: { promptTokens: usage?.prompt_tokens ?? 0, completionTokens: usage?.completion_tokens ?? 0 },
  };
}

function finishOf(reason: string | null, refusal: string | null): FinishReason {
  if (refusal !== null && refusal !== "") return "declined";
  switch (reason) {
    case "content_filter":
    case "refusal":
      return "declined";
    case "length":
      return "cut_off";
    default:
      return "done";
  }
}
