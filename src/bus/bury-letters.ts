import pMap, { pMapSkip } from "p-map";
import { callBatch } from "../objects/batch-client.ts";
import { errorFields, log } from "../observability/logger.ts";
import { openDatabase } from "../results/database.ts";
import { type DeadLetter, writeDeadLetters } from "../results/dead-letters.ts";
import { requireSettings } from "../settings/settings.ts";

const CONCURRENT_CALLS = 6;

/**
 * Writes dead letters durably. An erasure has removed those that its batch had by then; of one that comes later no payload is
 * kept, or a message still under way would bring back what was erased.
 *
 * @throws when D1 cannot be reached
 */
export async function buryLetters(env: Env, letters: readonly DeadLetter[]): Promise<void> {
  const batchIds = new Set(letters.flatMap(({ batchId }) => batchId ?? []));
  const erased = await pMap(
    batchIds,
    async (batchId) => ((await isErased(env, batchId)) ? batchId : pMapSkip),
    { concurrency: CONCURRENT_CALLS },
  );
  await writeDeadLetters(openDatabase(env.DB), letters, {
    now: Date.now(),
    erased: new Set(erased),
    retentionDays: requireSettings(env).RETENTION_DAYS,
  });
}

/** A batch that cannot be asked is taken for one that is there: its letter must not be lost, and goes with it. */
async function isErased(env: Env, batchId: string): Promise<boolean> {
  try {
    return (await callBatch(env, batchId, (batch) => batch.erased())) !== null;
  } catch (error) {
    log("warn", "erasure_not_known", { batch_id: batchId, ...errorFields(error) });
    return false;
  }
}
