/** How many questions a judge may be asked now. Pure: time and state come from outside. */
import { z } from "zod";

export interface Limit {
  readonly requestsPerMinute: number | null;
  readonly concurrency: number | null;
}

/** All that is remembered of a judge. Times are epoch milliseconds. */
export const allowanceSchema = z.object({
  /** the theoretical arrival time of the generic cell rate algorithm: when all that was let through would have been due */
  dueAt: z.number(),
  /** until when those who were sent away have been told to come back */
  promisedUntil: z.number(),
  /** questions that are with the judge; each is given back, or forgotten at `until` should its asker have died */
  leases: z.array(z.object({ id: z.string(), count: z.number(), until: z.number() })),
});
export type Allowance = z.infer<typeof allowanceSchema>;

export const FRESH: Allowance = { dueAt: 0, promisedUntil: 0, leases: [] };

export interface Grant {
  /** how many of the questions may be put now */
  readonly granted: number;
  /** when to come back with the others; 0 when there are none */
  readonly retryAfterMs: number;
}

const MINUTE_MS = 60_000;
/** A judge that has been left alone may be asked for this much of a minute at once. */
const BURST_SHARE = 0.1;
/** Whoever finds all places taken looks again after this time: answers take seconds. */
const PLACE_RETRY_MS = 3_000;

/**
 * Lets as many of `count` questions through as the limits allow, by the generic cell rate algorithm (ITU-T I.371): at most
 * `requestsPerMinute`, and a tenth of it in one go. Those who are sent away are told times one after the other, so that they do not all
 * come back at once.
 *
 * @param id under which the places are given back
 * @returns what is granted, and what is to be remembered
 */
export function allow(
  allowance: Allowance,
  limit: Limit,
  count: number,
  lease: { readonly id: string; readonly ms: number },
  now: number,
): { readonly grant: Grant; readonly allowance: Allowance } {
  const leases = allowance.leases.filter(({ until }) => until > now);
  const taken = leases.reduce((sum, { count: places }) => sum + places, 0);
  const places = limit.concurrency === null ? count : Math.max(0, limit.concurrency - taken);
  const turns = countTurns(allowance.dueAt, limit.requestsPerMinute, now);
  const granted = Math.min(count, places, turns);
  const left = count - granted;
  const interval = intervalMs(limit.requestsPerMinute);
  const dueAt = granted === 0 ? allowance.dueAt : Math.max(allowance.dueAt, now) + granted * interval;
  const isRateDue = granted < Math.min(count, places);
  const promisedUntil = isRateDue
    ? Math.max(allowance.promisedUntil, dueAt, now) + left * interval
    : allowance.promisedUntil;
  const retryAfterMs = left === 0 ? 0 : Math.ceil(isRateDue ? promisedUntil - now : PLACE_RETRY_MS);
  return {
    grant: { granted, retryAfterMs },
    allowance: {
      dueAt,
      promisedUntil,
      leases:
        granted === 0 || limit.concurrency === null
          ? leases
          : [...leases, { id: lease.id, count: granted, until: now + lease.ms }],
    },
  };
}

/** The places that a lease took are free again. */
export function giveBack(allowance: Allowance, id: string): Allowance {
  return { ...allowance, leases: allowance.leases.filter((lease) => lease.id !== id) };
}

function intervalMs(requestsPerMinute: number | null): number {
  return requestsPerMinute === null ? 0 : MINUTE_MS / requestsPerMinute;
}

function countTurns(dueAt: number, requestsPerMinute: number | null, now: number): number {
  if (requestsPerMinute === null) return Number.POSITIVE_INFINITY;
  const burst = Math.max(1, Math.floor(requestsPerMinute * BURST_SHARE));
  const interval = intervalMs(requestsPerMinute);
  const ahead = Math.max(0, dueAt - now);
  return Math.max(0, Math.floor(burst - ahead / interval + 1e-9));
}
