import { and, eq, getTableColumns, sql } from "drizzle-orm";
import type { Database } from "./database.ts";
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
 */
export async function writePicture(db: Database, picture: Picture): Promise<void> {
  const { batchId, seq } = picture.batch;
  const isCurrent = sql`(SELECT ${batches.seq} FROM ${batches} WHERE ${batches.batchId} = ${batchId}) = ${seq}`;
  const upsert = db
    .insert(batches)
    .values(picture.batch)
    .onConflictDoUpdate({
      target: batches.batchId,
      set: Object.fromEntries(
        Object.entries(getTableColumns(batches)).map(([key, column]) => [
          key,
          sql.raw(`excluded.${column.name}`),
        ]),
      ),
      setWhere: sql`excluded.seq > ${batches.seq}`,
    });
  const clear = db.delete(essayResults).where(and(eq(essayResults.batchId, batchId), isCurrent));
  const inserts = chunksOf(picture.results, RESULTS_PER_STATEMENT).map((rows) =>
    db.run(sql`
      INSERT INTO essay_results
        (batch_id, number, essay_id, "rank", score, standard_error, comparisons, wins, is_anchor, details)
      SELECT ${batchId}, value->>'$.number', value->>'$.essayId', value->>'$.rank', value->>'$.score',
        value->>'$.standardError', value->>'$.comparisons', value->>'$.wins', value->>'$.isAnchor', value->>'$.details'
      FROM json_each(${JSON.stringify(rows)}) WHERE ${isCurrent}`),
  );
  const events = picture.events.map((event) =>
    db.run(sql`
      INSERT INTO published_events (event_id, batch_id, seq, name, topic, status, created_at, published_at, note)
      SELECT ${event.eventId}, ${batchId}, ${event.seq}, ${event.name}, ${event.topic}, ${event.status},
        ${event.createdAt}, ${event.publishedAt}, ${event.note} WHERE ${isCurrent}
      ON CONFLICT (event_id) DO UPDATE SET
        status = excluded.status, published_at = excluded.published_at, note = excluded.note`),
  );
  await db.batch([upsert, clear, ...inserts, ...events]);
}

/** Removes everything that D1 knows of a batch. Removing it twice is harmless. */
export async function erasePicture(db: Database, batchId: string): Promise<void> {
  await db.batch([
    db.delete(batches).where(eq(batches.batchId, batchId)),
    db.delete(essayResults).where(eq(essayResults.batchId, batchId)),
    db.delete(publishedEvents).where(eq(publishedEvents.batchId, batchId)),
    db.delete(deadLetters).where(eq(deadLetters.batchId, batchId)),
  ]);
}

function chunksOf<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) =>
    items.slice(at * size, (at + 1) * size),
  );
}
