import type { Comparison } from "./batch.ts";

/** The name under which a judge's answers are taken together: who provided them, and by which model or person. */
export function judgeNameOf({ provider, model }: Pick<Comparison, "provider" | "model">): string {
  return `${provider}/${model}`;
}
