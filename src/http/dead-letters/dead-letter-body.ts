import { z } from "@hono/zod-openapi";
import type { ListedDeadLetter } from "../../contracts/api/dead-letters.ts";
import { toWireDatetime } from "../../contracts/datetime.ts";
import { openDatabase } from "../../results/database.ts";
import { type DeadLetterRow, findDeadLetterQuery } from "../../results/dead-letters.ts";
import type { AppContext } from "../app-env.ts";
import { toWireOrNull } from "../batches/batch-body.ts";
import { problem } from "../problem.ts";

export const deadLetterParams = z.object({
  id: z.string().openapi({ param: { name: "id", in: "path" }, description: "the dead letter's id (UUID)" }),
});

/** Finds a dead letter, and makes the request carry the correlation id of the message that died. */
export async function findDeadLetter(c: AppContext, id: string): Promise<DeadLetterRow | undefined> {
  const [letter] = await findDeadLetterQuery(openDatabase(c.env.DB), id);
  if (letter?.correlationId) c.set("correlationId", letter.correlationId);
  return letter;
}

export function answerNoLetter(c: AppContext, id: string) {
  return problem(c, "dead_letter_not_found", `There is no dead letter ${JSON.stringify(id)}.`);
}

export function listedDeadLetterOf(row: DeadLetterRow): ListedDeadLetter {
  return {
    id: row.id,
    source: row.source,
    reason: row.reason,
    detail: row.detail,
    batch_id: row.batchId,
    correlation_id: row.correlationId,
    payload_bytes: row.payloadBytes,
    payload_sha256: row.payloadSha256,
    created_at: toWireDatetime(row.createdAt),
    replayed_at: toWireOrNull(row.replayedAt),
    expires_at: toWireDatetime(row.expiresAt),
  };
}
