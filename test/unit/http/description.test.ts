import { describe, expect, it } from "vitest";
import { z } from "zod";
import { createApp } from "../../../src/http/app.ts";
import { ask } from "./production.ts";

/** Every route of the API, as the architecture lists them. */
const ROUTES = [
  "post /v1/batches",
  "get /v1/batches",
  "get /v1/batches/{id}",
  "delete /v1/batches/{id}",
  "get /v1/batches/{id}/results",
  "get /v1/batches/{id}/comparisons",
  "get /v1/batches/{id}/history",
  "get /v1/batches/{id}/events",
  "post /v1/batches/{id}/events/republish",
  "get /v1/batches/{id}/next-comparison",
  "post /v1/batches/{id}/comparisons/{comparison_id}/choice",
  "put /v1/batches/{id}/results/{essay_id}/review",
  "post /v1/batches/{id}/cancel",
  "post /v1/assignments",
  "get /v1/assignments",
  "get /v1/assignments/{assignment_id}",
  "delete /v1/assignments/{assignment_id}",
  "post /v1/callbacks",
  "post /v1/events",
  "get /v1/dead-letters",
  "get /v1/dead-letters/{id}",
  "post /v1/dead-letters/{id}/replay",
  "get /healthz",
  "get /healthz/live",
  "get /healthz/ready",
  "get /live",
  "get /ready",
  "get /metrics",
];

const described = z.object({
  openapi: z.literal("3.1.0"),
  info: z.object({ title: z.string(), version: z.string() }),
  components: z.object({
    schemas: z.record(z.string(), z.looseObject({})),
    securitySchemes: z.record(z.string(), z.looseObject({})),
  }),
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.looseObject({
        operationId: z.string(),
        summary: z.string(),
        tags: z.array(z.string()).min(1),
        responses: z.record(z.string(), z.looseObject({ description: z.string() })),
        parameters: z.array(z.looseObject({ name: z.string(), in: z.string() })).optional(),
      }),
    ),
  ),
});

async function describe31() {
  const response = await createApp().request("/openapi.json");
  return described.parse(await response.json());
}

