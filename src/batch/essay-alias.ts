import { parse as parseUuid, v4 as uuidV4, v5 as uuidV5 } from "uuid";
import type { Essay } from "./batch.ts";

/** Namespace of essay aliases (UUIDv5, RFC 9562 section 5.5). Changing it would change the ids of anchors in open batches. */
const ALIAS_NAMESPACE = "c5b7c0a4-27c5-5f0e-8e0e-6d1c0a6a4f52";

/**
 * A name for an essay that says nothing about it. It follows from batch and number and has the form of a random UUID, as
 * the ids of the students' essays mostly have.
 */
export function essayAlias(batchId: string, number: number): string {
  return uuidV4({ random: parseUuid(uuidV5(`${batchId}/${number}`, ALIAS_NAMESPACE)) });
}

/**
 * How a judge's service hears an essay named, beside the prompt and never in it. In a batch with anchors all essays go by
 * their aliases: one odd id among those of the students would tell an anchor.
 */
export function nameForJudge(batchId: string, essays: readonly Essay[], number: number): string {
  const { essayId } = essays[number];
  return essays.some(({ anchor }) => anchor !== null) ? essayAlias(batchId, number) : essayId;
}
