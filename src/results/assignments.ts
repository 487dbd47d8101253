import { and, asc, desc, eq, sql } from "drizzle-orm";
import { v5 as uuidV5 } from "uuid";
import { type Database, openDatabase } from "./database.ts";
import { assignmentAnchors, assignments } from "./tables.ts";

export type AssignmentRow = typeof assignments.$inferSelect;
export type AssignmentAnchorRow = typeof assignmentAnchors.$inferSelect;

/** An assignment with its anchors in the order in which they were given. */
export interface StoredAssignment {
  readonly assignment: AssignmentRow;
  readonly anchors: readonly AssignmentAnchorRow[];
}

/** An assignment belongs to its owner: two callers may use one id for two assignments. */
export function assignmentKey(owner: string, assignmentId: string): string {
  return uuidV5(JSON.stringify(["assignment", owner, assignmentId]), uuidV5.URL);
}

export type CreateAssignmentOutcome =
  | { readonly kind: "created" | "exists"; readonly assignment: AssignmentRow }
  /** another assignment stands under this id */
  | { readonly kind: "conflict" };

/**
 * Writes an assignment with its anchors, atomically, unless one stands under its id already. Anchors are written only beside
 * an assignment of the same fingerprint, so that two requests at once cannot mix theirs.
 */
export async function insertAssignment(
  d1: D1Database,
  { assignment, anchors }: StoredAssignment,
): Promise<CreateAssignmentOutcome> {
  const db = openDatabase(d1);
  const insert = db.insert(assignments).values(assignment).onConflictDoNothing().toSQL();
  const [inserted] = await d1.batch([
    d1.prepare(insert.sql).bind(...insert.params),
    // One statement per anchor: all texts together may exceed the 2 MB of one bound value.
    ...anchors.map(({ number, anchorId, grade, text }) =>
      d1.prepare(INSERT_ANCHOR).bind(assignment.key, assignment.fingerprint, number, anchorId, grade, text),
    ),
  ]);
  if (inserted.meta.changes > 0) return { kind: "created", assignment };
  const standing = await findAssignmentQuery(db, assignment.key);
  const [found] = standing;
  if (found?.fingerprint !== assignment.fingerprint) return { kind: "conflict" };
  return { kind: "exists", assignment: found };
}

const INSERT_ANCHOR = `
  INSERT INTO assignment_anchors (assignment_key, number, anchor_id, grade, text)
  SELECT ?1, ?3, ?4, ?5, ?6 WHERE (SELECT fingerprint FROM assignments WHERE key = ?1) = ?2
  ON CONFLICT DO NOTHING`;

export function findAssignmentQuery(db: Database, key: string) {
  return db.select().from(assignments).where(eq(assignments.key, key)).limit(1);
}

export function assignmentAnchorsQuery(db: Database, key: string) {
  return db
    .select()
    .from(assignmentAnchors)
    .where(eq(assignmentAnchors.assignmentKey, key))
    .orderBy(asc(assignmentAnchors.number));
}

/** The owner's assignment with its anchors, or undefined when there is none under this id. */
export async function findAssignment(
  db: Database,
  owner: string,
  assignmentId: string,
): Promise<StoredAssignment | undefined> {
  const key = assignmentKey(owner, assignmentId);
  const [found, anchors] = await db.batch([findAssignmentQuery(db, key), assignmentAnchorsQuery(db, key)]);
  const assignment = found.at(0);
  return assignment === undefined ? undefined : { assignment, anchors };
}

export interface AssignmentCursor {
  readonly createdAt: number;
  readonly key: string;
}

/** Assignments, newest first, without prompts and anchors. */
export function listAssignmentsQuery(
  db: Database,
  {
    owner,
    limit,
    after,
  }: {
    /** null: everybody's (admin) */
    readonly owner: string | null;
    readonly limit: number;
    readonly after: AssignmentCursor | null;
  },
) {
  const { key, assignmentId, title, gradeScale, anchorCount, createdAt } = assignments;
  return db
    .select({ key, owner: assignments.owner, assignmentId, title, gradeScale, anchorCount, createdAt })
    .from(assignments)
    .where(
      and(
        owner === null ? undefined : eq(assignments.owner, owner),
        after === null ? undefined : sql`(${createdAt}, ${key}) < (${after.createdAt}, ${after.key})`,
      ),
    )
    .orderBy(desc(createdAt), desc(key))
    .limit(limit);
}

/** Removes an assignment and its anchors for good. Batches that used it keep their own copy. */
export async function removeAssignment(db: Database, key: string): Promise<void> {
  await db.batch([
    db.delete(assignmentAnchors).where(eq(assignmentAnchors.assignmentKey, key)),
    db.delete(assignments).where(eq(assignments.key, key)),
  ]);
}
