import { createRoute } from "@hono/zod-openapi";
import { assignmentSchema } from "../../contracts/api/assignments.ts";
import type { App } from "../app-env.ts";
import { authenticate, securityOf } from "../authentication.ts";
import { AUTHENTICATION_PROBLEMS, problemResponse } from "../problem.ts";
import {
  answerNoAssignment,
  assignmentBodyOf,
  assignmentParams,
  findVisible,
  ownerQuery,
} from "./assignment-body.ts";

const route = createRoute({
  method: "get",
  path: "/v1/assignments/{assignment_id}",
  operationId: "readAssignment",
  summary: "Read an assignment",
  description: "The assignment with its anchors and their texts.",
  tags: ["Assignments"],
  security: securityOf("batches", "admin"),
  middleware: [authenticate("batches", "admin")] as const,
  request: { params: assignmentParams, query: ownerQuery },
  responses: {
    200: { description: "The assignment.", content: { "application/json": { schema: assignmentSchema } } },
    404: problemResponse("assignment_not_found"),
    422: problemResponse("validation_failed"),
    ...AUTHENTICATION_PROBLEMS,
  },
});

export function readAssignment(app: App): void {
  app.openapi(route, async (c) => {
    const { assignment_id: id } = c.req.valid("param");
    const found = await findVisible(c, id, c.req.valid("query").owner);
    return found === undefined ? answerNoAssignment(c, id) : c.json(assignmentBodyOf(found), 200);
  });
}
