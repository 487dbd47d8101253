import { callBatch } from "../objects/batch-client.ts";
import { openDatabase } from "../results/database.ts";
import { claimForReplay, type DeadLetterRow, releaseReplay } from "../results/dead-letters.ts";
import type { Settings } from "../settings/settings.ts";
import { receiveEvents } from "./event-intake.ts";

export type ReplayOutcome =
  | { readonly kind: "replayed"; readonly outcome: string; readonly detail: string | null }
  | { readonly kind: "already_replayed" }
  /** the message was too large to be kept */
  | { readonly kind: "payload_not_kept" };

/**
 * Sends a dead letter the way it came, once. Every path it can take is idempotent, so a replay of what has been dealt with
 * in the meantime changes nothing.
 *
 * @throws when the way is blocked; the letter can then be replayed again
 */
export async function replayDeadLetter(
  env: Env,
  settings: Settings,
  letter: DeadLetterRow,
): Promise<ReplayOutcome> {
  const { payload } = letter;
  if (payload === null) return { kind: "payload_not_kept" };
  const db = openDatabase(env.DB);
  if (!(await claimForReplay(db, letter.id, Date.now()))) return { kind: "already_replayed" };
  try {
    return await send(env, settings, letter, payload);
  } catch (error) {
    await releaseReplay(db, letter.id);
    throw error;
  }
}

async function send(
  env: Env,
  settings: Settings,
  letter: DeadLetterRow,
  payload: string,
): Promise<ReplayOutcome> {
  switch (letter.source) {
    case "cj-judgements":
      await env.JUDGEMENTS_QUEUE.send(JSON.parse(payload));
      return { kind: "replayed", outcome: "queued", detail: null };
    case "cj-texts":
      await env.TEXTS_QUEUE.send(JSON.parse(payload));
      return { kind: "replayed", outcome: "queued", detail: null };
    case "cj-events":
      return reviveEvents(env, letter.batchId);
    default: {
      const [{ outcome, detail }] = await receiveEvents(env, settings, [{ text: payload }]);
      return { kind: "replayed", outcome, detail };
    }
  }
}

async function reviveEvents(env: Env, batchId: string | null): Promise<ReplayOutcome> {
  const revived = batchId === null ? 0 : await callBatch(env, batchId, (batch) => batch.reviveEvents());
  return { kind: "replayed", outcome: "queued", detail: `${revived} events are published again` };
}
