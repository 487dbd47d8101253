import type { OpenRequest } from "../batch/commands/open.ts";
import { essayAlias } from "../batch/essay-alias.ts";
import { fromWireScale, type GradeScale, gradeScaleSchema } from "../contracts/grade-scale.ts";
import { findAssignment, type StoredAssignment } from "../results/assignments.ts";
import { openDatabase } from "../results/database.ts";

/** What an assignment brings into a batch. The batch keeps its own copy: the assignment may be deleted the next minute. */
export interface AssignmentSnapshot {
  readonly prompt: string | null;
  readonly instructions: string | null;
  readonly rubric: string | null;
  readonly gradeScale: GradeScale;
  readonly anchors: readonly { readonly anchorId: string; readonly grade: string; readonly text: string }[];
}

/** An owner's assignment as a batch takes it over; null when none is named, or one that does not exist. */
export async function findSnapshot(
  env: Env,
  owner: string,
  assignmentId: string | null,
): Promise<AssignmentSnapshot | null> {
  if (assignmentId === null) return null;
  const found = await findAssignment(openDatabase(env.DB), owner, assignmentId);
  return found === undefined ? null : snapshotOf(found);
}

function snapshotOf({ assignment, anchors }: StoredAssignment): AssignmentSnapshot {
  const { prompt, instructions, rubric, gradeScale } = assignment;
  return {
    prompt,
    instructions,
    rubric,
    gradeScale: fromWireScale(gradeScaleSchema.parse(JSON.parse(gradeScale))),
    anchors: anchors.map(({ anchorId, grade, text }) => ({ anchorId, grade, text })),
  };
}

/**
 * The anchors as essays of a batch, numbered after the students'. Their ids say nothing, and say it in the same words
 * whenever the request is repeated.
 */
export function anchorsOf(
  assignment: AssignmentSnapshot | null,
  batchId: string,
  essayCount: number,
): OpenRequest["anchors"] {
  return (assignment?.anchors ?? []).map((anchor, index) => ({
    ...anchor,
    essayId: essayAlias(batchId, essayCount + index),
  }));
}
