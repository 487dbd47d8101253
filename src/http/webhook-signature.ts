import type { MiddlewareHandler } from "hono";
import { createMiddleware } from "hono/factory";
import { Webhook, WebhookVerificationError } from "standardwebhooks";
import { MisconfiguredError, requireSettings } from "../settings/settings.ts";
import type { AppEnv } from "./app-env.ts";
import { authenticate } from "./authentication.ts";
import { problem } from "./problem.ts";
import { answerTooManyRequests, asksTooOften } from "./rate-limit.ts";

const SIGNATURE_HEADER = "webhook-signature";

/**
 * Lets judges in: by a key with the scope `callbacks`, or by a signature as Standard Webhooks has it (`webhook-id`,
 * `webhook-timestamp` within five minutes, `webhook-signature` over the raw body). A request that is signed is judged by its signature alone.
 * Several secrets may be configured, so that one can be rotated.
 */
export function authenticateCallback(): MiddlewareHandler<AppEnv> {
  const byKey = authenticate("callbacks");
  return createMiddleware<AppEnv>(async function authenticateCallback(c, next) {
    const settings = requireSettings(c.env);
    const signed = c.req.header(SIGNATURE_HEADER) !== undefined;
    if (!signed || settings.ENVIRONMENT === "development") return byKey(c, next);
    const secrets = settings.CALLBACK_SIGNING_SECRETS.map(webhookOf);
    const body = await c.req.text();
    if (!secrets.some((webhook) => verifies(webhook, body, c.req.header()))) {
      return problem(
        c,
        "unauthorized",
        "The webhook signature does not hold: check secret, body and clock.",
        {
          headers: { "WWW-Authenticate": 'Bearer realm="cj-edge"' },
        },
      );
    }
    c.set("caller", { name: "webhook", scopes: ["callbacks"] });
    return (await asksTooOften(c, "callbacks")) ? answerTooManyRequests(c, "callbacks") : next();
  });
}

function webhookOf(secret: string): Webhook {
  try {
    return new Webhook(secret);
  } catch {
    const message = "expected secrets of the form whsec_ and base64, separated by commas or white space";
    throw new MisconfiguredError([{ name: "CALLBACK_SIGNING_SECRETS", message }]);
  }
}

function verifies(webhook: Webhook, body: string, headers: Record<string, string>): boolean {
  try {
    webhook.verify(body, headers, { jsonParse: false });
    return true;
  } catch (error) {
    if (error instanceof WebhookVerificationError) return false;
    throw error;
  }
}
