import { parseJson } from "../encoding/json.ts";
import { callBatch } from "../objects/batch-client.ts";
import { openDatabase } from "../results/database.ts";
import { type DeadLetterRow, markReplayed } from "../results/dead-letters.ts";
import type { Settings } from "../settings/settings.ts";
import { receiveEvents } from "./event-intake.ts";
import { receivedRecord } from "./split-records.ts";

export type ReplayOutcome =
  | { readonly kind: "replayed"; readonly outcome: string; readonly detail: string | null }
  | { readonly kind: "already_replayed" }
  /** the message was too large to be kept */
  | { readonly kind: "payload_not_kept" };

/**
 * Sends a dead letter the way it came. Every path it can take is idempotent, so a replay that is sent twice, or of what has
 * been dealt with in the meantime, changes nothing.
 *
 * @throws when the way is blocked; the letter can then be replayed again
 */
export async function replayDeadLetter(
  env: Env,
  settings: Settings,
  letter: DeadLetterRow,
): Promise<ReplayOutcome> {
  if (letter.replayedAt !== null) return { kind: "already_replayed" };
  const outcome = await send(env, settings, letter);
  // What met the same fault again stays as it was, and can be replayed again.
  const settled = outcome.kind === "replayed" && outcome.outcome !== "dead_lettered";
  if (settled) await markReplayed(openDatabase(env.DB), letter.id, Date.now());
  return outcome;
}

async function send(env: Env, settings: Settings, letter: DeadLetterRow): Promise<ReplayOutcome> {
  const { payload, source } = letter;
  if (source === "cj-events") {
    // The event itself lies in the batch's object, whatever its size.
    const revived = await reviveEvents(env, letter.batchId);
    return { kind: "replayed", outcome: "queued", detail: `${revived} events are published again` };
  }
  if (payload === null) return { kind: "payload_not_kept" };
  switch (source) {
    case "cj-judgements":
      return putBack(env.JUDGEMENTS_QUEUE, payload);
    case "cj-texts":
      return putBack(env.TEXTS_QUEUE, payload);
    default: {
      const [{ outcome, detail }] = await receiveEvents(env, settings, [receivedRecord(payload)]);
      return { kind: "replayed", outcome, detail };
    }
  }
}

async function putBack(queue: Queue, payload: string): Promise<ReplayOutcome> {
  const message = parseJson(payload);
  if (message === undefined) {
    const detail = "The message is not JSON: no consumer of its queue can read it.";
    return { kind: "replayed", outcome: "dead_lettered", detail };
  }
  await queue.send(message);
  return { kind: "replayed", outcome: "queued", detail: null };
}

async function reviveEvents(env: Env, batchId: string | null): Promise<number> {
  return batchId === null ? 0 : callBatch(env, batchId, (batch) => batch.reviveEvents());
}
