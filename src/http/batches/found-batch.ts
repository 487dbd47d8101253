import { z } from "@hono/zod-openapi";
import { BATCH_ID_PATTERN } from "../../batch/batch-id.ts";
import { callBatch } from "../../objects/batch-client.ts";
import type { Overview } from "../../objects/views.ts";
import type { AppContext } from "../app-env.ts";
import { maySee } from "../authentication.ts";
import { concernBatch } from "../correlation.ts";
import { problem } from "../problem.ts";

/** The batch that a path names. The pattern is checked by {@link findBatch}: a malformed id is a 404, not a 422. */
export const batchParams = z.object({
  id: z.string().openapi({
    param: { name: "id", in: "path" },
    description: "the batch's id: 13 lower-case letters and digits",
    examples: ["4h7k2m9q0r5tz"],
  }),
});

export type FoundBatch =
  | { readonly kind: "found"; readonly overview: Overview }
  /** it was erased, and this caller may know that it existed */
  | { readonly kind: "gone" }
  /** it never existed, or belongs to somebody else: the caller cannot tell which */
  | { readonly kind: "unknown" };

/** Finds the batch for this caller, and makes the request carry the batch's correlation id. */
export async function findBatch(c: AppContext, batchId: string): Promise<FoundBatch> {
  if (!BATCH_ID_PATTERN.test(batchId)) return { kind: "unknown" };
  const overview = await callBatch(c.env, batchId, (batch) => batch.overview());
  if (overview !== null) {
    if (!maySee(c.var.caller, overview.caller)) return { kind: "unknown" };
    concernBatch(c, overview);
    return { kind: "found", overview };
  }
  const tombstone = await callBatch(c.env, batchId, (batch) => batch.erased());
  if (tombstone === null || !maySee(c.var.caller, tombstone.caller)) return { kind: "unknown" };
  concernBatch(c, tombstone);
  return { kind: "gone" };
}

export function answerMissing(
  c: AppContext,
  batchId: string,
  { kind }: { readonly kind: "gone" | "unknown" },
) {
  return kind === "gone"
    ? problem(c, "batch_gone", `Batch ${batchId} was erased.`)
    : problem(c, "batch_not_found", `There is no batch ${JSON.stringify(batchId)} for this caller.`);
}
