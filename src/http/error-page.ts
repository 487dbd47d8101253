import { PROBLEM_CODES, type ProblemCode } from "../contracts/api/problem.ts";
import type { App } from "./app-env.ts";
import { answerNotFound } from "./errors.ts";
import { PROBLEMS } from "./problem-catalogue.ts";

/** The page behind a problem's `type`, in Markdown; `docs/errors/CODE.md` is the same text. */
export function errorPageOf(code: ProblemCode): string {
  const { status, title, meaning, remedy } = PROBLEMS[code];
  return [
    `# ${title}`,
    `\`${code}\` · HTTP status ${status}`,
    "## What it means",
    meaning,
    "## What to do",
    remedy,
    "",
  ]
    .join("\n\n")
    .trimEnd()
    .concat("\n");
}

export function errorPages(app: App): void {
  app.get("/docs/errors/:code", (c) => {
    const code = PROBLEM_CODES.find((known) => known === c.req.param("code"));
    if (code === undefined) return answerNotFound(c);
    return c.text(errorPageOf(code), 200, { "Content-Type": "text/markdown; charset=utf-8" });
  });
}
