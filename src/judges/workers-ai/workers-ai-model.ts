import { parseJson } from "../../encoding/json.ts";
import type { AiBinding } from "../../settings/ai-binding.ts";
import { AI_GATEWAY_HEADERS } from "../language-model/ai-gateway.ts";
import { type Accepted, acceptedBy, learnFrom } from "../language-model/answer-format.ts";
import { JUDGE_ANSWER_JSON_SCHEMA } from "../language-model/judge-answer.ts";
import type {
  CompletionOutcome,
  CompletionRequest,
  LanguageModel,
} from "../language-model/language-model.ts";
import { readProviderBody, sortProviderError } from "../language-model/provider-answer.ts";
import { readWorkersAiAnswer } from "./workers-ai-answer.ts";
import { readWorkersAiError } from "./workers-ai-error.ts";

export interface WorkersAiModelOptions {
  readonly binding: AiBinding | null;
  /** the AI Gateway that requests go through; null: none */
  readonly gatewayId: string | null;
}

/** `AI.run(model, inputs)` of the Workers AI binding. */
export function workersAiModel(options: WorkersAiModelOptions): LanguageModel {
  return {
    provider: "workers-ai",
    complete: (request) => complete(options, request, acceptedBy(memoryKey(request))),
  };
}

async function complete(
  options: WorkersAiModelOptions,
  request: CompletionRequest,
  accepted: Accepted,
): Promise<CompletionOutcome> {
  const { binding, gatewayId } = options;
  if (binding === null) return noBinding();
  const response = await inTime(request.signal, run(binding, gatewayId, request, accepted));
  if (response === "unreachable") return noBinding();
  const body = await inTime(request.signal, readProviderBody(response));
  if (response.ok) return readWorkersAiAnswer(parseJson(body));
  const error = readWorkersAiError(response, body);
  const next = learnFrom(memoryKey(request), accepted, error);
  if (next !== null) return complete(options, request, next);
  return sortProviderError(error, "workers-ai", request.model);
}

function memoryKey({ model }: CompletionRequest): string {
  return `workers-ai ${model}`;
}

async function run(
  binding: AiBinding,
  gatewayId: string | null,
  request: CompletionRequest,
  { format }: Accepted,
): Promise<Response | "unreachable"> {
  const inputs = {
    messages: [{ role: "system", content: request.system }, ...request.turns],
    max_tokens: request.maxOutputTokens,
    ...(request.temperature === null ? {} : { temperature: request.temperature }),
    ...(request.reasoningEffort === null ? {} : { reasoning_effort: request.reasoningEffort }),
    ...responseFormat(format),
  };
  try {
    return await binding.run(request.model, inputs, {
      returnRawResponse: true,
      extraHeaders: AI_GATEWAY_HEADERS,
      signal: request.signal,
      ...(gatewayId === null ? {} : { gateway: { id: gatewayId, skipCache: true } }),
    });
  } catch (error) {
    // What the binding says where it was started without a Cloudflare account.
    if (error instanceof Error && /run remotely/.test(error.message)) return "unreachable";
    throw error;
  }
}

function responseFormat(format: Accepted["format"]): object {
  switch (format) {
    case "json_schema":
      return { response_format: { type: "json_schema", json_schema: JUDGE_ANSWER_JSON_SCHEMA } };
    case "json_object":
      return { response_format: { type: "json_object" } };
    case "words":
      return {};
  }
}

/** The binding's own transport need not mind the signal. */
async function inTime<Value>(signal: AbortSignal, work: Promise<Value>): Promise<Value> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    signal.throwIfAborted();
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

function noBinding(): CompletionOutcome {
  return {
    kind: "refused",
    errorCode: "CONFIGURATION_ERROR",
    message:
      "The judge workers-ai needs the binding AI of a Cloudflare account: deploy, or log in with `npx wrangler login`.",
  };
}
