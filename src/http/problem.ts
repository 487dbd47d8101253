import type { TypedResponse } from "hono";
import { type Problem, type ProblemCode, problemSchema } from "../contracts/api/problem.ts";
import type { ContractViolation } from "../contracts/contract-violation.ts";
import { log } from "../observability/logger.ts";
import type { AppContext } from "./app-env.ts";
import { rayIdOf } from "./correlation.ts";
import { PROBLEMS } from "./problem-catalogue.ts";

/** Seconds after which a request that met an unreachable part may be sent again. */
export const RETRY_AFTER_SECONDS = 5;

type StatusOf<Code extends ProblemCode> = (typeof PROBLEMS)[Code]["status"];

export interface ProblemExtras {
  /** what is wrong field by field */
  readonly errors?: readonly ContractViolation[];
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Answers with a problem document (RFC 9457). Its type carries the status, so a handler can only answer with problems that
 * its route documents.
 *
 * @param detail what was wrong this time, the limit or value expected, and what to do; it goes to the caller, never to the
 * log, and holds no essay text and no key
 */
export function problem<Code extends ProblemCode>(
  c: AppContext,
  code: Code,
  detail: string,
  { errors, headers }: ProblemExtras = {},
): Response & TypedResponse<Problem, StatusOf<Code>, "json"> {
  const status: StatusOf<Code> = PROBLEMS[code].status;
  log(PROBLEMS[code].status >= 500 ? "error" : "info", "request_refused", {
    correlation_id: c.var.correlationId,
    ray_id: rayIdOf(c),
    batch_id: c.var.batchId,
    code,
    status: PROBLEMS[code].status,
    method: c.req.method,
    path: c.req.path,
  });
  const body: Problem = {
    type: `/docs/errors/${code}`,
    title: PROBLEMS[code].title,
    status: PROBLEMS[code].status,
    detail,
    instance: c.req.path,
    code,
    correlation_id: c.var.correlationId,
    ...(errors === undefined ? {} : { errors: [...errors] }),
  };
  return c.json(body, status, { ...headers, "Content-Type": "application/problem+json" });
}

/** How a route documents the problems of one status. */
export function problemResponse(...codes: readonly [ProblemCode, ...ProblemCode[]]) {
  return {
    description: codes.map((code) => `\`${code}\`: ${PROBLEMS[code].title}`).join("; "),
    content: { "application/problem+json": { schema: problemSchema } },
  };
}

/** What every route that asks for a key can answer. */
export const AUTHENTICATION_PROBLEMS = {
  401: problemResponse("unauthorized"),
  403: problemResponse("forbidden"),
  429: problemResponse("too_many_requests"),
  500: problemResponse("internal_error"),
  503: problemResponse("misconfigured", "unavailable"),
};
