import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { PROBLEM_CODES } from "../../../src/contracts/api/problem.ts";
import { createApp } from "../../../src/http/app.ts";
import { errorPageOf } from "../../../src/http/error-page.ts";
import { PROBLEMS } from "../../../src/http/problem-catalogue.ts";

const PAGES = new URL("../../../docs/errors/", import.meta.url).pathname;

describe("the pages that explain problems", () => {
  it("exist for every code, and for nothing else", () => {
    const pages = readdirSync(PAGES).map((name) => name.replace(/\.md$/, ""));
    expect(pages.toSorted()).toEqual(PROBLEM_CODES.toSorted());
  });

  it.each(PROBLEM_CODES)("say of %s what the service says", async (code) => {
    await expect(errorPageOf(code)).toMatchFileSnapshot(`${PAGES}${code}.md`);
  });

  it.each(PROBLEM_CODES)("stand where the type of %s points", async (code) => {
    const response = await createApp().request(`/docs/errors/${code}`);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/markdown; charset=utf-8");
    expect(await response.text()).toContain(PROBLEMS[code].meaning);
  });

  it("do not stand where no code is", async () => {
    const response = await createApp().request("/docs/errors/nothing");
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ code: "not_found" });
  });
});