describe("the description of the API", () => {
  it("holds every route, and no other", async () => {
    const { paths } = await describe31();
    const routes = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    );
    expect(routes.toSorted()).toEqual(ROUTES.toSorted());
  });

  it("refers only to what it holds", async () => {
    const document = await describe31();
    const text = JSON.stringify(document);
    const references = [...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name);
    expect(references.length).toBeGreaterThan(50);
    for (const name of references) expect(Object.keys(document.components.schemas)).toContain(name);
    const schemes = [...text.matchAll(/"security":\[(.*?)\](?=,"|\})/g)].flatMap(([, list]) =>
      [...list.matchAll(/"(\w+)":\[/g)].map(([, name]) => name),
    );
    for (const name of schemes) expect(Object.keys(document.components.securitySchemes)).toContain(name);
  });

  it("names every operation once", async () => {
    const { paths } = await describe31();
    const ids = Object.values(paths).flatMap((methods) =>
      Object.values(methods).map(({ operationId }) => operationId),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("declares the parameters of every path", async () => {
    const { paths } = await describe31();
    for (const [path, methods] of Object.entries(paths)) {
      const expected = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      for (const { parameters = [] } of Object.values(methods)) {
        expect(parameters.filter((each) => each.in === "path").map(({ name }) => name)).toEqual(expected);
      }
    }
  });

  it("links an opened batch to everything that can be asked about it", async () => {
    const { paths } = await describe31();
    const ofBatch = Object.entries(paths).flatMap(([path, methods]) =>
      /^\/v1\/batches\/\{id\}[^{]*$/.test(path) ? Object.values(methods) : [],
    );
    const { links } = z
      .looseObject({ links: z.record(z.string(), z.looseObject({})) })
      .parse(paths["/v1/batches"]["post"].responses["202"]);
    expect(Object.keys(links).toSorted()).toEqual(ofBatch.map(({ operationId }) => operationId).toSorted());
  });

  it("is the same at every reading", async () => {
    expect(await describe31()).toEqual(await describe31());
  });

  it("spells patterns as JSON Schema has them, without slashes and flags", async () => {
    const text = JSON.stringify(await describe31());
    for (const [, pattern] of text.matchAll(/"pattern":"((?:[^"\\]|\\.)*)"/g))
      expect(pattern).not.toMatch(/^\/|\/\w+$/);
  });

  it("does not call nothing a valid value where it refers to a named schema", async () => {
    const { components } = await describe31();
    for (const [name, schema] of Object.entries(components.schemas)) {
      expect(JSON.stringify(schema["type"] ?? ""), name).not.toContain("null");
    }
  });

  it("is shown by a page that runs one script, known by its hash, and connects to nothing but this service", async () => {
    const response = await ask("/docs");
    const page = await response.text();
    expect(response.headers.get("content-type")).toMatch(/^text\/html/);
    const scripts = [...page.matchAll(/<script ([^>]*)>([^<]*)</g)];
    const loaded = scripts.filter(([, attributes]) => attributes.includes("src="));
    expect(loaded).toHaveLength(1);
    const [, url] = /src="(https:[^"]+@\d+\.\d+\.\d+\/[^"]+\.js)"/.exec(loaded[0][1]) ?? [];
    expect(loaded[0][1]).toMatch(/integrity="sha384-[\w+/]{64}" crossorigin="anonymous"/);
    expect(scripts.map(([, , code]) => code.trim())).toEqual(scripts.map(() => ""));

    const policy = (response.headers.get("content-security-policy") ?? "").split("; ");
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain(`script-src ${url}`);
    expect(policy).toContain("connect-src 'self'");
    expect(policy.join().match(/https:/g)).toHaveLength(1);
  });
});

describe("every answer", () => {
  it.each(["/healthz/live", "/v1/batches", "/nowhere", "/openapi.json", "/docs/errors/not_found"])(
    "tells browsers to run and frame nothing: %s",
    async (path) => {
      const { headers } = await ask(path);
      expect(headers.get("content-security-policy")).toBe("default-src 'none'; frame-ancestors 'none'");
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("x-frame-options")).toBe("DENY");
      expect(headers.get("strict-transport-security")).toMatch(/^max-age=\d{8}/);
      expect(headers.get("referrer-policy")).toBe("no-referrer");
    },
  );

  it("lets no page of another origin read it, and no preflight through", async () => {
    const origin = { origin: "https://elsewhere.example" };
    const preflight = { ...origin, "access-control-request-method": "POST" };
    const answers = [
      await ask("/v1/batches", { headers: origin }),
      await ask("/openapi.json", { headers: origin }),
      await ask("/v1/batches", { method: "OPTIONS", headers: preflight }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([401, 200, 405]);
    for (const { headers } of answers) {
      expect([...headers.keys()].filter((name) => name.startsWith("access-control-"))).toEqual([]);
      expect(headers.get("cross-origin-resource-policy")).toBe("same-origin");
    }
  });

  it("about batches is kept by no cache", async () => {
    const { headers } = await ask("/v1/batches");
    expect(headers.get("cache-control")).toBe("no-store");
  });
});

describe("health", () => {
  it("is alive without anything else", async () => {
    for (const path of ["/healthz/live", "/live"]) {
      const response = await ask(path, {}, {});
      expect(await response.json()).toEqual({
        status: "alive",
        service: "cj-edge",
        message: "The Worker runs.",
      });
    }
  });

  it("is not ready with a bad setting, and says which, without its value", async () => {
    for (const path of ["/healthz/ready", "/ready"]) {
      const response = await ask(path, {}, { ENVIRONMENT: "development", COMPLETION_THRESHOLD_PCT: "many" });
      expect(response.status).toBe(503);
      const body = await response.text();
      expect(body).toContain("COMPLETION_THRESHOLD_PCT");
      expect(body).not.toContain("many");
    }
  });

  it("is not ready without its database", async () => {
    const response = await ask("/ready", {}, { ENVIRONMENT: "development" });
    expect(await response.json()).toMatchObject({
      status: "not_ready",
      checks: { settings: true, database: false },
    });
    const health = await ask("/healthz", {}, { ENVIRONMENT: "development" });
    expect(health.status).toBe(503);
    expect(await health.json()).toMatchObject({
      status: "unhealthy",
      dependencies: { database: { status: "unhealthy" } },
      environment: "development",
    });
  });
});
