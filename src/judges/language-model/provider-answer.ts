import { z } from "zod";
import { parseJson } from "../../encoding/json.ts";
import { readBody } from "../../encoding/limited-body.ts";
import { parseRetryAfter } from "../../encoding/retry-after.ts";
import type { AskFailure } from "../judge.ts";

/**
 * Longest answer that is read, in bytes; a longer one is cut and does not parse. Far above the longest verdict with all that
 * a provider adds, and low enough for many at once in the memory of a Worker.
 */
export const MAX_ANSWER_BYTES = 1_048_576;

export async function readProviderBody(response: Response): Promise<string> {
  return (await readBody(response, MAX_ANSWER_BYTES)).body;
}

/**
 * What a provider says about an error, in whichever of the usual places. Its words are read but never repeated: they may
 * quote the prompt, and so the essays, or part of a key.
 */
export interface ProviderError {
  readonly status: number;
  /** the provider's own code or type, such as `model_not_found`; empty when it gives none */
  readonly code: string;
  /** the provider's words, in lower case */
  readonly words: string;
  readonly retryAfterSeconds: number | null;
}

const code = z
  .union([z.string(), z.number().transform(String)])
  .nullish()
  .catch(null);
const words = z.string().nullish().catch(null);
const details = z.object({ code, type: code, message: words, param: words });
/** OpenAI and Anthropic nest the error; vLLM and Mistral also send it bare; Ollama and some gateways send only words. */
const errorBody = z.union([
  z.object({ error: details }),
  z.object({ error: z.string().transform((message) => ({ code: null, type: null, message, param: null })) }),
  details.transform((error) => ({ error })),
]);

/** Reads an error that comes in none of the usual forms as one without code and words. */
export function readProviderError(response: Response, body: string): ProviderError {
  const parsed = errorBody.safeParse(parseJson(body));
  const error = parsed.success ? parsed.data.error : undefined;
  return {
    status: response.status,
    code: (error?.code ?? error?.type ?? "").toLowerCase(),
    words: [error?.code, error?.type, error?.param, error?.message].join(" ").toLowerCase(),
    retryAfterSeconds: parseRetryAfter(response.headers.get("retry-after"), Date.now()),
  };
}

/**
 * Sorts an error by what asking again would bring. Codes are those of `src/contracts/error-detail.ts`: refused credentials
 * and an unknown model can be escaped by no comparison of the batch.
 *
 * @param judge and `model` name the culprit in the message
 */
export function sortProviderError(error: ProviderError, judge: string, model: string): AskFailure {
  const { status, retryAfterSeconds } = error;
  const said = `The judge ${judge} answered ${status}${ownCode(error)}`;
  const refused = (errorCode: string, message: string): AskFailure => ({
    kind: "refused",
    errorCode,
    message: `${said}: ${message}`,
  });
  const unavailable = (errorCode: string): AskFailure => ({
    kind: "unavailable",
    errorCode,
    message: `${said}.`,
    retryAfterSeconds,
  });

  if (isUnknownModel(error))
    return refused("MODEL_NOT_FOUND", `there is no model ${JSON.stringify(model)} for this key.`);
  if (isOutOfCredit(error)) return unavailable("QUOTA_EXCEEDED");
  switch (status) {
    case 401:
      return refused("AUTHENTICATION_ERROR", "its API key is missing or wrong.");
    case 403:
      return refused("AUTHORIZATION_ERROR", "its API key may not use this model.");
    case 402:
      return unavailable("QUOTA_EXCEEDED");
    case 404:
    case 405:
      return refused(
        "RESOURCE_NOT_FOUND",
        "nothing answers under its base URL; check the URL, down to its version.",
      );
    case 408:
    case 504:
      return unavailable("TIMEOUT");
    case 413:
      return refused("LLM_CONTENT_TOO_LONG", "the two essays and their instructions are too long for it.");
    case 400:
    case 422:
      return badRequest(error, refused);
    case 429:
      return unavailable("RATE_LIMIT");
    case 502:
    case 503:
    case 529:
      return unavailable("SERVICE_UNAVAILABLE");
    default:
      return unavailable("EXTERNAL_SERVICE_ERROR");
  }
}

function badRequest(
  error: ProviderError,
  refused: (errorCode: string, message: string) => AskFailure,
): AskFailure {
  if (/context_length|context length|context window|too long|too many tokens/.test(error.words))
    return refused(
      "LLM_CONTENT_TOO_LONG",
      "the two essays and their instructions are too long for this model.",
    );
  if (/content_filter|content_policy|safety/.test(error.words))
    return refused("LLM_REFUSAL", "its content filter would not take this pair.");
  const parameter = ["temperature", "reasoning_effort", "verbosity", "effort"].find((name) =>
    error.words.includes(name),
  );
  if (parameter !== undefined)
    return refused(
      "LLM_INVALID_CONFIG",
      `this model does not take the ${parameter} that the request or the settings ask for.`,
    );
  return refused("INVALID_REQUEST", "it does not understand the question as it was put.");
}

function isUnknownModel({ status, code: own, words: said }: ProviderError): boolean {
  if (["model_not_found", "invalid_model", "unknown_model", "model_not_supported"].includes(own)) return true;
  if (status !== 400 && status !== 404) return false;
  if (own === "not_found_error" && /model/.test(said)) return true;
  return (
    /model/.test(said) && /not found|does not exist|no such model|invalid model|unknown model/.test(said)
  );
}

function isOutOfCredit({ status, words: said }: ProviderError): boolean {
  return [400, 403, 429].includes(status) && /insufficient_quota|credit balance|billing/.test(said);
}

/** The provider's code, if it looks like one: an identifier gives nothing away. */
function ownCode({ code: own }: ProviderError): string {
  return /^[a-z0-9_.-]{1,64}$/.test(own) ? ` (${own})` : "";
}
