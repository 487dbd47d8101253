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

/** @returns undefined when there is no judge of this name */
export function findJudgeName(name: string): JudgeName | undefined {
  return JUDGE_NAMES.find((candidate) => candidate === name);
}
