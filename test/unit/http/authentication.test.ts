import { createHash } from "node:crypto";
import { afterEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { createApp } from "../../../src/http/app.ts";
import { SCOPES } from "../../../src/settings/api-keys.ts";
import { apiKeys, ask, askAs, production, secretOf } from "./production.ts";

afterEach(() => void vi.restoreAllMocks());

const operation = z.looseObject({
  operationId: z.string(),
  security: z.array(z.record(z.string(), z.array(z.string()))).optional(),
});
const openapi = z.object({ paths: z.record(z.string(), z.record(z.string(), operation)) });

/** Every documented operation as something that can be asked, with the scopes that it documents. */
async function documentedOperations() {
  const document = openapi.parse(await (await createApp().request("/openapi.json")).json());
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId, security = [] }]) => ({
      operationId,
      method: method.toUpperCase(),
      template: path,
      path: path.replaceAll(/\{\w+\}/g, "unknown"),
      scopes: security.flatMap((requirement) =>
        Object.entries(requirement).flatMap(([name, names]) => (name === "apiKey" ? names : [])),
      ),
    })),
  );
}

/** What anybody may read: the description of the API, a page that shows it, and what its errors mean. */
const PUBLIC_PAGES = ["GET /openapi.json", "GET /docs", "GET /docs/errors/{code}"];

const operations = await documentedOperations();
const guarded = operations.filter(({ scopes }) => scopes.length > 0);
const open = operations.filter(({ scopes }) => scopes.length === 0);

describe("authentication", () => {
  it("covers everything but health, and the pages that describe the service", () => {
    expect(open.map(({ path }) => path).toSorted()).toEqual([
      "/healthz",
      "/healthz/live",
      "/healthz/ready",
      "/live",
      "/ready",
    ]);
    expect(guarded.length).toBeGreaterThanOrEqual(23);
  });

  it("knows every route: what is not in the description of the API is a page about it", () => {
    const described = new Set(operations.map(({ method, template }) => `${method} ${template}`));
    const undescribed = createApp()
      .routes.map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, "{$1}")}`)
      .filter((route) => !route.startsWith("ALL ") && !described.has(route));
    expect(new Set(undescribed)).toEqual(new Set(PUBLIC_PAGES));
  });

  it.each(guarded)(
    "asks for a key before $operationId, and for one that it knows",
    async ({ method, path }) => {
      for (const headers of [{}, { authorization: "Bearer secret-of-nobody" }]) {
        const response = await ask(path, { method, headers });
        expect(response.status).toBe(401);
        expect(response.headers.get("www-authenticate")).toMatch(/^Bearer /);
        expect(response.headers.get("content-type")).toBe("application/problem+json");
        expect(await response.json()).toMatchObject({ code: "unauthorized", status: 401 });
      }
    },
  );

  it.each(guarded)("asks for the documented scope before $operationId", async ({ method, path, scopes }) => {
    for (const scope of SCOPES) {
      const env = production({ API_KEYS: apiKeys({ caller: [scope] }) });
      const headers = { authorization: `Bearer ${secretOf("caller")}` };
      const response = await ask(path, { method, headers }, env);
      expect(response.status === 403, `${scope} at ${path}`).toBe(!scopes.includes(scope));
      expect(response.status, `${scope} at ${path}`).not.toBe(401);
    }
  });

  it("names the scope that is missing", async () => {
    const response = await askAs("school", "/v1/dead-letters");
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({
      code: "forbidden",
      detail: "The key needs the scope admin.",
    });
  });

  it.each([
    ["an unknown key", "Bearer secret-of-nobody"],
    ["a key of another case", `Bearer ${secretOf("school").toUpperCase()}`],
    ["the hash of a key", `Bearer ${"a".repeat(64)}`],
    ["another scheme", `Basic ${btoa(`school:${secretOf("school")}`)}`],
    ["a scheme without a key", "Bearer "],
    ["a key with a space", "Bearer secret of school"],
  ])("refuses %s", async (_name, authorization) => {
    const response = await ask("/v1/batches", { headers: { authorization } });
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ code: "unauthorized" });
  });

  it("takes the same steps whichever key matches, and wherever a hash differs from the one that is presented", async () => {
    const hash = createHash("sha256").update(secretOf("school")).digest("hex");
    const flip = (at: number) => `${hash.slice(0, at)}${hash[at] === "0" ? "1" : "0"}${hash.slice(at + 1)}`;
    const configured = [
      [hash, flip(0), flip(63)],
      [flip(0), flip(63), hash],
      [flip(0), flip(0), flip(0)],
      [flip(63), flip(63), flip(63)],
    ];
    const read = vi.spyOn(String.prototype, "charCodeAt");
    const steps: number[] = [];
    for (const hashes of configured) {
      const keys = hashes.map((sha256, at) => ({ name: `caller-${at}`, sha256, scopes: ["batches"] }));
      read.mockClear();
      await ask(
        "/v1/dead-letters",
        { headers: { authorization: `Bearer ${secretOf("school")}` } },
        production({ API_KEYS: JSON.stringify(keys) }),
      );
      steps.push(read.mock.contexts.filter((text) => String(text).includes(hash.slice(1, 63))).length);
    }
    expect(new Set(steps).size, String(steps)).toBe(1);
    expect(steps[0]).toBe(2 * 3 * hash.length);
  });

  it("lets nobody in when no keys are configured", async () => {
    const headers = { authorization: `Bearer ${secretOf("school")}` };
    const response = await ask("/v1/batches", { headers }, production({ API_KEYS: "" }));
    expect(response.status).toBe(401);
  });

  it("is off in development, where the caller may do everything", async () => {
    const response = await ask("/v1/batches/unknown", {}, { ENVIRONMENT: "development" });
    expect(response.status).toBe(404);
  });

  it("is on when the environment is not named", async () => {
    const response = await ask("/v1/batches/unknown", {}, production({ ENVIRONMENT: "" }));
    expect(response.status).toBe(401);
  });

  it("repeats no key in the answer or in the log", async () => {
    const lines: unknown[] = [];
    for (const level of ["log", "warn", "error"] as const)
      vi.spyOn(console, level).mockImplementation((line) => void lines.push(line));
    const response = await ask("/v1/batches", { headers: { authorization: "Bearer a-very-private-key" } });
    expect(JSON.stringify([await response.text(), lines])).not.toContain("a-very-private-key");
    expect(lines).toHaveLength(1);
  });
});
