import type { MiddlewareHandler } from "hono";
import { bearerAuth } from "hono/bearer-auth";
import { createMiddleware } from "hono/factory";
import { sha256Hex } from "../encoding/sha256.ts";
import { type ApiKey, SCOPES, type Scope } from "../settings/api-keys.ts";
import { requireSettings } from "../settings/settings.ts";
import type { AppContext, AppEnv, Caller } from "./app-env.ts";
import { problem } from "./problem.ts";
import { answerTooManyRequests, asksTooOften } from "./rate-limit.ts";

/** In development there are no keys: whoever can reach the local port may do everything. */
const DEVELOPER: Caller = { name: "developer", scopes: SCOPES };

const REALM = "cj-edge";

/**
 * Lets callers in who have one of the accepted scopes. A key is never compared itself: its SHA-256 is compared with every
 * configured hash, in a time that does not depend on where they differ or which one matches.
 */
export function authenticate(...accepted: readonly [Scope, ...Scope[]]): MiddlewareHandler<AppEnv> {
  const bearer = bearerAuth<AppEnv>({
    realm: REALM,
    verifyToken: async (token, c) => {
      const caller = await findCaller(requireSettings(c.env).API_KEYS, token);
      if (caller === undefined) return false;
      c.set("caller", caller);
      return true;
    },
    noAuthenticationHeader: { message: refuse("Expected the header `Authorization: Bearer KEY`.") },
    invalidAuthenticationHeader: {
      message: refuse("The Authorization header is not of the form `Bearer KEY`."),
    },
    invalidToken: { message: refuse("The key is not one of this deployment's keys.") },
  });
  return createMiddleware<AppEnv>(async function authenticate(c, next) {
    if (requireSettings(c.env).ENVIRONMENT === "development") {
      c.set("caller", DEVELOPER);
      return next();
    }
    return bearer(c, async () => {
      const { scopes } = c.var.caller;
      const scope = accepted.find((each) => scopes.includes(each));
      if (scope === undefined)
        c.res = problem(c, "forbidden", `The key needs the scope ${accepted.join(" or ")}.`);
      else if (await asksTooOften(c, scope)) c.res = answerTooManyRequests(c, scope);
      else await next();
    });
  });
}

/** How a route documents {@link authenticate}: one of these scopes is enough. */
export function securityOf(...accepted: readonly [Scope, ...Scope[]]): { apiKey: string[] }[] {
  return accepted.map((scope) => ({ apiKey: [scope] }));
}

/** Whether this caller may see what belongs to `owner`. To everybody else it does not exist. */
export function maySee(caller: Caller, owner: string): boolean {
  return caller.name === owner || caller.scopes.includes("admin");
}

function refuse(detail: string) {
  // bearerAuth adds the WWW-Authenticate header to the response it is given.
  return (c: AppContext) => problem(c, "unauthorized", detail);
}

async function findCaller(keys: readonly ApiKey[], token: string): Promise<Caller | undefined> {
  const presented = await sha256Hex(token);
  let found: ApiKey | undefined;
  for (const key of keys) {
    if (equalInConstantTime(key.sha256, presented)) found = key;
  }
  return found === undefined ? undefined : { name: found.name, scopes: found.scopes };
}

/** @param left and right texts of one length */
function equalInConstantTime(left: string, right: string): boolean {
  let difference = left.length ^ right.length;
  for (let at = 0; at < right.length; at++) difference |= left.charCodeAt(at) ^ right.charCodeAt(at);
  return difference === 0;
}
