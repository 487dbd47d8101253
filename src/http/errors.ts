/** What becomes of requests that no handler answers: thrown errors, failed validation, unknown routes and methods. */
import { HTTPException } from "hono/http-exception";
import type { z } from "zod";
import { violationsOf } from "../contracts/contract-violation.ts";
import { findJsonFault } from "../encoding/json.ts";
import { errorFields, log } from "../observability/logger.ts";
import { MisconfiguredError } from "../settings/settings.ts";
import type { AppContext } from "./app-env.ts";
import { rayIdOf } from "./correlation.ts";
import { isUnreachable } from "./faults.ts";
import { problem, RETRY_AFTER_SECONDS } from "./problem.ts";

const WHERE = {
  json: "body",
  form: "body",
  query: "query",
  param: "path",
  header: "headers",
  cookie: "cookies",
};

/** The validators' hook: a request that breaks its schema is a 422 that lists the faults. */
export function refuseInvalid(
  result: { readonly target: keyof typeof WHERE } & (
    | { readonly success: true }
    | { readonly success: false; readonly error: z.ZodError }
  ),
  c: AppContext,
): Response | undefined {
  if (result.success) return undefined;
  const errors = violationsOf(result.error);
  const faults = result.error.issues.length;
  const detail = `The ${WHERE[result.target]} breaks the contract in ${faults === 1 ? "one place" : `${faults} places`}: see errors.`;
  return problem(c, "validation_failed", detail, { errors });
}

export async function answerError(error: Error, c: AppContext): Promise<Response> {
  if (error instanceof HTTPException) return answerHttpException(error, c);
  if (error instanceof MisconfiguredError) return problem(c, "misconfigured", `${error.message}.`);
  log("error", "request_failed", {
    correlation_id: c.var.correlationId,
    ray_id: rayIdOf(c),
    method: c.req.method,
    path: c.req.path,
    batch_id: c.var.batchId,
    ...errorFields(error),
  });
  if (isUnreachable(error)) return answerUnavailable(c);
  return problem(
    c,
    "internal_error",
    "The service met a fault of its own; its log has the cause under this correlation id.",
  );
}

export function answerUnavailable(c: AppContext) {
  return problem(c, "unavailable", "A part of the service cannot be reached: send the whole request again.", {
    headers: { "Retry-After": String(RETRY_AFTER_SECONDS) },
  });
}

export function answerNotFound(c: AppContext): Response {
  return problem(c, "not_found", `There is no route ${c.req.path}.`);
}

export function answerMethodNotAllowed(c: AppContext, methods: readonly string[]): Response {
  const allow = methods.join(", ");
  return problem(c, "method_not_allowed", `${c.req.path} knows ${allow}, not ${c.req.method}.`, {
    headers: { Allow: allow },
  });
}

/** Hono and its middleware throw these; the ones that carry a response carry a problem of ours. */
async function answerHttpException(error: HTTPException, c: AppContext): Promise<Response> {
  if (error.res !== undefined) return error.getResponse();
  switch (error.status) {
    case 400: {
      const fault = findJsonFault(await c.req.text());
      const where = fault === null ? "" : `: ${fault}`;
      return problem(c, "malformed_body", `The body is not valid JSON${where}.`);
    }
    case 415:
      return problem(c, "unsupported_media_type", "Expected a Content-Type of application/json.");
    default:
      throw error;
  }
}
