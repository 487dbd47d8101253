import { and, asc, count, desc, eq, isNotNull, lt, sql, sum } from "drizzle-orm";
import type { Database } from "./database.ts";
import type { BatchRow, EssayResultRow } from "./picture.ts";
import { batches, deadLetters, essayResults, publishedEvents } from "./tables.ts";

/** Where a page of the list ends; the next one begins after it. */
export interface BatchCursor {
  readonly createdAt: number;
  readonly batchId: string;
}

export interface BatchListQuery {
  /** null: every caller's (admin) */
  readonly caller: string | null;
  readonly state: string | null;
  readonly limit: number;
  readonly after: BatchCursor | null;
}

/** Batches, newest first. */
export function listBatchesQuery(db: Database, { caller, state, limit, after }: BatchListQuery) {
  return db
    .select()
    .from(batches)
    .where(
      and(
        caller === null ? undefined : eq(batches.caller, caller),
        state === null ? undefined : eq(batches.state, state),
        after === null
          ? undefined
          : sql`(${batches.createdAt}, ${batches.batchId}) < (${after.createdAt}, ${after.batchId})`,
      ),
    )
    .orderBy(desc(batches.createdAt), desc(batches.batchId))
    .limit(limit);
}

export function findBatchQuery(db: Database, batchId: string) {
  return db.select().from(batches).where(eq(batches.batchId, batchId)).limit(1);
}

export function essayResultsQuery(db: Database, batchId: string) {
  // By number, not by rank: the primary key gives that order for free, and the few rows are sorted here.
  return db
    .select()
    .from(essayResults)
    .where(eq(essayResults.batchId, batchId))
    .orderBy(asc(essayResults.number));
}

/** The finished batch as D1 holds it, or undefined when it is unknown or not finished there. */
export async function findCompleted(
  db: Database,
  batchId: string,
): Promise<{ readonly batch: BatchRow; readonly results: readonly EssayResultRow[] } | undefined> {
  const [found, results] = await db.batch([findBatchQuery(db, batchId), essayResultsQuery(db, batchId)]);
  const batch = found.at(0);
  if (batch?.state !== "COMPLETED") return undefined;
  return {
    batch,
    results: results.toSorted((left, right) => left.rank - right.rank || left.number - right.number),
  };
}

/** Open batches whose alarm should have gone off before `now`: most overdue first. */
export function overdueBatchesQuery(db: Database, now: number, limit: number) {
  return db
    .select({
      batchId: batches.batchId,
      correlationId: batches.correlationId,
      nextWakeAt: batches.nextWakeAt,
    })
    .from(batches)
    .where(and(isNotNull(batches.nextWakeAt), lt(batches.nextWakeAt, now)))
    .orderBy(asc(batches.nextWakeAt))
    .limit(limit);
}

/** Puts a batch that the sweep is to look at again behind all that are more overdue. */
export function deferWakeQuery(db: Database, batchId: string, at: number) {
  return db
    .update(batches)
    .set({ nextWakeAt: at })
    .where(and(eq(batches.batchId, batchId), isNotNull(batches.nextWakeAt)));
}

/** Takes a batch out of the sweep. */
export function forgetWakeQuery(db: Database, batchId: string) {
  return db.update(batches).set({ nextWakeAt: null }).where(eq(batches.batchId, batchId));
}

export function batchTotalsQuery(db: Database) {
  return db
    .select({
      state: batches.state,
      batches: count(),
      completed: sum(batches.completedComparisons).mapWith(Number),
      failed: sum(batches.failedComparisons).mapWith(Number),
      pending: sum(batches.pendingComparisons).mapWith(Number),
      recovered: sum(batches.forcedRecovery).mapWith(Number),
    })
    .from(batches)
    .groupBy(batches.state);
}

/** How many batches ended without a ranking, by reason. */
export function failureTotalsQuery(db: Database) {
  return db
    .select({ reason: batches.failureReason, batches: count() })
    .from(batches)
    .where(isNotNull(batches.failureReason))
    .groupBy(batches.failureReason);
}

export function eventTotalsQuery(db: Database) {
  return db
    .select({ status: publishedEvents.status, events: count() })
    .from(publishedEvents)
    .groupBy(publishedEvents.status);
}

export function deadLetterTotalsQuery(db: Database) {
  return db
    .select({ reason: deadLetters.reason, letters: count() })
    .from(deadLetters)
    .groupBy(deadLetters.reason);
}
