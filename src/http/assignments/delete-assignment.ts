import { createRoute } from "@hono/zod-openapi";
import { removeAssignment } from "../../results/assignments.ts";
import { openDatabase } from "../../results/database.ts";
import type { App } from "../app-env.ts";
import { authenticate, securityOf } from "../authentication.ts";
import { AUTHENTICATION_PROBLEMS, problemResponse } from "../problem.ts";
import { answerNoAssignment, assignmentParams, findVisible, ownerQuery } from "./assignment-body.ts";

const route = createRoute({
  method: "delete",
  path: "/v1/assignments/{assignment_id}",
  operationId: "deleteAssignment",
  summary: "Delete an assignment",
  description:
    "Removes the assignment with its anchors' texts, for good. Batches that used it have their own copy and keep it until they " +
    "are erased or their retention is over. The id is free again.",
  tags: ["Assignments"],
  security: securityOf("batches", "admin"),
  middleware: [authenticate("batches", "admin")] as const,
  request: { params: assignmentParams, query: ownerQuery },
  responses: {
    204: { description: "The assignment is deleted." },
    404: problemResponse("assignment_not_found"),
    422: problemResponse("validation_failed"),
    ...AUTHENTICATION_PROBLEMS,
  },
});

export function deleteAssignment(app: App): void {
  app.openapi(route, async (c) => {
    const { assignment_id: id } = c.req.valid("param");
    const found = await findVisible(c, id, c.req.valid("query").owner);
    if (found === undefined) return answerNoAssignment(c, id);
    await removeAssignment(openDatabase(c.env.DB), found.assignment.key);
    return c.body(null, 204);
  });
}
