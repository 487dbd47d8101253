import { findJudgeName, JUDGE_NAMES, type JudgeName } from "../settings/judge-names.ts";
import type { Settings } from "../settings/settings.ts";

/**
 * Why a batch cannot be judged by `name` here, in a sentence that says what to do; null when it can. Whether a provider
 * knows a model only its first answer tells, so a model is checked against `JUDGE_MODELS`, when that is set.
 *
 * @param model the model that the batch asks for; null: the judge's default
 */
export function judgeProblem(settings: Settings, name: string, model: string | null = null): string | null {
  const judge = findJudgeName(name);
  if (judge === undefined)
    return `There is no judge ${JSON.stringify(name)}; the judges are ${JUDGE_NAMES.join(", ")}.`;
  const missing = missingSetting(settings, judge);
  if (missing !== null)
    return `The judge ${judge} needs ${missing}, which is not configured: set it (on your own machine in .dev.vars), or choose another judge.`;
  if (judge === "workers-ai" && (settings.AI === undefined || settings.WORKERS_AI === "off"))
    return "The judge workers-ai needs the binding AI, which is switched off here: deploy, or log in with `npx wrangler login` and start with --workers-ai; or choose another judge.";
  return modelProblem(settings, judge, model);
}

/** What nothing can be asked without, if it is missing. */
function missingSetting(settings: Settings, judge: JudgeName): string | null {
  switch (judge) {
    case "offline":
    case "human":
    case "external":
    case "workers-ai":
      return null;
    case "provider-service":
      return settings.LLM_PROVIDER_SERVICE_URL === undefined ? "LLM_PROVIDER_SERVICE_URL" : null;
    case "openai-compatible": {
      // A service on the own machine or in the own network, such as Ollama, asks for no key.
      const needsKey = settings.OPENAI_COMPATIBLE_BASE_URL.startsWith("https:");
      return needsKey && settings.OPENAI_COMPATIBLE_API_KEY === undefined
        ? "OPENAI_COMPATIBLE_API_KEY"
        : null;
    }
    case "anthropic":
      return settings.ANTHROPIC_API_KEY === undefined ? "ANTHROPIC_API_KEY" : null;
  }
}

/** Whether batches can choose a model for this judge. */
export function takesModel(judge: string): boolean {
  const name = findJudgeName(judge);
  return name !== undefined && MODEL_SETTING[name] !== null;
}

function modelProblem(settings: Settings, judge: JudgeName, chosen: string | null): string | null {
  const setting = MODEL_SETTING[judge];
  if (setting === null) {
    return chosen === null
      ? null
      : `The judge ${judge} has no models to choose from: leave out ${JSON.stringify(chosen)}.`;
  }
  const model = modelFor(settings, judge, chosen);
  if (model === null)
    return `The judge ${judge} needs a model: name one with the batch, or set ${setting}, which is not configured.`;
  const { JUDGE_MODELS: allowed } = settings;
  if (allowed.length > 0 && !allowed.includes(model))
    return `The model ${JSON.stringify(model)} is not among those that this service judges with (JUDGE_MODELS): ${allowed.join(", ")}.`;
  return null;
}

/** The model that this judge would ask; null for a judge without models, or when none is named anywhere. */
export function modelFor(settings: Settings, judge: JudgeName, chosen: string | null): string | null {
  const setting = MODEL_SETTING[judge];
  return setting === null ? null : (chosen ?? settings[setting] ?? null);
}

const MODEL_SETTING = {
  offline: null,
  human: null,
  external: null,
  "provider-service": "DEFAULT_LLM_MODEL",
  "openai-compatible": "OPENAI_COMPATIBLE_MODEL",
  anthropic: "ANTHROPIC_MODEL",
  "workers-ai": "WORKERS_AI_MODEL",
} as const;
