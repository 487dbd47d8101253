import type { Grant } from "../objects/judge-allowance.ts";
import { inJurisdiction } from "../objects/jurisdiction.ts";
import { errorFields, log } from "../observability/logger.ts";
import type { Settings } from "../settings/settings.ts";

/** A question may be repaired once, so that a judge may have it for two timeouts; and some time for the way. */
const TIMEOUTS_PER_QUESTION = 2;
const WAY_SECONDS = 30;

/** Leave to ask a judge, which has to be given back. */
export interface Leave extends Grant {
  giveBack(): Promise<void>;
}

/**
 * Asks for leave to put `count` questions to a judge under `JUDGE_LIMITS`. A judge without a limit costs nothing to ask. A limiter
 * that does not answer lets everybody through: the provider still says 429, and the queue backs off.
 */
export async function askLeave(env: Env, settings: Settings, judge: string, count: number): Promise<Leave> {
  const limit = Object.entries(settings.JUDGE_LIMITS).find(([name]) => name === judge)?.[1];
  const free: Leave = { granted: count, retryAfterMs: 0, giveBack: async () => {} };
  if (limit === undefined) return free;
  const leaseId = crypto.randomUUID();
  const leaseMs = (settings.LLM_REQUEST_TIMEOUT_SECONDS * TIMEOUTS_PER_QUESTION + WAY_SECONDS) * 1000;
  const limiter = inJurisdiction(env, env.JUDGE_LIMITER).getByName(judge);
  try {
    const { requests_per_minute: requestsPerMinute = null, concurrency = null } = limit;
    const grant = await limiter.acquire({ requestsPerMinute, concurrency }, count, leaseId, leaseMs);
    return {
      ...grant,
      giveBack: () => limiter.release(leaseId).catch((error: unknown) => logFailure(judge, error)),
    };
  } catch (error) {
    logFailure(judge, error);
    return free;
  }
}

function logFailure(judge: string, error: unknown): void {
  log("warn", "judge_limiter_unavailable", { judge, ...errorFields(error) });
}
