import { errorFields, log } from "../observability/logger.ts";
import type { Scope } from "../settings/api-keys.ts";
import type { AppContext, AppEnv } from "./app-env.ts";
import { problem } from "./problem.ts";

/** The platform counts in periods of ten seconds or sixty; after a short one a caller is let in again soon. */
export const RATE_PERIOD_SECONDS = 10;

/**
 * Requests of one caller per period, by the scope that lets it in. `wrangler.toml` declares the same numbers as `ratelimits`, and a
 * test compares them. A judge may deliver a whole batch at once, so callbacks have room for several of the largest.
 */
export const RATE_LIMITS = {
  batches: 600,
  judging: 600,
  callbacks: 20_000,
  events: 1_000,
  admin: 600,
} as const satisfies Record<Scope, number>;

/** Whether this caller has asked too often. A limiter that does not answer lets everybody in: it protects, it does not decide. */
export async function asksTooOften(c: AppContext, scope: Scope): Promise<boolean> {
  try {
    const { success } = await limiterOf(c.env, scope).limit({ key: c.var.caller.name });
    return !success;
  } catch (error) {
    log("warn", "rate_limit_unavailable", {
      correlation_id: c.var.correlationId,
      scope,
      ...errorFields(error),
    });
    return false;
  }
}

export function answerTooManyRequests(c: AppContext, scope: Scope) {
  const limit = `${RATE_LIMITS[scope]} requests in ${RATE_PERIOD_SECONDS} seconds`;
  return problem(
    c,
    "too_many_requests",
    `The caller ${c.var.caller.name} has used up its ${limit} with the scope ${scope}: ask again later.`,
    { headers: { "Retry-After": String(RATE_PERIOD_SECONDS) } },
  );
}

function limiterOf(env: AppEnv["Bindings"], scope: Scope): RateLimit {
  switch (scope) {
    case "batches":
      return env.RATE_LIMIT_BATCHES;
    case "judging":
      return env.RATE_LIMIT_JUDGING;
    case "callbacks":
      return env.RATE_LIMIT_CALLBACKS;
    case "events":
      return env.RATE_LIMIT_EVENTS;
    case "admin":
      return env.RATE_LIMIT_ADMIN;
  }
}
