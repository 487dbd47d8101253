/**
 * What belongs to one caller does not exist for another. The routes come from the description of the API, so that a new one is asked
 * for here by itself.
 */
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { createApp } from "../../../src/http/app.ts";
import { SCOPES, type Scope } from "../../../src/settings/api-keys.ts";
import { essaysOf } from "../harness.ts";
import { startProduction } from "./production.ts";

const callers: Readonly<Record<string, readonly Scope[]>> = {
  owner: ["batches"],
  ...Object.fromEntries(SCOPES.map((scope) => [strangerWith(scope), [scope]])),
};
const { ask } = await startProduction(callers);

function strangerWith(scope: Scope): string {
  return `stranger-${scope}`;
}

/** How the owner comes by a thing of each kind: the first part of a path below /v1 names the kind. */
const OWNED: Readonly<Record<string, () => Promise<string>>> = {
  batches: openBatch,
  assignments: createAssignment,
};

/** The first parameter of a path says which thing is asked about. */
const ID = /\{\w+\}/;

/** A body that each operation would take from the owner. */
const BODIES: Readonly<Record<string, object>> = {
  recordChoice: { winner: "Essay A" },
  reviewGrade: { reviewed_by: "A. Teacher" },
};

async function openBatch(): Promise<string> {
  const response = await ask("owner", "/v1/batches", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ essays: essaysOf(3), judge: "human" }),
  });
  return z.object({ batch_id: z.string() }).parse(await response.json()).batch_id;
}

async function createAssignment(): Promise<string> {
  const response = await ask("owner", "/v1/assignments", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      grade_scale: {
        grades: [
          { label: "fail", prior: 0.5 },
          { label: "pass", prior: 0.5 },
        ],
      },
      anchors: [
        { anchor_id: "weak", grade: "fail", text: "It was ok. ".repeat(20) },
        { anchor_id: "strong", grade: "pass", text: "The wind told us where to walk. ".repeat(5) },
      ],
    }),
  });
  return z.object({ assignment_id: z.string() }).parse(await response.json()).assignment_id;
}

const documentSchema = z.object({
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.looseObject({
        operationId: z.string(),
        security: z.array(z.record(z.string(), z.array(z.string()))).default([]),
        requestBody: z.looseObject({}).optional(),
      }),
    ),
  ),
});

/** Every operation on one thing that a caller without `admin` may ask for, once for each scope that lets one in. */
async function operationsOnOneThing() {
  const answer = await createApp().request("/openapi.json");
  const { paths } = documentSchema.parse(await answer.json());
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, { operationId, security, requestBody }]) =>
      SCOPES.filter((scope) => scope !== "admin" && ID.test(path))
        .filter((scope) => security.some((each) => each["apiKey"]?.includes(scope) === true))
        .map((scope) => ({
          operationId,
          method: method.toUpperCase(),
          path,
          scope,
          takesBody: requestBody !== undefined,
        })),
    ),
  );
}

const operations = await operationsOnOneThing();

describe("what belongs to another caller", () => {
  it("is asked for in every way there is", () => {
    expect(operations.length).toBeGreaterThanOrEqual(13);
  });

  it.each(operations)(
    "cannot be told from what does not exist: $operationId with the scope $scope",
    async ({ operationId, method, path, scope, takesBody }) => {
      const [, , kind] = path.split("/");
      expect(Object.keys(OWNED), "how the owner comes by it").toContain(kind);
      if (takesBody) expect(Object.keys(BODIES), "a body that the owner could send").toContain(operationId);
      const id = await OWNED[kind]();
      const unknownId = `${id.slice(0, -1)}${id.endsWith("0") ? "1" : "0"}`;
      const answerFor = async (asked: string) => {
        const response = await ask(
          strangerWith(scope),
          path.replace(ID, asked).replaceAll(/\{\w+\}/g, "26e16c15-8a1d-81f0-b200-000b9de3f5c1"),
          {
            method,
            headers: {
              "x-correlation-id": "c0ffee00-0000-4000-8000-000000000001",
              ...(takesBody ? { "content-type": "application/json" } : {}),
            },
            ...(takesBody ? { body: JSON.stringify(BODIES[operationId]) } : {}),
          },
        );
        const headers = [...response.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
        const text = `${headers}\n${await response.text()}`;
        return { status: response.status, text: text.replaceAll(asked, "ID") };
      };
      const existing = await answerFor(id);
      expect(existing.status).toBe(404);
      expect(existing).toEqual(await answerFor(unknownId));
      // It is still there, and as it was.
      expect((await ask("owner", `/v1/${kind}/${id}`)).status).toBe(200);
    },
  );
});
