import { z } from "zod";
import type { OutboxEntry } from "../batch/decision.ts";
import { eventEnvelopeSchema } from "../contracts/envelope.ts";

/**
 * The outbox: what is to be done in the world, in the order decided. A row of kind `text`, `judge` or `projection` is
 * deleted once its message is on a queue (or in D1). A row of kind `event` stays, because the audit trail shows what was
 * published; its status tells how far it has come:
 *
 *   pending → queued (the events queue knows of it) → published
 *                                                   → kept (no Kafka bridge is configured)
 *                                                   → dead (given up; listed as a dead letter, can be replayed)
 */
export const EVENT_STATUSES = ["pending", "queued", "published", "kept", "dead"] as const;
export type EventStatus = (typeof EVENT_STATUSES)[number];

const storedEvent = z.object({
  name: z.enum(["completed", "failed", "result", "resource"]),
  eventId: z.string(),
  topic: z.string(),
  key: z.string(),
  envelope: eventEnvelopeSchema,
});
const storedEffect = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("text"), essays: z.array(z.number()), studentPrompt: z.boolean() }),
  z.object({
    kind: z.literal("judge"),
    asks: z.array(z.object({ number: z.number(), attempt: z.number() })),
    delaySeconds: z.number(),
  }),
  z.object({ kind: z.literal("event"), event: storedEvent }),
  z.object({ kind: z.literal("projection") }),
]);
export type StoredEffect = z.infer<typeof storedEffect>;

export interface DueRow {
  readonly seq: number;
  readonly attempts: number;
  readonly effect: StoredEffect;
}

export interface EventRow {
  readonly seq: number;
  readonly status: EventStatus;
  readonly attempts: number;
  readonly createdAt: number;
  readonly publishedAt: number | null;
  readonly note: string | null;
  readonly event: z.infer<typeof storedEvent>;
}

interface OutboxRecord extends Record<string, SqlStorageValue> {
  seq: number;
  kind: string;
  payload: string;
  status: string;
  attempts: number;
  created_at: number;
  published_at: number | null;
  note: string | null;
}

const RETRY_BASE_MS = 5_000;
const RETRY_MAX_MS = 600_000;
/**
 * An event that the queue knows of is announced again after this time without any attempt to publish it, in case its
 * message was lost. Longer than the consumer's longest pause between two attempts.
 */
const REANNOUNCE_MS = 3_600_000;
/** Events are given up when they could not be published for this long. */
export const EVENT_PATIENCE_MS = 24 * 3_600_000;

/** @param jitter in [0, 1): spreads the retries of many objects */
function retryAfterMs(attempts: number, jitter: number): number {
  return Math.round(Math.min(RETRY_BASE_MS * 2 ** attempts, RETRY_MAX_MS) * (0.5 + jitter / 2));
}

/** True for rows that are still to be delivered. An event may have been published while its announcement was thought lost. */
const WAITS = "status IN ('pending', 'queued')";

export interface Outbox {
  /** @param dueAt when they are to be delivered first; default: now */
  add(entries: readonly OutboxEntry[], now: number, dueAt?: number): void;
  /** Rows whose time has come, oldest first, at most `limit`. */
  due(now: number, limit: number): readonly DueRow[];
  /** When the next row is due, or null when none waits. */
  nextAttemptAt(): number | null;
  hasJudgeRows(): boolean;
  /** The effect has reached its queue or D1. */
  delivered(row: DueRow, now: number): void;
  failed(row: DueRow, now: number, jitter: number, note: string): void;
  /** Forgets questions and texts that nobody needs any more, because the batch has ended. */
  dropWork(): void;
  events(): readonly EventRow[];
  /** Unpublished events in order, for one consumer at a time; while another has them, until when. */
  leaseEvents(
    now: number,
    leaseMs: number,
  ): { readonly events: readonly EventRow[]; readonly leasedUntil: number | null };
  settleEvent(seq: number, status: EventStatus, now: number, note: string | null): void;
  /** Puts events that were given up or kept back in line. */
  reviveEvents(now: number): number;
  forgetSettledEvents(): void;
}

