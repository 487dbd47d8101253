import { z } from "zod";
import { parseJson } from "../../encoding/json.ts";
import { type ProviderError, readProviderError } from "../language-model/provider-answer.ts";

const number = z.number().nullish().catch(null);
const text = z.string().nullish().catch(null);
const errorBody = z.object({
  internalCode: number,
  name: text,
  description: text,
  message: text,
  errors: z
    .array(z.object({ code: number, message: text }))
    .nullish()
    .catch(null),
});

/** Internal codes (Workers AI, "Errors") in the words that other providers use for the same. */
const SAME_AS: Readonly<Record<number, string>> = {
  3036: "insufficient_quota",
  3042: "model_not_found",
  5007: "model_not_found",
};

/** Reads an error of the binding (`{internalCode, description}`) or of the REST API (`{errors: [{code, message}]}`). */
export function readWorkersAiError(response: Response, body: string): ProviderError {
  const error = readProviderError(response, body);
  const parsed = errorBody.safeParse(parseJson(body));
  if (!parsed.success) return error;
  const { internalCode, name, description, message, errors } = parsed.data;
  const own = internalCode ?? errors?.at(0)?.code ?? null;
  const code = own === null ? error.code : (SAME_AS[own] ?? String(own));
  const said = [code, name, description, message, errors?.at(0)?.message].join(" ").toLowerCase();
  return { ...error, code, words: said };
}
