import { createRoute, z } from "@hono/zod-openapi";
import { assignmentListSchema } from "../../contracts/api/assignments.ts";
import { toWireDatetime } from "../../contracts/datetime.ts";
import { listAssignmentsQuery } from "../../results/assignments.ts";
import { openDatabase } from "../../results/database.ts";
import type { App, Caller } from "../app-env.ts";
import { authenticate, securityOf } from "../authentication.ts";
import { MAX_PAGE_SIZE } from "../limits.ts";
import { cursorSchema, pageOf, wholeNumber } from "../paging.ts";
import { AUTHENTICATION_PROBLEMS, problemResponse } from "../problem.ts";
import { linksOf, mayOwnAs, readScale } from "./assignment-body.ts";

const query = z.strictObject({
  owner: z.string().max(100).optional().openapi({
    description: "only this owner's; default: the caller's own, with the scope `admin` everybody's",
  }),
  limit: wholeNumber({ min: 1, max: MAX_PAGE_SIZE, fallback: 20 }),
  cursor: cursorSchema.optional(),
});

const route = createRoute({
  method: "get",
  path: "/v1/assignments",
  operationId: "listAssignments",
  summary: "List assignments",
  description:
    "The caller's assignments, newest first, without their texts; with the scope `admin` everybody's.",
  tags: ["Assignments"],
  security: securityOf("batches", "admin"),
  middleware: [authenticate("batches", "admin")] as const,
  request: { query },
  responses: {
    200: { description: "One page.", content: { "application/json": { schema: assignmentListSchema } } },
    422: problemResponse("validation_failed"),
    ...AUTHENTICATION_PROBLEMS,
  },
});

export function listAssignments(app: App): void {
  app.openapi(route, async (c) => {
    const { owner, limit, cursor } = c.req.valid("query");
    const { caller } = c.var;
    // Somebody else's assignments do not exist for the caller, so there are none to list.
    if (owner !== undefined && !mayOwnAs(caller, owner))
      return c.json({ assignments: [], next_cursor: null }, 200);
    const rows = await listAssignmentsQuery(openDatabase(c.env.DB), {
      owner: owner ?? ownAlone(caller),
      limit: limit + 1,
      after: cursor === undefined ? null : { createdAt: cursor.createdAt, key: cursor.id },
    });
    const { page, nextCursor } = pageOf(rows, limit, ({ createdAt, key }) => ({ createdAt, id: key }));
    const assignments = page.map((row) => ({
      assignment_id: row.assignmentId,
      owner: row.owner,
      title: row.title,
      grade_scale: readScale(row.gradeScale).name,
      anchor_count: row.anchorCount,
      created_at: toWireDatetime(row.createdAt),
      links: linksOf(row.assignmentId),
    }));
    return c.json({ assignments, next_cursor: nextCursor }, 200);
  });
}

function ownAlone(caller: Caller): string | null {
  return caller.scopes.includes("admin") ? null : caller.name;
}
