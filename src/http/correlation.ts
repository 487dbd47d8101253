import type { MiddlewareHandler } from "hono";
import { v5 as uuidV5 } from "uuid";
import { wireUuid } from "../contracts/text.ts";
import type { AppContext, AppEnv } from "./app-env.ts";

export const CORRELATION_HEADER = "X-Correlation-ID";

/** RFC 9562, appendix: the name space for object identifiers; the original service uses it for ids that are no UUIDs. */
const OID_NAMESPACE = "6ba7b812-9dad-11d1-80b4-00c04fd430c8";

/** @returns the id itself when it is a UUID, else the UUIDv5 of the text, so that the same text always gives the same id */
export function correlationIdOf(text: string): string {
  const uuid = wireUuid.safeParse(text);
  return uuid.success ? uuid.data : uuidV5(text, OID_NAMESPACE);
}

/** Gives every request a correlation id, and every response the one under which it was logged. */
export function correlation(): MiddlewareHandler<AppEnv> {
  return async function correlation(c, next) {
    const given = c.req.header(CORRELATION_HEADER)?.trim() ?? "";
    c.set("correlationId", given === "" ? crypto.randomUUID() : correlationIdOf(given));
    await next();
    c.header(CORRELATION_HEADER, c.var.correlationId);
  };
}

/** From here on this request is about a batch (or names its own id): problems, log lines and the response carry that id. */
export function useCorrelationId(c: AppContext, correlationId: string): void {
  c.set("correlationId", correlationId);
}
