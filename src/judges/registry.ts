import type { Settings } from "../settings/settings.ts";
import { createExternalJudge } from "./external/external-judge.ts";
import { JUDGE_NAMES, type Judge, type JudgeName } from "./judge.ts";
import { createOfflineJudge } from "./offline/offline-judge.ts";
import { createProviderServiceJudge } from "./provider-service/provider-service-judge.ts";

/** Why a batch cannot be judged by `name` here, in a sentence that says what to do; null when it can. */
export function judgeProblem(settings: Settings, name: string): string | null {
  const judge = JUDGE_NAMES.find((candidate) => candidate === name);
  if (judge === undefined)
    return `There is no judge ${JSON.stringify(name)}; the judges are ${JUDGE_NAMES.join(", ")}.`;
  if (judge === "provider-service" && settings.LLM_PROVIDER_SERVICE_URL === undefined) {
    return "The judge provider-service needs LLM_PROVIDER_SERVICE_URL, which is not configured: set it, or choose another judge.";
  }
  if (judge === "openai-compatible" || judge === "anthropic" || judge === "workers-ai") {
    return `The judge ${judge} is not configured here: choose another judge.`;
  }
  return null;
}

/** @throws Error when there is no such judge: `judgeProblem` is asked before a batch is opened */
export function createJudge(settings: Settings, name: string): Judge {
  const judge = JUDGE_NAMES.find((candidate) => candidate === name);
  if (judge === undefined) throw new Error(`no judge named ${name}`);
  return create(settings, judge);
}

function create(settings: Settings, name: JudgeName): Judge {
  switch (name) {
    case "offline":
      return createOfflineJudge({ seed: settings.OFFLINE_JUDGE_SEED, now: () => new Date() });
    case "provider-service":
      return createProviderServiceJudge(settings);
    case "openai-compatible":
    case "anthropic":
    case "workers-ai":
      throw new Error(`the judge ${name} is not configured`);
    case "human":
    case "external":
      return createExternalJudge(name);
  }
}
