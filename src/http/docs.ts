import { Scalar } from "@scalar/hono-api-reference";
import packageManifest from "../../package.json" with { type: "json" };
import type { App } from "./app-env.ts";
import { DOCS_PATH, docsSecurityHeaders, SCALAR_CDN } from "./security-headers.ts";

const OPENAPI_PATH = "/openapi.json";
/** Pinned, so that the page does not change under its readers. */
const SCALAR_VERSION = "1.72.1";

const DESCRIPTION = `Comparative judgement as a service: post essays, let a judge compare them pair by pair, read a ranking with
standard errors. Every problem is an RFC 9457 document whose \`type\` leads to a page that says what to do.`;

/** The description of the API, and a page that shows it. */
export function docs(app: App): void {
  app.openAPIRegistry.registerComponent("securitySchemes", "apiKey", {
    type: "http",
    scheme: "bearer",
    description: "A key of this deployment. Not asked for when ENVIRONMENT is `development`.",
  });
  app.openAPIRegistry.registerComponent("securitySchemes", "webhookSignature", {
    type: "apiKey",
    in: "header",
    name: "webhook-signature",
    description:
      "Standard Webhooks: `webhook-id`, `webhook-timestamp` and `webhook-signature` (HMAC-SHA-256).",
  });
  app.get(OPENAPI_PATH, (c) =>
    c.json(
      app.getOpenAPI31Document({
        openapi: "3.1.0",
        info: {
          title: "cj-edge",
          version: packageManifest.version,
          description: DESCRIPTION,
          license: { name: "Apache-2.0", url: "https://www.apache.org/licenses/LICENSE-2.0" },
        },
        servers: [{ url: "/" }],
        security: [{ apiKey: [] }],
        tags: [
          { name: "Batches", description: "Open, follow, read, stop and erase." },
          { name: "Judging", description: "Comparisons for people, and what they choose." },
          { name: "Assignments", description: "Prompts, grade scales and anchors that batches share." },
          { name: "Audit trail", description: "What was asked, answered, decided and published." },
          { name: "Intake", description: "Verdicts and events from outside." },
          { name: "Operation", description: "Health, metrics and dead letters." },
        ],
      }),
    ),
  );
  app.use(DOCS_PATH, docsSecurityHeaders());
  app.get(
    DOCS_PATH,
    Scalar({
      url: OPENAPI_PATH,
      pageTitle: "cj-edge API",
      cdn: `${SCALAR_CDN}/npm/@scalar/api-reference@${SCALAR_VERSION}`,
    }),
  );
}
