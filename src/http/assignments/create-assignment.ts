import { createRoute, z } from "@hono/zod-openapi";
import { v4 as uuidV4, v5 as uuidV5 } from "uuid";
import {
  assignmentSchema,
  type CreateAssignmentRequest,
  createAssignmentRequestSchema,
  KAFKA_OWNER,
} from "../../contracts/api/assignments.ts";
import { MAX_IDEMPOTENCY_KEY_LENGTH } from "../../contracts/api/open-batch.ts";
import { toWireScale } from "../../contracts/grade-scale.ts";
import { fingerprintOf } from "../../objects/open-request.ts";
import { assignmentKey, insertAssignment, type StoredAssignment } from "../../results/assignments.ts";
import type { App } from "../app-env.ts";
import { authenticate, securityOf } from "../authentication.ts";
import { MAX_ASSIGNMENT_REQUEST_BYTES } from "../limits.ts";
import { AUTHENTICATION_PROBLEMS, problem, problemResponse } from "../problem.ts";
import { limitBody, requireUtf8 } from "../request-body.ts";
import { assignmentBodyOf, linksOf, mayOwnAs } from "./assignment-body.ts";

const headers = z.object({
  "idempotency-key": z.string().min(1).max(MAX_IDEMPOTENCY_KEY_LENGTH).optional().openapi({
    description: "instead of `assignment_id`: sent again, the same request finds the same assignment",
  }),
});

const success = {
  headers: z.object({ Location: z.string() }),
  content: { "application/json": { schema: assignmentSchema } },
};

const route = createRoute({
  method: "post",
  path: "/v1/assignments",
  operationId: "createAssignment",
  summary: "Create an assignment",
  description:
    "Keeps what several batches have in common: prompt, instructions, rubric, grade scale, and anchors, which are essays of " +
    "known grade. A batch that carries its `assignment_id` uses them and is graded. An assignment does not change: " +
    "to change one, create another.",
  tags: ["Assignments"],
  security: securityOf("batches"),
  middleware: [authenticate("batches"), limitBody(MAX_ASSIGNMENT_REQUEST_BYTES), requireUtf8()] as const,
  request: {
    headers,
    body: { required: true, content: { "application/json": { schema: createAssignmentRequestSchema } } },
  },
  responses: {
    200: { description: "It was created before by the same request.", ...success },
    201: { description: "It is created.", ...success },
    400: problemResponse("malformed_body", "too_deeply_nested"),
    409: problemResponse("assignment_conflict"),
    413: problemResponse("too_large"),
    415: problemResponse("unsupported_media_type"),
    422: problemResponse("validation_failed"),
    ...AUTHENTICATION_PROBLEMS,
  },
});

export function createAssignment(app: App): void {
  app.openapi(route, async (c) => {
    const request = c.req.valid("json");
    const { caller } = c.var;
    const owner = request.owner ?? caller.name;
    if (!mayOwnAs(caller, owner)) {
      const detail = `The key may keep assignments for ${JSON.stringify(caller.name)}; for ${JSON.stringify(owner)} it needs the scope ${owner === KAFKA_OWNER ? "events or admin" : "admin"}.`;
      return problem(c, "forbidden", detail);
    }
    const key = c.req.valid("header")["idempotency-key"];
    const assignmentId = request.assignment_id ?? generatedId(owner, key);
    const wanted = await toStored(request, owner, assignmentId, Date.now());
    const outcome = await insertAssignment(c.env.DB, wanted);
    if (outcome.kind === "conflict") {
      const detail = `Another assignment stands under ${JSON.stringify(assignmentId)}, and assignments do not change: choose another assignment_id or Idempotency-Key.`;
      return problem(c, "assignment_conflict", detail);
    }
    c.header("Location", linksOf(assignmentId).self);
    // One fingerprint means the same anchors, so what was sent is what stands.
    const body = assignmentBodyOf({ ...wanted, assignment: outcome.assignment });
    return outcome.kind === "created" ? c.json(body, 201) : c.json(body, 200);
  });
}

/** An id for an assignment that its caller did not name: it follows from the `Idempotency-Key` where there is one. */
function generatedId(owner: string, idempotencyKey: string | undefined): string {
  if (idempotencyKey === undefined) return uuidV4();
  return uuidV5(JSON.stringify(["assignment", owner, idempotencyKey]), uuidV5.URL);
}

async function toStored(
  request: CreateAssignmentRequest,
  owner: string,
  assignmentId: string,
  now: number,
): Promise<StoredAssignment> {
  const key = assignmentKey(owner, assignmentId);
  const { anchors } = request;
  const content = {
    title: request.title ?? null,
    prompt: request.prompt ?? null,
    instructions: request.instructions ?? null,
    rubric: request.rubric ?? null,
    grade_scale: toWireScale(request.grade_scale),
  };
  return {
    assignment: {
      key,
      owner,
      assignmentId,
      fingerprint: await fingerprintOf({ ...content, anchors }),
      ...content,
      gradeScale: JSON.stringify(content.grade_scale),
      anchorCount: anchors.length,
      createdAt: now,
    },
    anchors: anchors.map(({ anchor_id, grade, text }, number) => ({
      assignmentKey: key,
      number,
      anchorId: anchor_id,
      grade,
      text,
    })),
  };
}
