import { callBatch } from "../objects/batch-client.ts";
import { inJurisdiction } from "../objects/jurisdiction.ts";
import { errorFields, log } from "../observability/logger.ts";
import { deferWakeQuery, forgetWakeQuery, overdueBatchesQuery } from "../results/batch-queries.ts";
import { openDatabase } from "../results/database.ts";
import { expireDeadLettersQuery } from "../results/dead-letters.ts";
import { settingsOf, sourceOf } from "../settings/settings.ts";

/**
 * A batch is looked at when its time in D1 passed this long ago: the platform itself may be a minute late. That time dates
 * from the last transition, so most of these batches are well; looking at one renews it.
 */
const OVERDUE_MS = 120_000;
/** Batches looked at in one sweep; the next sweep takes the rest. */
const BATCHES_PER_SWEEP = 200;
const CONCURRENT_NUDGES = 6;

/**
 * Wakes open batches whose alarm was lost, forgets dead letters whose time is up, and sees to it that topics are read if any are
 * to be. Runs by cron.
 */
export async function sweep(env: Env, now: number): Promise<{ readonly nudged: number }> {
  await startSource(env);
  const db = openDatabase(env.DB);
  const overdue = await overdueBatchesQuery(db, now - OVERDUE_MS, BATCHES_PER_SWEEP);
  for (let at = 0; at < overdue.length; at += CONCURRENT_NUDGES) {
    await Promise.all(overdue.slice(at, at + CONCURRENT_NUDGES).map((batch) => nudge(env, batch, now)));
  }
  await expireDeadLettersQuery(db, now);
  return { nudged: overdue.length };
}

async function nudge(
  env: Env,
  batch: { readonly batchId: string; readonly correlationId: string },
  now: number,
): Promise<void> {
  const fields = { batch_id: batch.batchId, correlation_id: batch.correlationId };
  try {
    const found = await callBatch(env, batch.batchId, (object) => object.nudge());
    if (found === "alarm_was_lost") log("warn", "alarm_was_lost", fields);
    // A row about nobody (D1 restored without its objects) must not stand at the head of every sweep.
    if (found === "unknown") await forgetWakeQuery(openDatabase(env.DB), batch.batchId);
  } catch (error) {
    log("error", "nudge_failed", { ...fields, ...errorFields(error) });
    await putBehindOthers(env, fields, now);
  }
}

/** However many batches cannot be woken, the next sweeps get to those behind them. */
async function putBehindOthers(
  env: Env,
  fields: { readonly batch_id: string; readonly correlation_id: string },
  now: number,
): Promise<void> {
  try {
    await deferWakeQuery(openDatabase(env.DB), fields.batch_id, now);
  } catch (error) {
    log("error", "nudge_not_deferred", { ...fields, ...errorFields(error) });
  }
}

async function startSource(env: Env): Promise<void> {
  const result = settingsOf(env);
  const source = result.kind === "valid" ? sourceOf(result.settings) : null;
  if (source === null) return;
  try {
    await inJurisdiction(env, env.KAFKA_SOURCE).getByName(source.group).start(source.group);
  } catch (error) {
    log("error", "kafka_source_not_started", { group: source.group, ...errorFields(error) });
  }
}
