import { z } from "zod";
import type { ErrorKind, Question, Reaction } from "./language-model-habits.ts";

/**
 * How each provider words its answers and errors, written from the providers' documentation and not from this project's
 * adapters.
 */
export interface Voice {
  /** the key that the request carries, or null when this provider asks for none */
  key(headers: Headers): string | null;
  read(headers: Headers, body: unknown): Omit<Question, "before"> | null;
  answer(question: Question, reaction: Extract<Reaction, { kind: "text" }>): unknown;
  error(kind: ErrorKind, question: Question): { readonly status: number; readonly body: unknown };
}
export type Headers = Readonly<Record<string, string>>;

/** Four characters a token, roughly as the real ones count English. */
const tokensOf = (text: string): number => Math.ceil(text.length / 4);
const SEED_TIME = 1_767_225_600;

const turn = z.object({ role: z.enum(["system", "user", "assistant"]), content: z.string().min(1) });

function conversationOf(turns: readonly z.infer<typeof turn>[]) {
  const said = turns.filter(({ role }) => role === "user").map(({ content }) => content);
  return { prompt: said.at(0) ?? "", isRepair: said.length > 1 };
}

const chatRequest = z.strictObject({
  model: z.string().min(1),
  messages: z.array(turn).min(1),
  max_tokens: z.int().positive().optional(),
  max_completion_tokens: z.int().positive().optional(),
  stream: z.literal(false).optional(),
  temperature: z.number().min(0).max(2).optional(),
  reasoning_effort: z.string().optional(),
  verbosity: z.string().optional(),
  response_format: z
    .discriminatedUnion("type", [
      z.object({
        type: z.literal("json_schema"),
        json_schema: z.object({
          name: z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/),
          strict: z.boolean(),
          schema: z.looseObject({ type: z.literal("object"), additionalProperties: z.literal(false) }),
        }),
      }),
      z.object({ type: z.literal("json_object") }),
    ])
    .optional(),
});

/** OpenAI, "Create chat completion", "Error codes". */
const openai: Voice = {
  key: (headers) => headers["authorization"]?.replace(/^Bearer /, "") ?? "",
  read(_headers, body) {
    const parsed = chatRequest.safeParse(body);
    if (!parsed.success) return null;
    const { model, messages, response_format, temperature, max_tokens } = parsed.data;
    return {
      model,
      ...conversationOf(messages),
      temperature: temperature ?? null,
      asksForSchema: response_format?.type === "json_schema",
      tokenLimit: max_tokens === undefined ? "max_completion_tokens" : "max_tokens",
    };
  },
  answer: ({ model, prompt }, { text, finish }) => chatCompletion(model, prompt, text, finish),
  error(kind, { model }) {
    const error = (
      status: number,
      code: string | null,
      type: string,
      message: string,
      param: string | null = null,
    ) => ({
      status,
      body: { error: { message, type, param, code } },
    });
    switch (kind) {
      case "wrong_key":
        return error(
          401,
          "invalid_api_key",
          "invalid_request_error",
          "Incorrect API key provided: wro**key.",
        );
      case "unknown_model":
        return error(
          404,
          "model_not_found",
          "invalid_request_error",
          `The model \`${model}\` does not exist or you do not have access to it.`,
        );
      case "rate_limit":
        return error(429, "rate_limit_exceeded", "requests", "Rate limit reached for requests.");
      case "broken":
        return error(500, null, "server_error", "The server had an error while processing your request.");
      case "overloaded":
        return error(
          503,
          null,
          "server_error",
          "The engine is currently overloaded, please try again later.",
        );
      case "out_of_credit":
        return error(
          429,
          "insufficient_quota",
          "insufficient_quota",
          "You exceeded your current quota, please check your plan and billing details.",
        );
      case "too_long":
        return error(
          400,
          "context_length_exceeded",
          "invalid_request_error",
          "This model's maximum context length is 128000 tokens.",
          "messages",
        );
      case "no_schema":
        return error(
          400,
          null,
          "invalid_request_error",
          "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.",
          "response_format",
        );
      case "no_max_tokens":
        return error(
          400,
          "unsupported_parameter",
          "invalid_request_error",
          "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
          "max_tokens",
        );
      case "no_temperature":
        return error(
          400,
          "unsupported_value",
          "invalid_request_error",
          "Unsupported value: 'temperature' does not support 0 with this model.",
          "temperature",
        );
    }
  },
};

function chatCompletion(
  model: string,
  prompt: string,
  text: string,
  finish: "done" | "cut_off" | "declined",
) {
  const declined = finish === "declined";
  return {
    id: "chatcmpl-fake",
    object: "chat.completion",
    created: SEED_TIME,
    model,
    choices: [
      {
        index: 0,
        message: {
          role: "assistant",
          content: declined ? null : text,
          refusal: declined ? text : null,
          annotations: [],
        },
        logprobs: null,
        finish_reason: finish === "cut_off" ? "length" : "stop",
      },
    ],
    usage: {
      prompt_tokens: tokensOf(prompt),
      completion_tokens: tokensOf(text),
      total_tokens: tokensOf(prompt) + tokensOf(text),
    },
  };
}

const messagesRequest = z.strictObject({
  model: z.string().min(1),
  system: z.string().optional(),
  messages: z.array(turn.extend({ role: z.enum(["user", "assistant"]) })).min(1),
  max_tokens: z.int().positive(),
  temperature: z.number().min(0).max(1).optional(),
  output_config: z
    .strictObject({
      format: z
        .strictObject({
          type: z.literal("json_schema"),
          schema: z.looseObject({ type: z.literal("object"), additionalProperties: z.literal(false) }),
        })
        .optional(),
      effort: z.enum(["low", "medium", "high", "xhigh", "max"]).optional(),
    })
    .optional(),
});

