import { and, desc, eq, isNull, lt, sql } from "drizzle-orm";
import { v7 as uuidV7 } from "uuid";
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
  "attempts_exhausted",
  "consumer_died",
  "publish_refused",
] as const;
export type DeadLetterReason = (typeof DEAD_LETTER_REASONS)[number];

/** A payload above this size is not kept: its hash and size are. */
export const PAYLOAD_MAX_BYTES = 1_000_000;
export const RETENTION_DAYS = 30;

export interface DeadLetter {
  readonly source: string;
  readonly reason: DeadLetterReason;
  /** what was wrong, in a sentence; no essay text, prompt or justification */
  readonly detail: string;
  readonly batchId: string | null;
  readonly correlationId: string | null;
  readonly payload: string;
}

/** Writes dead letters durably. What could not be used is kept with its reason, never dropped silently. */
export async function writeDeadLetters(
  db: Database,
  letters: readonly DeadLetter[],
  now: number,
): Promise<void> {
  const rows = await Promise.all(letters.map((letter) => toRow(letter, now)));
  const [first, ...rest] = rows.map((row) => db.insert(deadLetters).values(row));
  if (first !== undefined) await db.batch([first, ...rest]);
}

async function toRow(letter: DeadLetter, now: number): Promise<DeadLetterRow> {
  const bytes = new TextEncoder().encode(letter.payload);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return {
    id: uuidV7({ msecs: now }),
    source: letter.source,
    reason: letter.reason,
    detail: letter.detail.slice(0, 2_000),
    batchId: letter.batchId,
    correlationId: letter.correlationId,
    payload: bytes.length > PAYLOAD_MAX_BYTES ? null : letter.payload,
    payloadBytes: bytes.length,
    payloadSha256: Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join(""),
    createdAt: now,
    replayedAt: null,
    expiresAt: now + RETENTION_DAYS * 24 * 3_600_000,
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

/** @returns whether this call was the one that claimed the letter: a letter is replayed once */
export async function claimForReplay(db: Database, id: string, now: number): Promise<boolean> {
  const claimed = await db
    .update(deadLetters)
    .set({ replayedAt: now })
    .where(and(eq(deadLetters.id, id), isNull(deadLetters.replayedAt)))
    .returning({ id: deadLetters.id });
  return claimed.length > 0;
}

export async function releaseReplay(db: Database, id: string): Promise<void> {
  await db.update(deadLetters).set({ replayedAt: null }).where(eq(deadLetters.id, id));
}

export function expireDeadLettersQuery(db: Database, now: number) {
  return db.delete(deadLetters).where(lt(deadLetters.expiresAt, now));
}
