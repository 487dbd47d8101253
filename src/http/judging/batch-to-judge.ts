import { BATCH_ID_PATTERN } from "../../batch/batch-id.ts";
import { HUMAN_JUDGE } from "../../batch/judges.ts";
import { callBatch } from "../../objects/batch-client.ts";
import type { Overview } from "../../objects/views.ts";
import type { AppContext, Caller } from "../app-env.ts";
import { maySee } from "../authentication.ts";
import { type FoundBatch, findBatch } from "../batches/found-batch.ts";
import { concernBatch } from "../correlation.ts";

export type BatchToJudge = FoundBatch | { readonly kind: "not_for_people"; readonly overview: Overview };

/**
 * Finds the batch for a caller who comes to judge: whoever opened it, or a key that it names in `judged_by`. To every other
 * caller it does not exist.
 */
export async function findBatchToJudge(c: AppContext, batchId: string): Promise<BatchToJudge> {
  const found = await findForCaller(c, batchId);
  if (found.kind !== "found") return found;
  const isForPeople = found.overview.judges.some(({ judge }) => judge === HUMAN_JUDGE);
  return isForPeople ? found : { kind: "not_for_people", overview: found.overview };
}

async function findForCaller(c: AppContext, batchId: string): Promise<FoundBatch> {
  const { caller } = c.var;
  if (!BATCH_ID_PATTERN.test(batchId)) return { kind: "unknown" };
  const overview = await callBatch(c.env, batchId, (batch) => batch.overview());
  if (overview === null || maySee(caller, overview.caller)) return findBatch(c, batchId);
  if (!caller.scopes.includes("judging") || !overview.judgedBy.includes(caller.name))
    return { kind: "unknown" };
  concernBatch(c, overview);
  return { kind: "found", overview };
}

/** Who judges: the key's name, and the name that the person behind it gives. */
export function personOf(caller: Caller, judgeId: string | null | undefined): string {
  return typeof judgeId === "string" ? `${caller.name}/${judgeId}` : caller.name;
}
