import type { MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { createMiddleware } from "hono/factory";
import type { AppEnv } from "./app-env.ts";
import { problem } from "./problem.ts";

/** Refuses a body above the limit before anything reads it. */
export function limitBody(maxBytes: number): MiddlewareHandler<AppEnv> {
  return bodyLimit({
    maxSize: maxBytes,
    onError: (c) => problem(c, "too_large", `The body exceeds the limit of ${maxBytes} bytes.`),
  });
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

/** Where in its text a JSON document stops making sense, such as `line 1 column 17`, without a word of the text. */
export function findJsonFault(text: string): string | null {
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    const message = error instanceof Error ? error.message : "";
    if (text.trim() === "") return "it is empty";
    return /line \d+ column \d+/.exec(message)?.[0] ?? /position \d+/.exec(message)?.[0] ?? null;
  }
}
