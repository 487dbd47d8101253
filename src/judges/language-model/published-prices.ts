import type { ModelPrice } from "../../settings/model-prices.ts";

/** When the prices below were last compared with the providers' price lists. They change; `JUDGE_PRICES` overrides them. */
export const PRICES_AS_OF = "2026-11-26";

/**
 * List prices in US dollars per million tokens, without discounts for caching, batches or volume. Sources: the price lists of
 * OpenAI (developers.openai.com/api/docs/pricing), Anthropic (platform.claude.com, "Pricing"), Mistral (mistral.ai/pricing) and
 * Cloudflare (developers.cloudflare.com/workers-ai/platform/pricing). Aliases that move to another model are left out.
 */
export const PUBLISHED_PRICES: Readonly<Record<string, ModelPrice>> = {
  "gpt-5.1": { input: 1.25, output: 10 },
  "gpt-5": { input: 1.25, output: 10 },
  "gpt-5-mini": { input: 0.25, output: 2 },
  "gpt-5-nano": { input: 0.05, output: 0.4 },
  "gpt-4.1": { input: 2, output: 8 },
  "gpt-4.1-mini": { input: 0.4, output: 1.6 },
  "gpt-4.1-nano": { input: 0.1, output: 0.4 },
  "gpt-4o": { input: 2.5, output: 10 },
  "gpt-4o-mini": { input: 0.15, output: 0.6 },

  "claude-opus-5-5": { input: 4, output: 20 },
  "claude-opus-5": { input: 5, output: 25 },
  "claude-sonnet-5-5": { input: 2, output: 10 },
  "claude-sonnet-5": { input: 2, output: 10 },
  "claude-sonnet-4-5": { input: 3, output: 15 },
  // up to 100,000 tokens of prompt, which no comparison reaches
  "claude-haiku-5-5": { input: 0.1, output: 0.5 },
  "claude-haiku-4-5": { input: 1, output: 5 },

  "mistral-large-2512": { input: 0.5, output: 1.5 },
  "mistral-medium-2604": { input: 1.5, output: 7.5 },
  "mistral-small-2603": { input: 0.15, output: 0.6 },

  "@cf/openai/gpt-oss-120b": { input: 0.35, output: 0.75 },
  "@cf/openai/gpt-oss-20b": { input: 0.2, output: 0.3 },
  "@cf/meta/llama-3.3-70b-instruct-fp8-fast": { input: 0.293, output: 2.253 },
  "@cf/meta/llama-3.1-8b-instruct-fp8-fast": { input: 0.045, output: 0.384 },
  "@cf/mistralai/mistral-small-3.1-24b-instruct": { input: 0.351, output: 0.555 },
  "@cf/google/gemma-3-12b-it": { input: 0.345, output: 0.556 },
  "@cf/qwen/qwen3-30b-a3b-fp8": { input: 0.051, output: 0.335 },
};
