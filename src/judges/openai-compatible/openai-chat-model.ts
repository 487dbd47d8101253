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
import { readChatCompletion } from "./chat-completion.ts";

export interface OpenAiChatModelOptions {
  /** up to and without `/chat/completions` */
  readonly baseUrl: string;
  readonly apiKey: string | null;
  readonly gatewayToken: string | null;
}

/** `POST {base}/chat/completions`, in the form that OpenAI documents and others follow. */
export function openAiChatModel(options: OpenAiChatModelOptions): LanguageModel {
  return {
    provider: "openai-compatible",
    complete: (request) => complete(options, request, acceptedBy(memoryKey(options, request))),
  };
}

async function complete(
  options: OpenAiChatModelOptions,
  request: CompletionRequest,
  accepted: Accepted,
): Promise<CompletionOutcome> {
  const response = await fetch(`${options.baseUrl.replace(/\/+$/, "")}/chat/completions`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(options.apiKey === null ? {} : { authorization: `Bearer ${options.apiKey}` }),
      ...AI_GATEWAY_HEADERS,
      ...gatewayAuthorization(options.gatewayToken),
    },
    body: JSON.stringify(chatRequest(request, accepted)),
    // The essays and the key go where the configuration says, and nowhere else.
    redirect: "manual",
    signal: request.signal,
  });
  const body = await readProviderBody(response);
  if (response.ok) return readChatCompletion(parseJson(body), "openai-compatible");
  const error = readProviderError(response, body);
  const next = learnFrom(memoryKey(options, request), accepted, error);
  if (next !== null) return complete(options, request, next);
  return sortProviderError(error, "openai-compatible", request.model);
}

function memoryKey({ baseUrl }: OpenAiChatModelOptions, { model }: CompletionRequest): string {
  return `${baseUrl} ${model}`;
}

function chatRequest(request: CompletionRequest, { format, tokenLimit }: Accepted): object {
  return {
    model: request.model,
    messages: [{ role: "system", content: request.system }, ...request.turns],
    [tokenLimit]: request.maxOutputTokens,
    stream: false,
    ...(request.temperature === null ? {} : { temperature: request.temperature }),
    ...(request.reasoningEffort === null ? {} : { reasoning_effort: request.reasoningEffort }),
    ...(request.verbosity === null ? {} : { verbosity: request.verbosity }),
    ...responseFormat(format),
  };
}

function responseFormat(format: Accepted["format"]): object {
  switch (format) {
    case "json_schema":
      return {
        response_format: {
          type: "json_schema",
          json_schema: { name: "verdict", strict: true, schema: JUDGE_ANSWER_JSON_SCHEMA },
        },
      };
    case "json_object":
      return { response_format: { type: "json_object" } };
    case "words":
      return {};
  }
}
