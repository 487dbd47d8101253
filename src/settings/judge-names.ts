/** The judges a batch can choose between; `src/judges/registry.ts` builds them. */
export const JUDGE_NAMES = [
  "offline",
  "openai-compatible",
  "anthropic",
  "workers-ai",
  "provider-service",
  "human",
  "external",
] as const;
export type JudgeName = (typeof JUDGE_NAMES)[number];
