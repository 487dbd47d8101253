import { z } from "@hono/zod-openapi";

const timestamp = z.string().openapi({ format: "date-time" });

const listedDeadLetterSchema = z
  .object({
    id: z.string(),
    source: z.string().openapi({ description: "the queue or route it came by" }),
    reason: z.string(),
    detail: z.string(),
    batch_id: z.string().nullable(),
    correlation_id: z.string().nullable(),
    payload_bytes: z.int().nonnegative(),
    payload_sha256: z.string(),
    created_at: timestamp,
    replayed_at: timestamp.nullable(),
    expires_at: timestamp,
  })
  .openapi("ListedDeadLetter");
export type ListedDeadLetter = z.infer<typeof listedDeadLetterSchema>;

export const deadLetterListSchema = z
  .object({ dead_letters: z.array(listedDeadLetterSchema), next_cursor: z.string().nullable() })
  .openapi("DeadLetterList");

export const deadLetterSchema = listedDeadLetterSchema
  .extend({
    payload: z
      .string()
      .nullable()
      .openapi({ description: "the message as received; null when it was too large to be kept" }),
  })
  .openapi("DeadLetter");

export const replayOutcomeSchema = z
  .object({ id: z.string(), outcome: z.string(), detail: z.string().nullable() })
  .openapi("ReplayOutcome");
