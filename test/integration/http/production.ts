/** The service as it is deployed: with keys in force, on the real objects, database and queues. */
import { env } from "cloudflare:workers";
import { sha256Hex } from "../../../src/encoding/sha256.ts";
import { createApp } from "../../../src/http/app.ts";
import type { Scope } from "../../../src/settings/api-keys.ts";

const app = createApp();

export interface Production<Name extends string> {
  /** Asks as one of the callers, or as nobody. */
  readonly ask: (caller: Name | null, path: string, init?: RequestInit) => Promise<Response>;
  readonly deployed: Env;
}

/** @param variables and bindings over those of a deployment */
export async function startProduction<Name extends string>(
  callers: Readonly<Record<Name, readonly Scope[]>>,
  variables: Readonly<Record<string, unknown>> = {},
): Promise<Production<Name>> {
  const keys = Object.entries<readonly Scope[]>(callers).map(async ([name, scopes]) => ({
    name,
    sha256: await sha256Hex(keyOf(name)),
    scopes,
  }));
  const deployed = {
    ...env,
    ENVIRONMENT: "production",
    COMPARISON_ID_KEY: "a-secret-of-enough-length",
    API_KEYS: JSON.stringify(await Promise.all(keys)),
    ...variables,
  };
  return {
    deployed,
    async ask(caller, path, init = {}) {
      const authorization: Record<string, string> =
        caller === null ? {} : { authorization: `Bearer ${keyOf(caller)}` };
      return app.request(path, { ...init, headers: { ...init.headers, ...authorization } }, deployed);
    },
  };
}

export function keyOf(caller: string): string {
  return `key-of-${caller}`;
}
