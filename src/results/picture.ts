import { eq, getTableColumns, sql } from "drizzle-orm";
import { chunksOf } from "../encoding/chunks.ts";
import { type Database, openDatabase } from "./database.ts";
import { batches, deadLetters, essayResults, publishedEvents } from "./tables.ts";

export type BatchRow = typeof batches.$inferSelect;
export type EssayResultRow = typeof essayResults.$inferSelect;
export type PublishedEventRow = typeof publishedEvents.$inferSelect;

/** A batch as it stood at `batch.seq`: what the read model is to show. */
export interface Picture {
  readonly batch: BatchRow;
  readonly results: readonly EssayResultRow[];
  readonly events: readonly PublishedEventRow[];
}

/** Essays per statement: keeps every bound JSON array far below D1's 2 MB per value. */
const RESULTS_PER_STATEMENT = 500;

/**
 * Writes a picture to D1, atomically, unless D1 holds a newer one already. Writing the same picture twice is harmless,
 * so an answer that was lost may be asked for again.
 *
 * The statements are D1's own: drizzle cannot put raw SQL into a D1 batch, and only `json_each` keeps two thousand essays
 * within D1's hundred parameters per statement.
 */
export async function writePicture(d1: D1Database, { batch, results, events }: Picture): Promise<void> {
  const { batchId, seq } = batch;
  const upsert = openDatabase(d1)
    .insert(batches)
    .values(batch)
    .onConflictDoUpdate({
      target: batches.batchId,
      set: Object.fromEntries(
        Object.entries(getTableColumns(batches)).map(([key, { name }]) => [key, sql.raw(`excluded.${name}`)]),
      ),
      setWhere: sql`excluded.seq > ${batches.seq}`,
    })
    .toSQL();
  await d1.batch([
    d1.prepare(upsert.sql).bind(...upsert.params),
    d1.prepare(`DELETE FROM essay_results WHERE batch_id = ?1 AND ${IS_CURRENT}`).bind(batchId, seq),
    ...chunksOf(results, RESULTS_PER_STATEMENT).map((rows) =>
      d1.prepare(INSERT_RESULTS).bind(batchId, seq, JSON.stringify(rows)),
    ),
    d1.prepare(UPSERT_EVENTS).bind(batchId, seq, JSON.stringify(events)),
  ]);
}

/** True in a statement whose batch and seq (?1, ?2) are the picture that D1 now holds. */
const IS_CURRENT = "(SELECT seq FROM batches WHERE batch_id = ?1) = ?2";

const INSERT_RESULTS = `
  INSERT INTO essay_results
    (batch_id, number, essay_id, "rank", score, standard_error, comparisons, wins, is_anchor,
     rank_low, rank_high, tied_with_next, top_probability, infit, outfit, infit_p, outfit_p,
     anchor_id, anchor_grade, grade, grade_projection, review)
  SELECT ?1, value->>'$.number', value->>'$.essayId', value->>'$.rank', value->>'$.score', value->>'$.standardError',
    value->>'$.comparisons', value->>'$.wins', value->>'$.isAnchor', value->>'$.rankLow', value->>'$.rankHigh',
    value->>'$.tiedWithNext', value->>'$.topProbability', value->>'$.infit', value->>'$.outfit', value->>'$.infitP',
    value->>'$.outfitP', value->>'$.anchorId', value->>'$.anchorGrade', value->>'$.grade', value->>'$.gradeProjection',
    value->>'$.review'
  FROM json_each(?3) WHERE ${IS_CURRENT}`;

const UPSERT_EVENTS = `
  INSERT INTO published_events (event_id, batch_id, seq, name, topic, status, created_at, published_at, note)
  SELECT value->>'$.eventId', ?1, value->>'$.seq', value->>'$.name', value->>'$.topic', value->>'$.status',
    value->>'$.createdAt', value->>'$.publishedAt', value->>'$.note'
  FROM json_each(?3) WHERE ${IS_CURRENT}
  ON CONFLICT (event_id) DO UPDATE SET
    status = excluded.status, published_at = excluded.published_at, note = excluded.note`;

/** Removes everything that D1 knows of a batch. Removing it twice is harmless. */
export async function erasePicture(db: Database, batchId: string): Promise<void> {
  await db.batch([
    db.delete(batches).where(eq(batches.batchId, batchId)),
    db.delete(essayResults).where(eq(essayResults.batchId, batchId)),
    db.delete(publishedEvents).where(eq(publishedEvents.batchId, batchId)),
    db.delete(deadLetters).where(eq(deadLetters.batchId, batchId)),
  ]);
}
