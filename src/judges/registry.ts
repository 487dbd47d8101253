import { findJudgeName, type JudgeName } from "../settings/judge-names.ts";
import type { Settings } from "../settings/settings.ts";
import { createAnthropicJudge } from "./anthropic/anthropic-judge.ts";
import { createExternalJudge } from "./external/external-judge.ts";
import type { Judge } from "./judge.ts";
import { createOfflineJudge } from "./offline/offline-judge.ts";
import { createOpenAiCompatibleJudge } from "./openai-compatible/openai-compatible-judge.ts";
import { createProviderServiceJudge } from "./provider-service/provider-service-judge.ts";
import { createWorkersAiJudge } from "./workers-ai/workers-ai-judge.ts";

/** @throws Error when there is no such judge: `judgeProblem` is asked before a batch is opened */
export function createJudge(settings: Settings, name: string): Judge {
  const judge = findJudgeName(name);
  if (judge === undefined) throw new Error(`no judge named ${name}`);
  return create(settings, judge);
}

function create(settings: Settings, name: JudgeName): Judge {
  switch (name) {
    case "offline":
      return createOfflineJudge({ seed: settings.OFFLINE_JUDGE_SEED, now: () => new Date() });
    case "openai-compatible":
      return createOpenAiCompatibleJudge(settings);
    case "anthropic":
      return createAnthropicJudge(settings);
    case "workers-ai":
      return createWorkersAiJudge(settings);
    case "provider-service":
      return createProviderServiceJudge(settings);
    case "human":
    case "external":
      return createExternalJudge(name);
  }
}
