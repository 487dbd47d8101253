import { parseJson } from "../../encoding/json.ts";
import { AI_GATEWAY_HEADERS, gatewayAuthorization } from "../language-model/ai-gateway.ts";
import { type Accepted, acceptedBy, learnFrom } from "../language-model/answer-format.ts";
import { JUDGE_ANSWER_JSON_SCHEMA } from "../language-model/judge-answer.ts";
import type {
  CompletionOutcome,
  CompletionRequest,
  LanguageModel,
} from "../language-model/language-model.ts";
import { readProviderBody, readProviderError, sortProviderError } from "../language-model/provider-answer.ts";
import { readAnthropicMessage } from "./anthropic-message.ts";

const API_VERSION = "2023-06-01";

export interface AnthropicMessagesModelOptions {
  /** up to and without `/messages` */
  readonly baseUrl: string;
  readonly apiKey: string | null;
  readonly gatewayToken: string | null;
}

/** `POST {base}/messages`, with structured output where the model has it. */
export function anthropicMessagesModel(options: AnthropicMessagesModelOptions): LanguageModel {
  return {
    provider: "anthropic",
    complete: (request) => complete(options, request, acceptedBy(memoryKey(options, request))),
  };
}

async function complete(
  options: AnthropicMessagesModelOptions,
  request: CompletionRequest,
  accepted: Accepted,
): Promise<CompletionOutcome> {
  const response = await fetch(`${options.baseUrl.replace(/\/+$/, "")}/messages`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "anthropic-version": API_VERSION,
      ...(options.apiKey === null ? {} : { "x-api-key": options.apiKey }),
      ...AI_GATEWAY_HEADERS,
      ...gatewayAuthorization(options.gatewayToken),
    },
    body: JSON.stringify(messagesRequest(request, accepted)),
    // The essays and the key go where the configuration says, and nowhere else.
    redirect: "manual",
    signal: request.signal,
  });
  const body = await readProviderBody(response);
  if (response.ok) return readAnthropicMessage(parseJson(body));
  const error = readProviderError(response, body);
  const next = learnFrom(memoryKey(options, request), accepted, error);
  if (next !== null) return complete(options, request, next);
  return sortProviderError(error, "anthropic", request.model);
}

function memoryKey({ baseUrl }: AnthropicMessagesModelOptions, { model }: CompletionRequest): string {
  return `${baseUrl} ${model}`;
}

function messagesRequest(request: CompletionRequest, { format }: Accepted): object {
  const outputConfig = {
    ...(format === "json_schema"
      ? { format: { type: "json_schema", schema: JUDGE_ANSWER_JSON_SCHEMA } }
      : {}),
    ...effortOf(request),
  };
  return {
    model: request.model,
    system: request.system,
    messages: request.turns,
    max_tokens: request.maxOutputTokens,
    ...(request.temperature === null ? {} : { temperature: request.temperature }),
    ...(Object.keys(outputConfig).length === 0 ? {} : { output_config: outputConfig }),
  };
}

/** `none` of the contract is this API's default: no thinking unless it is asked for. */
function effortOf({ reasoningEffort }: CompletionRequest): object {
  return reasoningEffort === null || reasoningEffort === "none" ? {} : { effort: reasoningEffort };
}
