import type { MiddlewareHandler } from "hono";
import { v5 as uuidV5 } from "uuid";
import { wireUuid } from "../contracts/text.ts";
import type { AppContext, AppEnv } from "./app-env.ts";

export const CORRELATION_HEADER = "X-Correlation-ID";

/** RFC 9562, appendix A: the name space of object identifiers, in which the original service names what is no UUID. */
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
    c.set("batchId", null);
    await next();
    c.header(CORRELATION_HEADER, c.var.correlationId);
  };
}

/** From here on the request is about this batch: its problems, log lines and response carry the batch's correlation id. */
export function concernBatch(
  c: AppContext,
  { batchId, correlationId }: { readonly batchId: string; readonly correlationId: string },
): void {
  c.set("batchId", batchId);
  c.set("correlationId", correlationId);
}

/** The platform's own id of this one request, which stands in its answer and in its logs; null on one's own machine. */
export function rayIdOf(c: AppContext): string | null {
  return c.req.header("CF-Ray") ?? null;
}
