import type { Settings } from "../../settings/settings.ts";
import type { Judge } from "../judge.ts";
import { createLanguageModelJudge } from "../language-model/language-model-judge.ts";
import { openAiChatModel } from "./openai-chat-model.ts";

/** Any service that speaks OpenAI's chat completions: OpenAI, Mistral, Ollama, vLLM, AI Gateway and many more. */
export function createOpenAiCompatibleJudge(settings: Settings): Judge {
  return createLanguageModelJudge({
    name: "openai-compatible",
    languageModel: openAiChatModel({
      baseUrl: settings.OPENAI_COMPATIBLE_BASE_URL,
      apiKey: settings.OPENAI_COMPATIBLE_API_KEY ?? null,
      gatewayToken: settings.AI_GATEWAY_TOKEN ?? null,
    }),
    settings,
    defaultModel: settings.OPENAI_COMPATIBLE_MODEL ?? null,
  });
}