export function openOutbox(sql: SqlStorage): Outbox {
  const events = (where: string, ...bindings: SqlStorageValue[]) =>
    sql
      .exec<OutboxRecord>(`SELECT * FROM outbox WHERE kind = 'event' AND ${where} ORDER BY seq`, ...bindings)
      .toArray()
      .map(toEventRow);
  return {
    add(entries, now, dueAt = now) {
      for (const { seq, effect } of entries) {
        sql.exec(
          "INSERT INTO outbox (seq, kind, payload, status, created_at, next_attempt_at) VALUES (?, ?, ?, 'pending', ?, ?)",
          seq,
          effect.kind,
          JSON.stringify(effect),
          now,
          dueAt,
        );
      }
    },
    due: (now, limit) =>
      sql
        .exec<OutboxRecord>(
          `SELECT * FROM outbox WHERE ${WAITS} AND next_attempt_at <= ? ORDER BY seq LIMIT ?`,
          now,
          limit,
        )
        .toArray()
        .flatMap(({ seq, attempts, payload }) => {
          const effect = storedEffect.safeParse(JSON.parse(payload));
          if (effect.success) return [{ seq, attempts, effect: effect.data }];
          // Written by another version of this code: it must not hold up the rows behind it.
          sql.exec("UPDATE outbox SET status = 'dead', note = 'not understood' WHERE seq = ?", seq);
          return [];
        }),
    nextAttemptAt: () =>
      sql.exec<{ at: number | null }>(`SELECT min(next_attempt_at) AS at FROM outbox WHERE ${WAITS}`).one()
        .at,
    hasJudgeRows: () => sql.exec("SELECT 1 FROM outbox WHERE kind = 'judge' LIMIT 1").toArray().length > 0,
    delivered(row, now) {
      if (row.effect.kind !== "event") {
        sql.exec("DELETE FROM outbox WHERE seq = ?", row.seq);
        return;
      }
      sql.exec(
        `UPDATE outbox SET status = 'queued', attempts = attempts + 1, next_attempt_at = ?
         WHERE seq = ? AND ${WAITS}`,
        now + REANNOUNCE_MS,
        row.seq,
      );
    },
    failed(row, now, jitter, note) {
      // An event may have been published while the answer to its announcement was lost: nothing is left to try then.
      sql.exec(
        `UPDATE outbox SET attempts = attempts + 1, next_attempt_at = ?, note = ? WHERE seq = ? AND ${WAITS}`,
        now + retryAfterMs(row.attempts, jitter),
        note,
        row.seq,
      );
    },
    dropWork: () => void sql.exec("DELETE FROM outbox WHERE kind IN ('judge', 'text')"),
    events: () => events("1"),
    leaseEvents(now, leaseMs) {
      // All or nothing: order is kept only if nobody overtakes.
      const { leasedUntil } = sql
        .exec<{ leasedUntil: number | null }>(
          `SELECT max(leased_until) AS leasedUntil FROM outbox WHERE kind = 'event' AND ${WAITS}`,
        )
        .one();
      if (leasedUntil !== null && leasedUntil > now) return { events: [], leasedUntil };
      sql.exec(`UPDATE outbox SET leased_until = ? WHERE kind = 'event' AND ${WAITS}`, now + leaseMs);
      return { events: events(WAITS), leasedUntil: null };
    },
    settleEvent(seq, status, now, note) {
      const waits = status === "pending" || status === "queued";
      sql.exec(
        `UPDATE outbox SET status = ?, published_at = ?, next_attempt_at = ?, leased_until = NULL, note = ?
         WHERE seq = ? AND kind = 'event' AND status <> 'published'`,
        status,
        status === "published" ? now : null,
        waits ? now + REANNOUNCE_MS : null,
        note,
        seq,
      );
    },
    reviveEvents: (now) =>
      sql.exec(
        `UPDATE outbox SET status = 'pending', attempts = 0, created_at = ?, next_attempt_at = ?, leased_until = NULL, note = NULL
         WHERE kind = 'event' AND status IN ('dead', 'kept')`,
        now,
        now,
      ).rowsWritten,
    forgetSettledEvents: () =>
      void sql.exec("DELETE FROM outbox WHERE kind = 'event' AND status IN ('published', 'kept', 'dead')"),
  };
}

function toEventRow(record: OutboxRecord): EventRow {
  const effect = storedEffect.parse(JSON.parse(record.payload));
  const status = z.enum(EVENT_STATUSES).parse(record.status);
  if (effect.kind !== "event")
    throw new Error(`outbox row ${record.seq} is of kind ${effect.kind}, not event`);
  return {
    seq: record.seq,
    status,
    attempts: record.attempts,
    createdAt: record.created_at,
    publishedAt: record.published_at,
    note: record.note,
    event: effect.event,
  };
}
