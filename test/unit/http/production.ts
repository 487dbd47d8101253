import { createHash } from "node:crypto";
import { createApp } from "../../../src/http/app.ts";
import type { Scope } from "../../../src/settings/api-keys.ts";

/** The secret whose SHA-256 is configured for the caller of this name. */
export function secretOf(name: string): string {
  return `secret-of-${name}`;
}

export function apiKeys(callers: Readonly<Record<string, readonly Scope[]>>): string {
  return JSON.stringify(
    Object.entries(callers).map(([name, scopes]) => ({
      name,
      sha256: createHash("sha256").update(secretOf(name)).digest("hex"),
      scopes,
    })),
  );
}

/** An environment in which keys are asked for. It has no bindings: a request that got past the door fails at the first one. */
export function production(variables: Readonly<Record<string, string>> = {}) {
  return {
    ENVIRONMENT: "production",
    COMPARISON_ID_KEY: "a-secret-of-enough-length",
    API_KEYS: apiKeys({
      school: ["batches"],
      provider: ["callbacks"],
      connector: ["events"],
      operator: ["admin"],
    }),
    ...variables,
  };
}

export function ask(
  path: string,
  init: RequestInit = {},
  env: Readonly<Record<string, unknown>> = production(),
) {
  return createApp().request(path, init, env);
}

export function askAs(name: string, path: string, init: RequestInit = {}) {
  const headers = { ...init.headers, authorization: `Bearer ${secretOf(name)}` };
  return ask(path, { ...init, headers });
}
