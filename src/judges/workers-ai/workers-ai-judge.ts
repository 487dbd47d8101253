import type { Settings } from "../../settings/settings.ts";
import type { Judge } from "../judge.ts";
import { createLanguageModelJudge } from "../language-model/language-model-judge.ts";
import { workersAiModel } from "./workers-ai-model.ts";

/** A model on Cloudflare's own machines, through the binding `AI`: an account is enough, there is no key. */
export function createWorkersAiJudge(settings: Settings): Judge {
  return createLanguageModelJudge({
    name: "workers-ai",
    languageModel: workersAiModel({
      binding: settings.AI ?? null,
      gatewayId: settings.WORKERS_AI_GATEWAY ?? null,
    }),
    settings,
    defaultModel: settings.WORKERS_AI_MODEL ?? null,
  });
}
