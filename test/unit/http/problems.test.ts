import { afterEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { PROBLEM_CODES, problemSchema } from "../../../src/contracts/api/problem.ts";
import { createApp } from "../../../src/http/app.ts";
import { PROBLEMS } from "../../../src/http/problem-catalogue.ts";
import { ask, production } from "./production.ts";

afterEach(() => void vi.restoreAllMocks());

const DEVELOPMENT = { ENVIRONMENT: "development", DEFAULT_JUDGE: "offline" };
const BATCH = "0123456789abc";

/** A development environment whose objects answer every call in one way. */
function withObject(answer: () => Promise<unknown>) {
  const object = { overview: answer, erased: answer, openBatch: answer };
  return { ...DEVELOPMENT, ASSESSMENT_BATCH: { getByName: () => object } };
}

async function problemOf(response: Response) {
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  return problemSchema.parse(await response.json());
}

function postBatches(body: BodyInit, headers: Record<string, string> = {}) {
  // Node wants to be told that a stream is sent while the answer may already come.
  const duplex = "half" as const;
  const init = { method: "POST", body, duplex, headers: { "content-type": "application/json", ...headers } };
  return ask("/v1/batches", init, DEVELOPMENT);
}

describe("a problem document", () => {
  it("has the members of RFC 9457 and this service's own", async () => {
    const response = await ask("/v1/nothing?secret=1");
    const problem = await problemOf(response);
    expect(problem).toEqual({
      type: "/docs/errors/not_found",
      title: PROBLEMS.not_found.title,
      status: 404,
      detail: "There is no route /v1/nothing.",
      instance: "/v1/nothing",
      code: "not_found",
      correlation_id: response.headers.get("x-correlation-id"),
    });
    expect(response.status).toBe(404);
  });

  it("is documented with the status it is answered with", async () => {
    const document = z
      .object({
        paths: z.record(
          z.string(),
          z.record(
            z.string(),
            z.looseObject({ responses: z.record(z.string(), z.looseObject({ description: z.string() })) }),
          ),
        ),
      })
      .parse(await (await createApp().request("/openapi.json")).json());
    const documented = Object.values(document.paths)
      .flatMap((methods) => Object.values(methods))
      .flatMap(({ responses }) => Object.entries(responses))
      .flatMap(([status, { description }]) =>
        PROBLEM_CODES.filter((code) => description.includes(`\`${code}\``)).map((code) => ({ code, status })),
      );
    for (const { code, status } of documented)
      expect(`${code} ${PROBLEMS[code].status}`).toBe(`${code} ${status}`);
    const everywhere = ["not_found", "method_not_allowed"];
    expect(new Set([...documented.map(({ code }) => code), ...everywhere])).toEqual(new Set(PROBLEM_CODES));
  });
});

describe("a request that no route takes", () => {
  it("is a 405 with the methods that the path has", async () => {
    const response = await ask("/v1/batches", { method: "PUT" });
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")?.split(", ").toSorted()).toEqual(["GET", "HEAD", "POST"]);
    expect((await problemOf(response)).code).toBe("method_not_allowed");
  });

  it.each(["/", "/v1", "/v1/batches/", "/v2/batches", "/healthz/database"])("is a 404: %s", async (path) => {
    expect((await problemOf(await ask(path))).code).toBe("not_found");
  });
});

describe("a body that cannot be read", () => {
  it("is a 400 that says where reading stopped, and repeats nothing of it", async () => {
    const problem = await problemOf(await postBatches('{"essays": [{"text": "private" oops}]}'));
    expect(problem).toMatchObject({ code: "malformed_body", status: 400 });
    expect(problem.detail).toBe("The body is not valid JSON: line 1 column 32.");
  });

  it.each(["", "  "])("is a 400 when it is empty: %j", async (body) => {
    const problem = await problemOf(await postBatches(body));
    expect(problem.detail).toBe("The body is not valid JSON: it is empty.");
  });

  it("is a 400 when it is not UTF-8, instead of an essay with question marks", async () => {
    const latin1 = Uint8Array.from('{"prompt":"å"}', (character) => character.charCodeAt(0));
    const problem = await problemOf(await postBatches(latin1));
    expect(problem).toMatchObject({ code: "malformed_body", detail: "The body is not encoded in UTF-8." });
  });

  it("may start with a byte order mark", async () => {
    expect((await problemOf(await postBatches("\ufeff{}"))).code).toBe("validation_failed");
  });

  it.each(["text/plain", "application/xml", "application/x-www-form-urlencoded", "nonsense"])(
    "is a 415 when it is sent as %s",
    async (type) => {
      const problem = await problemOf(await postBatches("{}", { "content-type": type }));
      expect(problem).toMatchObject({ code: "unsupported_media_type", status: 415 });
      expect(problem.detail).toContain("application/json");
    },
  );

  it.each(["application/json", "application/json; charset=utf-8", "application/vnd.school+json"])(
    "is not refused for its type when it is sent as %s",
    async (type) => {
      expect((await problemOf(await postBatches("{}", { "content-type": type }))).code).toBe(
        "validation_failed",
      );
    },
  );

  it("is a 413 by the length that it announces, and else as soon as the limit is passed", async () => {
    const announced = await postBatches("{}", { "content-length": String(8 * 1024 * 1024 + 1) });
    expect((await problemOf(announced)).code).toBe("too_large");

    let pulled = 0;
    const endless = new ReadableStream({
      pull(controller) {
        pulled += 1;
        controller.enqueue(new Uint8Array(1024 * 1024).fill(32));
      },
    });
    expect((await problemOf(await postBatches(endless))).code).toBe("too_large");
    expect(pulled).toBeLessThan(12);
  });

  it("is a 413 when it holds more JSON values than memory has room for, before any of them is parsed", async () => {
    const parse = vi.spyOn(JSON, "parse");
    const problem = await problemOf(await postBatches(`{"essays":[${"{},".repeat(2_000_000)}{}]}`));
    expect(problem).toMatchObject({ code: "too_large", status: 413 });
    expect(problem.detail).toBe("The body holds more than 100000 JSON values, which is the limit.");
    expect(parse.mock.calls.filter(([text]) => text.length > 1_000_000)).toEqual([]);
  });

  it.each([
    ["/v1/batches", 8 * 1024 * 1024],
    ["/v1/events", 16 * 1024 * 1024],
    ["/v1/callbacks", 64 * 1024],
  ])("is a 413 that names the limit of %s: %i bytes", async (path, limit) => {
    const send = (size: number) =>
      ask(
        path,
        { method: "POST", body: " ".repeat(size), headers: { "content-type": "application/json" } },
        DEVELOPMENT,
      );
    const problem = await problemOf(await send(limit + 1));
    expect(problem).toMatchObject({ code: "too_large", status: 413 });
    expect(problem.detail).toContain(String(limit));
    expect((await problemOf(await send(limit))).code).toBe("malformed_body");
  });
});

describe("a body that is nested too deeply", () => {
  const nested = (depth: number) => `{"config":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}}`;

  it.each(["/v1/batches", "/v1/callbacks"])("is a 400 of %s that names the limit", async (path) => {
    const init = { method: "POST", headers: { "content-type": "application/json" } };
    const refused = await problemOf(await ask(path, { ...init, body: nested(65) }, DEVELOPMENT));
    expect(refused).toMatchObject({ code: "too_deeply_nested", status: 400 });
    expect(refused.detail).toContain("64 levels");
    const read = await problemOf(await ask(path, { ...init, body: nested(64) }, DEVELOPMENT));
    expect(read.code).toBe("validation_failed");
  });

  it("is refused before it is parsed: nobody learns whether it was JSON", async () => {
    expect((await problemOf(await postBatches("[".repeat(1_000_000)))).code).toBe("too_deeply_nested");
  });
});

describe("a request that breaks its contract", () => {
  it("is a 422 that lists the faults field by field", async () => {
    const essays = [{ essay_id: "a", text: "x" }, { essay_id: "a" }];
    const problem = await problemOf(
      await postBatches(JSON.stringify({ essays, config: { pairing: "best" } })),
    );
    expect(problem).toMatchObject({ code: "validation_failed", status: 422 });
    expect(problem.errors?.map(({ field }) => field)).toContain("essays[1].text");
    expect(problem.errors?.map(({ field }) => field)).toContain("config.pairing");
  });

  it("lists the first 20 faults of many", async () => {
    const essays = Array.from({ length: 100 }, () => ({ essay_id: 1 }));
    const problem = await problemOf(await postBatches(JSON.stringify({ essays })));
    expect(problem.errors).toHaveLength(20);
  });

  it("is never answered with the essays it holds", async () => {
    const essays = [
      { essay_id: "a", text: "very private words".repeat(6_000) },
      { essay_id: "b", text: 5 },
    ];
    const response = await postBatches(JSON.stringify({ essays }));
    expect(await response.text()).not.toContain("private words");
  });

  it.each([
    ["Idempotency-Key", "/v1/batches", { method: "POST", headers: { "idempotency-key": "k".repeat(256) } }],
    ["limit", "/v1/batches?limit=101", {}],
    ["state", "/v1/batches?state=DONE", {}],
    ["cursor", "/v1/batches?cursor=abc", {}],
    ["from", `/v1/batches/${BATCH}/comparisons?from=-1`, {}],
    ["limit", `/v1/batches/${BATCH}/comparisons?limit=1001`, {}],
    ["format", `/v1/batches/${BATCH}/results?format=pdf`, {}],
  ])("is a 422 that names the parameter %s: %s", async (field, path, init) => {
    const problem = await problemOf(await ask(path, init, DEVELOPMENT));
    expect(problem.code).toBe("validation_failed");
    expect(problem.errors?.at(0)?.field).toBe(field.toLowerCase());
  });
});

describe("a parameter that nobody knows", () => {
  it.each([
    "/v1/batches?stat=COMPLETED",
    `/v1/batches/${BATCH}/results?fromat=csv`,
    `/v1/batches/${BATCH}/comparisons?offset=5`,
    "/v1/dead-letters?page=2",
  ])("is a 422 that names it, because ignoring it would answer another question: %s", async (path) => {
    const problem = await problemOf(await ask(path, {}, DEVELOPMENT));
    const [, name] = /\?(\w+)=/.exec(path) ?? [];
    expect(problem.code).toBe("validation_failed");
    expect(problem.errors?.at(0)?.message).toContain(`"${name}"`);
  });
});

describe("a fault of the service", () => {
  it("is a 500 that tells nothing but where to look", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    const broken = withObject(() => Promise.reject(new Error("the password is swordfish")));
    const response = await ask(`/v1/batches/${BATCH}`, {}, broken);
    const problem = await problemOf(response);
    expect(problem).toMatchObject({ code: "internal_error", status: 500 });
    expect(JSON.stringify(problem)).not.toContain("swordfish");
  });

  it("is logged with its cause under the same correlation id", async () => {
    const logged = vi.spyOn(console, "error").mockImplementation(() => {});
    const broken = withObject(() => Promise.reject(new Error("disk full")));
    const response = await ask(`/v1/batches/${BATCH}`, {}, broken);
    const correlationId = response.headers.get("x-correlation-id");
    const [[line]] = logged.mock.calls;
    expect(JSON.parse(line)).toMatchObject({ error: "disk full", correlation_id: correlationId });
  });

  it("is a 503 to be repeated when an object is overloaded", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    const overloaded = Object.assign(new Error("Durable Object is overloaded."), { overloaded: true });
    const response = await ask(
      `/v1/batches/${BATCH}`,
      {},
      withObject(() => Promise.reject(overloaded)),
    );
    expect((await problemOf(response)).code).toBe("unavailable");
    expect(response.headers.get("retry-after")).toBe("5");
  });

  it("is a 503 to be repeated when the database does not answer", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    const prepare = () => {
      throw new Error("D1_ERROR: network connection lost");
    };
    const response = await ask("/v1/batches", {}, { ...DEVELOPMENT, DB: { prepare } });
    expect((await problemOf(response)).code).toBe("unavailable");
  });

  it("is a 503 that names the variable when the configuration is bad, and not its value", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    const response = await ask("/v1/batches", {}, production({ API_KEYS: '[{"name": "private"}]' }));
    const problem = await problemOf(response);
    expect(problem).toMatchObject({ code: "misconfigured", status: 503 });
    expect(problem.detail).toContain("API_KEYS");
    expect(problem.detail).not.toContain("private");
  });
});
