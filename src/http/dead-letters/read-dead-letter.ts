import { createRoute } from "@hono/zod-openapi";
import { deadLetterSchema } from "../../contracts/api/dead-letters.ts";
import type { App } from "../app-env.ts";
import { authenticate, securityOf } from "../authentication.ts";
import { AUTHENTICATION_PROBLEMS, problemResponse } from "../problem.ts";
import { answerNoLetter, deadLetterParams, findDeadLetter, listedDeadLetterOf } from "./dead-letter-body.ts";

const route = createRoute({
  method: "get",
  path: "/v1/dead-letters/{id}",
  operationId: "readDeadLetter",
  summary: "Read a dead letter",
  description: "One message that could not be used, with its payload. Needs the scope `admin`.",
  tags: ["Operation"],
  security: securityOf("admin"),
  middleware: [authenticate("admin")] as const,
  request: { params: deadLetterParams },
  responses: {
    200: { description: "The dead letter.", content: { "application/json": { schema: deadLetterSchema } } },
    404: problemResponse("dead_letter_not_found"),
    ...AUTHENTICATION_PROBLEMS,
  },
});

export function readDeadLetter(app: App): void {
  app.openapi(route, async (c) => {
    const { id } = c.req.valid("param");
    const letter = await findDeadLetter(c, id);
    if (letter === undefined) return answerNoLetter(c, id);
    return c.json({ ...listedDeadLetterOf(letter), payload: letter.payload }, 200);
  });
}
