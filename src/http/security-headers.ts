import type { MiddlewareHandler } from "hono";
import { except } from "hono/combine";
import { createMiddleware } from "hono/factory";
import { secureHeaders } from "hono/secure-headers";

/** The page that loads a viewer; everything else is data that no browser should run, frame or keep. */
export const DOCS_PATH = "/docs";
/** Pinned by its version, and in the page by its hash as well. */
export const VIEWER_SCRIPT =
  "https://cdn.jsdelivr.net/npm/@scalar/api-reference@1.72.1/dist/browser/standalone.js";

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
      scriptSrc: [VIEWER_SCRIPT],
      // The viewer writes its styles into the page.
      styleSrc: ["'unsafe-inline'"],
      fontSrc: ["data:"],
      imgSrc: ["'self'", "data:"],
      connectSrc: ["'self'"],
      baseUri: ["'none'"],
      formAction: ["'none'"],
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
