import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import { ask, production } from "./production.ts";

const SECRET = `whsec_${btoa("a secret of the judge")}`;
const NEXT_SECRET = `whsec_${btoa("its successor")}`;
const BODY = JSON.stringify({ winner: "neither" });

interface Signing {
  readonly secret?: string;
  readonly signedBody?: string;
  readonly ageSeconds?: number;
}

/** A callback as a judge sends it: signed, and refused for its content once it is past the door. */
function sendSigned(
  { secret = SECRET, signedBody = BODY, ageSeconds = 0 }: Signing = {},
  secrets = `${SECRET},${NEXT_SECRET}`,
) {
  const sentAt = new Date(Date.now() - ageSeconds * 1000);
  const headers = {
    "content-type": "application/json",
    "webhook-id": "msg_1",
    "webhook-timestamp": String(Math.floor(sentAt.getTime() / 1000)),
    "webhook-signature": new Webhook(secret).sign("msg_1", sentAt, signedBody),
  };
  const env = production({ CALLBACK_SIGNING_SECRETS: secrets });
  return ask("/v1/callbacks", { method: "POST", headers, body: BODY }, env);
}

describe("a signed callback", () => {
  it("is let in, and then judged by its content", async () => {
    const response = await sendSigned();
    expect(await response.json()).toMatchObject({ code: "validation_failed" });
  });

  it("may be signed with any of the configured secrets, so that one can be rotated", async () => {
    const response = await sendSigned({ secret: NEXT_SECRET });
    expect(response.status).toBe(422);
  });

  it("is refused with a secret that a rotation has retired", async () => {
    expect((await sendSigned({ secret: SECRET }, `${SECRET} ${NEXT_SECRET}`)).status).toBe(422);
    expect((await sendSigned({ secret: SECRET }, NEXT_SECRET)).status).toBe(401);
    expect((await sendSigned({ secret: NEXT_SECRET }, NEXT_SECRET)).status).toBe(422);
  });

  it("may be up to five minutes old or early", async () => {
    expect((await sendSigned({ ageSeconds: 290 })).status).toBe(422);
    expect((await sendSigned({ ageSeconds: -290 })).status).toBe(422);
  });

  it.each([
    ["with an unknown secret", { secret: `whsec_${btoa("somebody else's secret")}` }],
    ["over another body", { signedBody: "{}" }],
    ["more than five minutes ago", { ageSeconds: 310 }],
    ["more than five minutes ahead", { ageSeconds: -310 }],
  ])("is refused when signed %s", async (_name, signing) => {
    const response = await sendSigned(signing);
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toBe('Bearer realm="cj-edge"');
    expect(await response.json()).toMatchObject({ code: "unauthorized" });
  });

  it("is judged by its signature alone, even beside a good key", async () => {
    const headers = {
      "content-type": "application/json",
      authorization: "Bearer secret-of-provider",
      "webhook-id": "msg_1",
      "webhook-timestamp": String(Math.floor(Date.now() / 1000)),
      "webhook-signature": "v1,bm90IGEgc2lnbmF0dXJl",
    };
    const env = production({ CALLBACK_SIGNING_SECRETS: SECRET });
    const response = await ask("/v1/callbacks", { method: "POST", headers, body: BODY }, env);
    expect(response.status).toBe(401);
  });

  it.each(["webhook-id", "webhook-timestamp"])("is refused without its %s", async (missing) => {
    const sentAt = new Date();
    const all: Record<string, string> = {
      "webhook-id": "msg_1",
      "webhook-timestamp": String(Math.floor(sentAt.getTime() / 1000)),
      "webhook-signature": new Webhook(SECRET).sign("msg_1", sentAt, BODY),
    };
    const headers = Object.fromEntries(Object.entries(all).filter(([name]) => name !== missing));
    const env = production({ CALLBACK_SIGNING_SECRETS: SECRET });
    const response = await ask("/v1/callbacks", { method: "POST", headers, body: BODY }, env);
    expect(response.status).toBe(401);
  });

  it("is refused when no secret is configured", async () => {
    expect((await sendSigned({}, "")).status).toBe(401);
  });

  it("is not refused for a bad signature when no signature is there: then the key counts", async () => {
    const headers = { "content-type": "application/json", authorization: "Bearer secret-of-provider" };
    const response = await ask("/v1/callbacks", { method: "POST", headers, body: BODY });
    expect(response.status).toBe(422);
  });

  it("reveals a secret that is not base64 as a fault of the configuration, without repeating it", async () => {
    const response = await sendSigned({}, "whsec_not!base64");
    const body = await response.text();
    expect(response.status).toBe(503);
    expect(body).toContain("CALLBACK_SIGNING_SECRETS");
    expect(body).not.toContain("not!base64");
  });
});
