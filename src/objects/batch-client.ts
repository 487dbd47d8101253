import pRetry from "p-retry";
import { z } from "zod";
import type { AssessmentBatch } from "./assessment-batch.ts";

const infrastructureError = z.object({ retryable: z.boolean().optional(), overloaded: z.boolean().optional() });

/**
 * Calls the object of a batch. A call that the platform lost is repeated with a new stub (a broken one stays broken): three
 * tries, full jitter, never when the object is overloaded. Every command is idempotent, so a repetition is harmless.
 *
 * @throws what the last try threw
 */
export function callBatch<Reply>(
  env: Env,
  batchId: string,
  call: (batch: DurableObjectStub<AssessmentBatch>) => Promise<Reply>,
): Promise<Reply> {
  return pRetry(() => call(env.ASSESSMENT_BATCH.getByName(batchId)), {
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
