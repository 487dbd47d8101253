import { createRoute } from "@hono/zod-openapi";
import { replayDeadLetter as replay } from "../../bus/replay.ts";
import { replayOutcomeSchema } from "../../contracts/api/dead-letters.ts";
import { requireSettings } from "../../settings/settings.ts";
import type { App } from "../app-env.ts";
import { authenticate, securityOf } from "../authentication.ts";
import { AUTHENTICATION_PROBLEMS, problem, problemResponse } from "../problem.ts";
import { answerNoLetter, deadLetterParams, findDeadLetter } from "./dead-letter-body.ts";

const route = createRoute({
  method: "post",
  path: "/v1/dead-letters/{id}/replay",
  operationId: "replayDeadLetter",
  summary: "Replay a dead letter",
  description: "Sends the message the way it came, once. Needs the scope `admin`.",
  tags: ["Operation"],
  security: securityOf("admin"),
  middleware: [authenticate("admin")] as const,
  request: { params: deadLetterParams },
  responses: {
    200: {
      description: "What became of it.",
      content: { "application/json": { schema: replayOutcomeSchema } },
    },
    404: problemResponse("dead_letter_not_found"),
    409: problemResponse("dead_letter_already_replayed", "dead_letter_not_kept"),
    ...AUTHENTICATION_PROBLEMS,
  },
});

export function replayDeadLetter(app: App): void {
  app.openapi(route, async (c) => {
    const { id } = c.req.valid("param");
    const letter = await findDeadLetter(c, id);
    if (letter === undefined) return answerNoLetter(c, id);
    const replayed = await replay(c.env, requireSettings(c.env), letter);
    switch (replayed.kind) {
      case "replayed":
        return c.json({ id, outcome: replayed.outcome, detail: replayed.detail }, 200);
      case "already_replayed":
        return problem(c, "dead_letter_already_replayed", `Dead letter ${id} was replayed before.`);
      case "payload_not_kept":
        return problem(
          c,
          "dead_letter_not_kept",
          `Dead letter ${id} had ${letter.payloadBytes} bytes and was not kept: send it from its source.`,
        );
    }
  });
}
