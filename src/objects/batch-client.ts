import type { DurableObject } from "cloudflare:workers";
import pRetry from "p-retry";
import { z } from "zod";
import type { AssessmentBatch } from "./assessment-batch.ts";
import { inJurisdiction } from "./jurisdiction.ts";

/**
 * The methods of a batch's object as its callers see them. Workers' own stub type turns a union reply into a union of
 * promises, which no generic function can take; the plain signatures say the same.
 */
export type BatchObject = Omit<AssessmentBatch, "rank" | "alarm" | keyof DurableObject>;

const infrastructureError = z.object({
  retryable: z.boolean().optional(),
  overloaded: z.boolean().optional(),
});

/**
 * Calls the object of a batch. A call that the platform lost is repeated with a new stub (a broken one stays broken): three
 * tries, full jitter, never when the object is overloaded. Every command is idempotent, so a repetition is harmless.
 *
 * @throws what the last try threw; MisconfiguredError
 */
export function callBatch<Reply>(
  env: Env,
  batchId: string,
  call: (batch: BatchObject) => Promise<Reply>,
): Promise<Reply> {
  const batches = inJurisdiction(env, env.ASSESSMENT_BATCH);
  return pRetry(() => call(batches.getByName(batchId)), {
    retries: 2,
    minTimeout: 100,
    maxTimeout: 3_000,
    randomize: true,
    shouldRetry: ({ error }) => {
      const parsed = infrastructureError.safeParse(error);
      return parsed.success && parsed.data.retryable === true && parsed.data.overloaded !== true;
    },
  });
}
