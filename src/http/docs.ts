import { html } from "hono/html";
import packageManifest from "../../package.json" with { type: "json" };
import type { App } from "./app-env.ts";
import { DOCS_PATH, docsSecurityHeaders, VIEWER_SCRIPT } from "./security-headers.ts";

const OPENAPI_PATH = "/openapi.json";
/** SHA-384 of `dist/browser/standalone.js` in the npm package; a browser runs no other script than this. */
const VIEWER_INTEGRITY = "sha384-U11tb2XnKvmwt8RlTvnwUnYgrN+ur4Xyh9htLhjajWNR/Oyl5AX5DEz00qRmlrmK";
/** Nothing is loaded from or reported to elsewhere: the page's policy would not let it, and would complain about each attempt. */
const VIEWER_CONFIGURATION = {
  withDefaultFonts: false,
  telemetry: false,
  hideClientButton: true,
  showDeveloperTools: "never",
  agent: { disabled: true },
  mcp: { disabled: true },
};

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
  app.get(DOCS_PATH, (c) => c.html(viewerPage()));
}

/** No line of script of its own, so that the policy need not allow any. */
function viewerPage() {
  return html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>cj-edge API</title>
  </head>
  <body>
    <noscript>This page needs JavaScript. <a href="${OPENAPI_PATH}">The description of the API</a> does not.</noscript>
    <script id="api-reference" data-url="${OPENAPI_PATH}" data-configuration="${JSON.stringify(VIEWER_CONFIGURATION)}"></script>
    <script src="${VIEWER_SCRIPT}" integrity="${VIEWER_INTEGRITY}" crossorigin="anonymous"></script>
  </body>
</html>`;
}
