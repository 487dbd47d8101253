import { and, desc, eq, isNull, lt, sql } from "drizzle-orm";
import { v5 as uuidV5 } from "uuid";
import { sha256Hex } from "../encoding/sha256.ts";
import type { Database } from "./database.ts";
import { deadLetters } from "./tables.ts";

export type DeadLetterRow = typeof deadLetters.$inferSelect;

export const DEAD_LETTER_REASONS = [
  "orphaned",
  "unparseable",
  "contract_violation",
  "unknown_event_type",
  "unsupported_schema_version",
  "idempotency_conflict",
  "batch_gone",
  "too_large",
  "too_deeply_nested",
  "attempts_exhausted",
  "consumer_died",
  "publish_refused",
] as const;
export type DeadLetterReason = (typeof DEAD_LETTER_REASONS)[number];

/** Of a payload above this size only hash and size are kept. */
const PAYLOAD_MAX_BYTES = 1_000_000;
/** The longest that dead letters are kept. */
const KEPT_DAYS_MAX = 30;

export interface DeadLetter {
  readonly source: string;
  readonly reason: DeadLetterReason;
  /** what was wrong, in a sentence; no essay text, prompt or justification */
  readonly detail: string;
  readonly batchId: string | null;
  readonly correlationId: string | null;
  readonly payload: string;
}

export interface Keeping {
  readonly now: number;
  /** batches that were erased: of their letters the payload is not kept */
  readonly erased: ReadonlySet<string>;
  /** how long texts of ended batches are kept: no letter, which may hold some, is kept for longer */
  readonly retentionDays: number;
}

/**
 * Writes dead letters durably. What could not be used is kept with its reason, never dropped silently. The same message with
 * the same fault is one letter, however often it is delivered; one that comes again after a replay can be replayed again.
 */
export async function writeDeadLetters(
  db: Database,
  letters: readonly DeadLetter[],
  keeping: Keeping,
): Promise<void> {
  const rows = await Promise.all(letters.map((letter) => toRow(letter, keeping)));
  const [first, ...rest] = rows.map((row) =>
    db
      .insert(deadLetters)
      .values(row)
      .onConflictDoUpdate({ target: deadLetters.id, set: { replayedAt: null } }),
  );
  if (first !== undefined) await db.batch([first, ...rest]);
}

async function toRow(letter: DeadLetter, { now, erased, retentionDays }: Keeping): Promise<DeadLetterRow> {
  const payloadBytes = new TextEncoder().encode(letter.payload).length;
  // A request for an erased batch would bring its texts back, and can never be taken.
  const isErased = letter.reason === "batch_gone" || (letter.batchId !== null && erased.has(letter.batchId));
  const payloadSha256 = await sha256Hex(letter.payload);
  return {
    id: uuidV5(`${letter.reason}/${letter.correlationId}/${letter.batchId}/${payloadSha256}`, uuidV5.URL),
    source: letter.source,
    reason: letter.reason,
    detail: letter.detail.slice(0, 2_000),
    batchId: letter.batchId,
    correlationId: letter.correlationId,
    payload: isErased || payloadBytes > PAYLOAD_MAX_BYTES ? null : letter.payload,
    payloadBytes,
    payloadSha256,
    createdAt: now,
    replayedAt: null,
    expiresAt: now + Math.min(retentionDays, KEPT_DAYS_MAX) * 24 * 3_600_000,
  };
}

export interface DeadLetterCursor {
  readonly createdAt: number;
  readonly id: string;
}

/** Dead letters, newest first. */
export function listDeadLettersQuery(db: Database, limit: number, after: DeadLetterCursor | null) {
  return db
    .select()
    .from(deadLetters)
    .where(
      after === null
        ? undefined
        : sql`(${deadLetters.createdAt}, ${deadLetters.id}) < (${after.createdAt}, ${after.id})`,
    )
    .orderBy(desc(deadLetters.createdAt), desc(deadLetters.id))
    .limit(limit);
}

export function findDeadLetterQuery(db: Database, id: string) {
  return db.select().from(deadLetters).where(eq(deadLetters.id, id)).limit(1);
}

export async function markReplayed(db: Database, id: string, now: number): Promise<void> {
  await db
    .update(deadLetters)
    .set({ replayedAt: now })
    .where(and(eq(deadLetters.id, id), isNull(deadLetters.replayedAt)));
}

export function expireDeadLettersQuery(db: Database, now: number) {
  return db.delete(deadLetters).where(lt(deadLetters.expiresAt, now));
}
