import { chunksOf } from "../encoding/chunks.ts";
import { errorFields } from "../observability/logger.ts";
import { openDatabase } from "../results/database.ts";
import { erasePicture, type Picture, writePicture } from "../results/picture.ts";
import { withinTime } from "./delivery-timeout.ts";
import type { EventsMessage, JudgementsMessage, TextsMessage } from "./messages.ts";
import type { DueRow, StoredEffect } from "./outbox.ts";

/** Messages of one `sendBatch` call; the platform's limit. */
const MESSAGES_PER_SEND = 100;

export interface PictureSource {
  readonly batchId: string;
  readonly correlationId: string;
  /** the batch as it stands now; null when it is to be removed from the read model */
  readonly picture: () => Picture | null;
}

/** What came of one outbox row; `error` is null when it was delivered. */
export interface DeliveryResult {
  readonly row: DueRow;
  readonly error: string | null;
}

/** Carried by every message, see `messages.ts`. */
interface MessageIds {
  readonly batch_id: string;
  readonly correlation_id: string;
}

type RowOf<Kind extends StoredEffect["kind"]> = DueRow & {
  readonly effect: Extract<StoredEffect, { kind: Kind }>;
};

/** Lets effects out: to the queues, and to D1. A kind that fails does not hold up the others. */
export async function deliver(
  env: Env,
  source: PictureSource,
  rows: readonly DueRow[],
): Promise<DeliveryResult[]> {
  const ids = { batch_id: source.batchId, correlation_id: source.correlationId };
  const judge = rows.filter((row) => isOf(row, "judge"));
  const texts = rows.filter((row) => isOf(row, "text"));
  const events = rows.filter((row) => isOf(row, "event"));
  const projections = rows.filter((row) => isOf(row, "projection"));
  const deliveries = [
    ...chunksOf(judge, MESSAGES_PER_SEND).map((chunk) => attempt(chunk, () => sendAsks(env, ids, chunk))),
    ...chunksOf(texts, MESSAGES_PER_SEND).map((chunk) => attempt(chunk, () => sendTexts(env, ids, chunk))),
    // One message announces all events, and one picture serves all projections.
    ...chunksOf(events, events.length || 1).map((chunk) => attempt(chunk, () => announceEvents(env, ids))),
    ...chunksOf(projections, projections.length || 1).map((chunk) =>
      attempt(chunk, () => project(env, source)),
    ),
  ];
  return (await Promise.all(deliveries)).flat();
}

async function attempt(rows: readonly DueRow[], send: () => Promise<void>): Promise<DeliveryResult[]> {
  try {
    await withinTime(send());
    return rows.map((row) => ({ row, error: null }));
  } catch (error) {
    const { error: message } = errorFields(error);
    return rows.map((row) => ({ row, error: message }));
  }
}

async function sendAsks(env: Env, ids: MessageIds, rows: readonly RowOf<"judge">[]): Promise<void> {
  await env.JUDGEMENTS_QUEUE.sendBatch(
    rows.map(({ effect }) => ({
      body: { ...ids, asks: effect.asks } satisfies JudgementsMessage,
      delaySeconds: effect.delaySeconds,
    })),
  );
}

async function sendTexts(env: Env, ids: MessageIds, rows: readonly RowOf<"text">[]): Promise<void> {
  await env.TEXTS_QUEUE.sendBatch(
    rows.map(({ effect }) => ({
      body: {
        ...ids,
        essays: effect.essays,
        student_prompt: effect.studentPrompt,
      } satisfies TextsMessage,
    })),
  );
}

async function announceEvents(env: Env, ids: MessageIds): Promise<void> {
  await env.EVENTS_QUEUE.send(ids satisfies EventsMessage);
}

async function project(env: Env, source: PictureSource): Promise<void> {
  const picture = source.picture();
  if (picture === null) await erasePicture(openDatabase(env.DB), source.batchId);
  else await writePicture(env.DB, picture);
}

function isOf<Kind extends StoredEffect["kind"]>(row: DueRow, kind: Kind): row is RowOf<Kind> {
  return row.effect.kind === kind;
}
