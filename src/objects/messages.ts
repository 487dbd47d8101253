/**
 * What travels in the queues. Ids only: the texts of a comparison would exceed a message's 128 KB.
 * The correlation id is the request's, so that whatever is logged about a message carries it.
 */
import { z } from "zod";

export const textsMessageSchema = z.object({
  batch_id: z.string(),
  correlation_id: z.string().optional(),
  essays: z.array(z.int().nonnegative()),
  student_prompt: z.boolean(),
});
export type TextsMessage = z.infer<typeof textsMessageSchema>;

export const judgementsMessageSchema = z.object({
  batch_id: z.string(),
  correlation_id: z.string().optional(),
  asks: z.array(z.object({ number: z.int().nonnegative(), attempt: z.int().nonnegative() })),
});
export type JudgementsMessage = z.infer<typeof judgementsMessageSchema>;

/** There is something to publish; what it is stays in the object, in order. */
export const eventsMessageSchema = z.object({ batch_id: z.string(), correlation_id: z.string().optional() });
export type EventsMessage = z.infer<typeof eventsMessageSchema>;
