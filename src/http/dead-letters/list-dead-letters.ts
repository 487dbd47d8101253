import { createRoute, z } from "@hono/zod-openapi";
import { deadLetterListSchema } from "../../contracts/api/dead-letters.ts";
import { openDatabase } from "../../results/database.ts";
import { listDeadLettersQuery } from "../../results/dead-letters.ts";
import type { App } from "../app-env.ts";
import { authenticate, securityOf } from "../authentication.ts";
import { MAX_PAGE_SIZE } from "../limits.ts";
import { linksTo } from "../operation-links.ts";
import { cursorSchema, pageOf, wholeNumber } from "../paging.ts";
import { AUTHENTICATION_PROBLEMS, problemResponse } from "../problem.ts";
import { listedDeadLetterOf } from "./dead-letter-body.ts";

const query = z.strictObject({
  limit: wholeNumber({ min: 1, max: MAX_PAGE_SIZE, fallback: 20 }),
  cursor: cursorSchema.optional(),
});

const route = createRoute({
  method: "get",
  path: "/v1/dead-letters",
  operationId: "listDeadLetters",
  summary: "List dead letters",
  description:
    "Messages that could not be used, newest first, each with its reason. Needs the scope `admin`.",
  tags: ["Operation"],
  security: securityOf("admin"),
  middleware: [authenticate("admin")] as const,
  request: { query },
  responses: {
    200: {
      description: "One page.",
      links: linksTo("$response.body#/dead_letters/0/id", ["readDeadLetter", "replayDeadLetter"]),
      content: { "application/json": { schema: deadLetterListSchema } },
    },
    422: problemResponse("validation_failed"),
    ...AUTHENTICATION_PROBLEMS,
  },
});

export function listDeadLetters(app: App): void {
  app.openapi(route, async (c) => {
    const { limit, cursor } = c.req.valid("query");
    const rows = await listDeadLettersQuery(openDatabase(c.env.DB), limit + 1, cursor ?? null);
    const { page, nextCursor } = pageOf(rows, limit, ({ createdAt, id }) => ({ createdAt, id }));
    return c.json({ dead_letters: page.map(listedDeadLetterOf), next_cursor: nextCursor }, 200);
  });
}
