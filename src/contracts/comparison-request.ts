import { z } from "zod";
import { identifier, jsonObject, wireUuid } from "./text.ts";

const promptBlockSchema = z.strictObject({
  target: z.enum(["system", "user_content"]),
  content: z.string(),
  cacheable: z.boolean(),
  ttl: z.enum(["5m", "1h"]),
  content_hash: identifier(128),
});

/** Overrides as the provider service takes them: the provider is required, levels are closed sets. */
const providerOverridesSchema = z.strictObject({
  provider_override: identifier(100),
  model_override: identifier(200).nullish(),
  temperature_override: z.number().min(0).max(2).nullish(),
  system_prompt_override: z.string().nullish(),
  max_tokens_override: z.int().positive().nullish(),
  reasoning_effort: z.enum(["none", "low", "medium", "high"]).nullish(),
  output_verbosity: z.enum(["low", "medium", "high"]).nullish(),
});

/**
 * `LLMComparisonRequest`: what is posted to the provider service for one comparison. `correlation_id` is the id of the
 * comparison and `metadata` is echoed in the callback.
 */
export const llmComparisonRequestSchema = z.strictObject({
  user_prompt: z.string().min(1),
  prompt_blocks: z.array(promptBlockSchema).nullish(),
  callback_topic: identifier(249),
  llm_config_overrides: providerOverridesSchema.nullish(),
  correlation_id: wireUuid,
  user_id: identifier(255).nullish(),
  metadata: jsonObject,
});
export type LlmComparisonRequest = z.infer<typeof llmComparisonRequestSchema>;

/** `LLMQueuedResponse`: the 202 of the provider service. Only `queue_id` is needed; a wait that is not a number is dropped. */
export const llmQueuedResponseSchema = z.object({
  queue_id: identifier(255),
  status: z.string().max(100).optional(),
  message: z.string().optional(),
  estimated_wait_minutes: z.number().nonnegative().nullish().catch(null),
});
