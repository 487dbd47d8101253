import { z } from "zod";
import { identifier, wellFormed } from "./text.ts";

/** Longest system prompt or rubric that a request may bring, in characters. */
const MAX_PROMPT_OVERRIDE_LENGTH = 20_000;

/**
 * How the judge is to be configured for one batch. Null or absent means the default of the judge. A
 * temperature of 0 is a choice and stays 0: test for null, never for truth.
 */
export const llmConfigOverridesSchema = z.object({
  model_override: identifier(200).nullish(),
  temperature_override: z.number().min(0).max(2).nullish(),
  max_tokens_override: z.int().positive().nullish(),
  provider_override: identifier(100).nullish(),
  system_prompt_override: wellFormed(MAX_PROMPT_OVERRIDE_LENGTH).nullish(),
  judge_rubric_override: wellFormed(MAX_PROMPT_OVERRIDE_LENGTH).nullish(),
  reasoning_effort: identifier(50).nullish(),
  output_verbosity: identifier(50).nullish(),
});
export type LlmConfigOverrides = z.infer<typeof llmConfigOverridesSchema>;