/** Anthropic, "Messages", "Errors", "Handling stop reasons". */
const anthropic: Voice = {
  key: (headers) => headers["x-api-key"] ?? "",
  read(headers, body) {
    const parsed = messagesRequest.safeParse(body);
    if (!parsed.success || headers["anthropic-version"] === undefined) return null;
    const { model, messages, output_config, temperature } = parsed.data;
    return {
      model,
      ...conversationOf(messages),
      temperature: temperature ?? null,
      asksForSchema: output_config?.format !== undefined,
      tokenLimit: "max_tokens",
    };
  },
  answer: ({ model, prompt }, { text, finish }) => ({
    id: "msg_fake",
    type: "message",
    role: "assistant",
    model,
    content: finish === "declined" ? [] : [{ type: "text", text }],
    stop_reason: finish === "declined" ? "refusal" : finish === "cut_off" ? "max_tokens" : "end_turn",
    stop_sequence: null,
    usage: {
      input_tokens: tokensOf(prompt),
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 0,
      output_tokens: tokensOf(text),
    },
  }),
  error(kind, { model }) {
    const error = (status: number, type: string, message: string) => ({
      status,
      body: { type: "error", error: { type, message }, request_id: "req_fake" },
    });
    switch (kind) {
      case "wrong_key":
        return error(401, "authentication_error", "invalid x-api-key");
      case "unknown_model":
        return error(404, "not_found_error", `model: ${model}`);
      case "rate_limit":
        return error(429, "rate_limit_error", "This request would exceed your organization's rate limit.");
      case "broken":
        return error(500, "api_error", "Internal server error");
      case "overloaded":
        return error(529, "overloaded_error", "Overloaded");
      case "out_of_credit":
        return error(
          400,
          "invalid_request_error",
          "Your credit balance is too low to access the Anthropic API.",
        );
      case "too_long":
        return error(400, "invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum");
      case "no_schema":
        return error(
          400,
          "invalid_request_error",
          "output_config.format: structured outputs are not supported by this model",
        );
      case "no_max_tokens":
        return error(500, "api_error", "max_tokens is required by this API, so no model refuses it");
      case "no_temperature":
        return error(400, "invalid_request_error", "`temperature` is deprecated for this model.");
    }
  },
};

const bindingRequest = z.object({
  inputs: z.strictObject({
    messages: z.array(turn).min(1),
    max_tokens: z.int().positive(),
    temperature: z.number().min(0).max(5).optional(),
    reasoning_effort: z.string().optional(),
    response_format: z
      .discriminatedUnion("type", [
        z.object({
          type: z.literal("json_schema"),
          json_schema: z.looseObject({ type: z.literal("object") }),
        }),
        z.object({ type: z.literal("json_object") }),
      ])
      .optional(),
  }),
  options: z.looseObject({}),
});

/**
 * The Workers AI binding's own requests, as workerd sends them through Miniflare's proxy for remote bindings: the model in a
 * header, errors as `{internalCode, description}` (Workers AI, "Errors"). A model of `@cf/openai` answers in chat completions.
 */
const workersAi: Voice = {
  key: () => null,
  read(headers, body) {
    const parsed = bindingRequest.safeParse(body);
    const model = headers["mf-header-cf-consn-model-id"];
    if (!parsed.success || model === undefined) return null;
    const { messages, response_format, temperature } = parsed.data.inputs;
    return {
      model,
      ...conversationOf(messages),
      temperature: temperature ?? null,
      asksForSchema: response_format?.type === "json_schema",
      tokenLimit: "max_tokens",
    };
  },
  answer({ model, prompt, asksForSchema }, { text, finish }) {
    if (model.startsWith("@cf/openai/") || finish === "cut_off")
      return chatCompletion(model, prompt, text, finish);
    const usage = { prompt_tokens: tokensOf(prompt), completion_tokens: tokensOf(text), total_tokens: 0 };
    const object = asksForSchema ? objectIn(text) : undefined;
    return { response: object ?? text, usage };
  },
  error(kind, { model }) {
    const error = (status: number, internalCode: number, description: string) => ({
      status,
      body: { internalCode, message: "AiError", name: "AiError", description },
    });
    switch (kind) {
      case "wrong_key":
        return error(403, 3023, "Service unavailable for account");
      case "unknown_model":
        return error(400, 5007, `No such model ${model} or task`);
      case "rate_limit":
        return error(429, 3040, "No more data centers to forward the request to");
      case "broken":
        return error(500, 3043, "Internal server error");
      case "overloaded":
        return error(503, 3040, "Capacity temporarily exceeded, please try again.");
      case "out_of_credit":
        return error(429, 3036, "You have used up your daily free allocation of 10,000 neurons.");
      case "too_long":
        return error(413, 3006, "Request is too large");
      case "no_schema":
        return error(400, 5025, "This model doesn't support JSON Schema. (response_format)");
      case "no_max_tokens":
        return error(500, 3043, "max_tokens is what every model here takes");
      case "no_temperature":
        return error(400, 5006, "Error: oneOf at '/' not met: 'temperature' is not allowed for this model");
    }
  },
};

function objectIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export const VOICES = { openai, anthropic, "workers-ai": workersAi } as const;
export type VoiceName = keyof typeof VOICES;
