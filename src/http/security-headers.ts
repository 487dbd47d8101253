import type { MiddlewareHandler } from "hono";
import { except } from "hono/combine";
import { createMiddleware } from "hono/factory";
import { secureHeaders } from "hono/secure-headers";

/** The page that loads Scalar; everything else is data that no browser should run, frame or keep. */
export const DOCS_PATH = "/docs";
export const SCALAR_CDN = "https://cdn.jsdelivr.net";

const STRICT_TRANSPORT = "max-age=31536000; includeSubDomains";

export function securityHeaders(): MiddlewareHandler {
  return except(
    DOCS_PATH,
    secureHeaders({
      contentSecurityPolicy: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
      xFrameOptions: "DENY",
      strictTransportSecurity: STRICT_TRANSPORT,
    }),
  );
}

export function docsSecurityHeaders(): MiddlewareHandler {
  return secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'unsafe-inline'", SCALAR_CDN],
      styleSrc: ["'unsafe-inline'", SCALAR_CDN],
      fontSrc: ["https://fonts.scalar.com", "data:"],
      imgSrc: ["'self'", "data:"],
      connectSrc: ["'self'"],
      frameAncestors: ["'none'"],
    },
    xFrameOptions: "DENY",
    strictTransportSecurity: STRICT_TRANSPORT,
  });
}

/** Answers about batches are personal data: no cache between here and the caller may keep them. */
export function forbidStoring(): MiddlewareHandler {
  return createMiddleware(async function forbidStoring(c, next) {
    await next();
    c.header("Cache-Control", "no-store");
  });
}
