import type { MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { createMiddleware } from "hono/factory";
import { findExcess, MAX_JSON_DEPTH, MAX_JSON_VALUES } from "../encoding/json-limits.ts";
import type { AppContext, AppEnv } from "./app-env.ts";
import { problem } from "./problem.ts";

/** Refuses a body above the limit before anything reads it. */
export function limitBytes(maxBytes: number): MiddlewareHandler<AppEnv> {
  return bodyLimit({
    maxSize: maxBytes,
    onError: (c) => problem(c, "too_large", `The body exceeds the limit of ${maxBytes} bytes.`),
  });
}

/** {@link limitBytes}, and refuses a body that is nested too deeply or holds too many values before anything parses it. */
export function limitBody(maxBytes: number): MiddlewareHandler<AppEnv> {
  const limited = limitBytes(maxBytes);
  return createMiddleware<AppEnv>(async function limitBody(c, next) {
    return limited(c, async () => {
      // From the bytes, because asking for the text would replace what is not UTF-8 for all who read after this.
      const text = new TextDecoder().decode(await c.req.arrayBuffer());
      const excess = findExcess(text, MAX_JSON_DEPTH, MAX_JSON_VALUES);
      if (excess === null) await next();
      else c.res = excess === "depth" ? answerTooDeep(c) : answerTooManyValues(c);
    });
  });
}

function answerTooDeep(c: AppContext) {
  return problem(
    c,
    "too_deeply_nested",
    `The body is nested more than ${MAX_JSON_DEPTH} levels deep, which is the limit.`,
  );
}

function answerTooManyValues(c: AppContext) {
  return problem(
    c,
    "too_large",
    `The body holds more than ${MAX_JSON_VALUES} JSON values, which is the limit.`,
  );
}

/**
 * Refuses a body that is not UTF-8. JSON must be (RFC 8259, section 8.1), and a decoder that replaces what it cannot read would
 * silently put question marks into somebody's essay.
 */
export function requireUtf8(): MiddlewareHandler<AppEnv> {
  return createMiddleware<AppEnv>(async function requireUtf8(c, next) {
    try {
      new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(await c.req.arrayBuffer());
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      return problem(c, "malformed_body", "The body is not encoded in UTF-8.");
    }
    return next();
  });
}

/** Refuses a body of another type; one that names no type is taken for the first. */
export function requireMediaType(...accepted: readonly [string, ...string[]]): MiddlewareHandler<AppEnv> {
  return createMiddleware<AppEnv>(async function requireMediaType(c, next) {
    const given = c.req.header("Content-Type");
    const mediaType = given?.split(";").at(0)?.trim().toLowerCase() ?? accepted[0];
    if (accepted.includes(mediaType)) return next();
    return problem(
      c,
      "unsupported_media_type",
      `Expected a Content-Type of ${accepted.join(", ")}, got ${JSON.stringify(mediaType)}.`,
    );
  });
}
