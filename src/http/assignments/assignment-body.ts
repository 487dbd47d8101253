import { z } from "@hono/zod-openapi";
import { type AssignmentBody, KAFKA_OWNER } from "../../contracts/api/assignments.ts";
import { toWireDatetime } from "../../contracts/datetime.ts";
import { gradeScaleSchema } from "../../contracts/grade-scale.ts";
import { findAssignment, type StoredAssignment } from "../../results/assignments.ts";
import { openDatabase } from "../../results/database.ts";
import type { AppContext, Caller } from "../app-env.ts";
import { maySee } from "../authentication.ts";
import { problem } from "../problem.ts";

export const assignmentParams = z.object({
  assignment_id: z.string().openapi({
    param: { name: "assignment_id", in: "path" },
    description: "the assignment's id",
    examples: ["coast-2026"],
  }),
});

export const ownerQuery = z.strictObject({
  owner: z
    .string()
    .max(100)
    .optional()
    .openapi({ description: "whose assignment; default: the caller's own" }),
});

/** Whoever may deliver requests as Kafka does may keep the assignments that they name. */
export function mayOwnAs(caller: Caller, owner: string): boolean {
  return maySee(caller, owner) || (owner === KAFKA_OWNER && caller.scopes.includes("events"));
}

/** The assignment that a path names, or undefined when there is none that this caller may see. */
export async function findVisible(
  c: AppContext,
  assignmentId: string,
  owner: string | undefined,
): Promise<StoredAssignment | undefined> {
  const { caller } = c.var;
  const wanted = owner ?? caller.name;
  if (!mayOwnAs(caller, wanted)) return undefined;
  return findAssignment(openDatabase(c.env.DB), wanted, assignmentId);
}

export function answerNoAssignment(c: AppContext, assignmentId: string) {
  return problem(
    c,
    "assignment_not_found",
    `There is no assignment ${JSON.stringify(assignmentId)} for this caller.`,
  );
}

export function assignmentBodyOf({ assignment, anchors }: StoredAssignment): AssignmentBody {
  return {
    assignment_id: assignment.assignmentId,
    owner: assignment.owner,
    title: assignment.title,
    prompt: assignment.prompt,
    instructions: assignment.instructions,
    rubric: assignment.rubric,
    grade_scale: readScale(assignment.gradeScale),
    anchors: anchors.map(({ anchorId, grade, text }) => ({ anchor_id: anchorId, grade, text })),
    created_at: toWireDatetime(assignment.createdAt),
    links: linksOf(assignment.assignmentId),
  };
}

export function readScale(stored: string) {
  return gradeScaleSchema.parse(JSON.parse(stored));
}

export function linksOf(assignmentId: string): { self: string } {
  return { self: `/v1/assignments/${encodeURIComponent(assignmentId)}` };
}
