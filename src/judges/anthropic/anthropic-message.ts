import { z } from "zod";
import type { CompletionOutcome, FinishReason } from "../language-model/language-model.ts";
import { tokenCount } from "../language-model/token-count.ts";

/** Only `text` blocks are the answer; `thinking` and whatever comes later is passed over. */
const message = z.object({
  id: z.string().nullish().catch(null),
  model: z.string().nullish().catch(null),
  content: z.array(z.object({ type: z.string(), text: z.string().optional() })),
  stop_reason: z.string().nullish().catch(null),
  usage: z
    .object({
      input_tokens: tokenCount,
      output_tokens: tokenCount,
      cache_creation_input_tokens: tokenCount,
      cache_read_input_tokens: tokenCount,
    })
    .nullish()
    .catch(null),
});

/** Reads a message of the Messages API. */
export function readAnthropicMessage(body: unknown): CompletionOutcome {
  const parsed = message.safeParse(body);
  if (!parsed.success) {
    return {
      kind: "refused",
      errorCode: "INVALID_RESPONSE",
      message: "The judge anthropic answered with something that is no message.",
    };
  }
  const { id, model, content, stop_reason, usage } = parsed.data;
  return {
    kind: "completed",
    text: content.map(({ type, text }) => (type === "text" ? (text ?? "") : "")).join(""),
    finish: finishOf(stop_reason ?? null),
    model: model ?? null,
    requestId: id ?? null,
    usage: {
      promptTokens:
        (usage?.input_tokens ?? 0) +
        (usage?.cache_creation_input_tokens ?? 0) +
        (usage?.cache_read_input_tokens ?? 0),
      completionTokens: usage?.output_tokens ?? 0,
    },
  };
}

function finishOf(reason: string | null): FinishReason {
  switch (reason) {
    case "refusal":
      return "declined";
    case "max_tokens":
    case "model_context_window_exceeded":
      return "cut_off";
    default:
      return "done";
  }
}
