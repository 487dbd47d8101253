import type { Settings } from "../../settings/settings.ts";
import type { Judge } from "../judge.ts";
import { createLanguageModelJudge } from "../language-model/language-model-judge.ts";
import { anthropicMessagesModel } from "./anthropic-messages-model.ts";

/** Claude, through Anthropic's Messages API or whatever speaks it. */
export function createAnthropicJudge(settings: Settings): Judge {
  return createLanguageModelJudge({
    name: "anthropic",
    languageModel: anthropicMessagesModel({
      baseUrl: settings.ANTHROPIC_BASE_URL,
      apiKey: settings.ANTHROPIC_API_KEY ?? null,
      gatewayToken: settings.AI_GATEWAY_TOKEN ?? null,
    }),
    settings,
    defaultModel: settings.ANTHROPIC_MODEL ?? null,
  });
}
