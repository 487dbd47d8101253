/** Where the service calls out to: only where its configuration says, whatever a request or an answer says. */
import { readdirSync, readFileSync } from "node:fs";
import type { RequestListener } from "node:http";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { fetchContent } from "../../src/bus/content-service.ts";
import { createJudge } from "../../src/judges/registry.ts";
import { requireSettings, type Settings } from "../../src/settings/settings.ts";
import { type LocalServer, startLocalServer } from "../fakes/local-server.ts";

const SRC = new URL("../../src", import.meta.url).pathname;

const servers: LocalServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function serve(listener: RequestListener): Promise<{ url: string; paths: string[] }> {
  const paths: string[] = [];
  const server = await startLocalServer((request, response) => {
    paths.push(request.url ?? "");
    listener(request, response);
  });
  servers.push(server);
  return { url: server.url, paths };
}

function settingsWith(variables: Record<string, string>): Settings {
  return requireSettings({ ENVIRONMENT: "development", ...variables });
}

const ASK = {
  comparisonId: "00886429-8e84-8a96-b004-99c9f4cfede6",
  prompt: {
    studentPrompt: null,
    instructions: null,
    rubric: null,
    language: "en",
    first: "I went to the sea.",
    second: "We stayed at home.",
  },
  model: null,
  overrides: null,
  metadata: {},
};

describe("a redirect", () => {
  it.each([
    ["provider-service", { LLM_PROVIDER_SERVICE_TOKEN: "secret" }, "LLM_PROVIDER_SERVICE_URL"],
    [
      "openai-compatible",
      { OPENAI_COMPATIBLE_API_KEY: "secret", OPENAI_COMPATIBLE_MODEL: "m" },
      "OPENAI_COMPATIBLE_BASE_URL",
    ],
    ["anthropic", { ANTHROPIC_API_KEY: "secret", ANTHROPIC_MODEL: "m" }, "ANTHROPIC_BASE_URL"],
  ])("does not take the essays and the key of %s elsewhere", async (name, variables, variable) => {
    const elsewhere = await serve((_request, response) => void response.end("{}"));
    const configured = await serve((_request, response) => {
      response.writeHead(307, { location: `${elsewhere.url}/stolen` }).end();
    });
    const settings = settingsWith({ ...variables, [variable]: configured.url });
    const [outcome] = await createJudge(settings, name).ask([ASK]);
    expect(outcome.kind).toBe("unavailable");
    expect(configured.paths).not.toEqual([]);
    expect(elsewhere.paths).toEqual([]);
  });

  it("does not take the token of the content service elsewhere, nor bring a text from there", async () => {
    const elsewhere = await serve((_request, response) => void response.end("A text."));
    const configured = await serve((_request, response) => {
      response.writeHead(302, { location: `${elsewhere.url}/stolen` }).end();
    });
    const settings = settingsWith({ CONTENT_SERVICE_URL: configured.url, CONTENT_SERVICE_TOKEN: "secret" });
    expect(await fetchContent(settings, "text-1")).toMatchObject({
      kind: "unavailable",
      reason: "the content service answered 302",
    });
    expect(elsewhere.paths).toEqual([]);
  });

  it("is followed by no request of the service", () => {
    const calls = readdirSync(SRC, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .flatMap((name) => {
        const text = readFileSync(join(SRC, name), "utf8");
        return [...text.matchAll(/\bfetch\w*\(\s*`[\s\S]*?\n\s*\}\)/g)].map(([call]) => ({ name, call }));
      });
    expect(calls.length).toBeGreaterThanOrEqual(6);
    for (const { name, call } of calls) expect(call, name).toContain('redirect: "manual"');
  });
});

describe("an answer without an end", () => {
  it.each([
    ["provider-service", {}, "LLM_PROVIDER_SERVICE_URL", 202, "INVALID_RESPONSE"],
    [
      "openai-compatible",
      { OPENAI_COMPATIBLE_API_KEY: "secret", OPENAI_COMPATIBLE_MODEL: "m" },
      "OPENAI_COMPATIBLE_BASE_URL",
      200,
      "INVALID_RESPONSE",
    ],
    [
      "anthropic",
      { ANTHROPIC_API_KEY: "secret", ANTHROPIC_MODEL: "m" },
      "ANTHROPIC_BASE_URL",
      200,
      "INVALID_RESPONSE",
    ],
    [
      "anthropic",
      { ANTHROPIC_API_KEY: "secret", ANTHROPIC_MODEL: "m" },
      "ANTHROPIC_BASE_URL",
      503,
      "SERVICE_UNAVAILABLE",
    ],
  ])("of %s is not read to the end", async (name, variables, variable, status, errorCode) => {
    const hungUp = Promise.withResolvers<void>();
    const endless = await serve((_request, response) => {
      response.on("close", () => hungUp.resolve());
      response.writeHead(status, { "content-type": "application/json" });
      const pour = () => {
        while (!response.destroyed && response.write(" ".repeat(65_536)));
      };
      response.on("drain", pour);
      pour();
    });
    const [outcome] = await createJudge(settingsWith({ ...variables, [variable]: endless.url }), name).ask([
      ASK,
    ]);
    expect(outcome).toMatchObject({ errorCode });
    await hungUp.promise;
  });
});

describe("a storage id from a request", () => {
  it.each([
    ["../secrets", "/content/..%2Fsecrets"],
    ["..\\secrets", "/content/..%5Csecrets"],
    ["%2e%2e/secrets", "/content/%252e%252e%2Fsecrets"],
    ["https://elsewhere.example/essay", "/content/https%3A%2F%2Felsewhere.example%2Fessay"],
    ["//elsewhere.example", "/content/%2F%2Felsewhere.example"],
    ["@elsewhere.example", "/content/%40elsewhere.example"],
    ["a?admin=1#b", "/content/a%3Fadmin%3D1%23b"],
    ["a\r\nhost: elsewhere", "/content/a%0D%0Ahost%3A%20elsewhere"],
  ])("stays one name below the configured address: %j", async (storageId, path) => {
    const configured = await serve((_request, response) => void response.end("A text."));
    const settings = settingsWith({ CONTENT_SERVICE_URL: `${configured.url}/content` });
    expect(await fetchContent(settings, storageId)).toEqual({ kind: "found", text: "A text." });
    expect(configured.paths).toEqual([path]);
  });

  it.each([".", ".."])("is no name of a text when it is %j, and is not asked for", async (storageId) => {
    const configured = await serve((_request, response) => void response.end("A text."));
    const settings = settingsWith({ CONTENT_SERVICE_URL: `${configured.url}/content` });
    expect((await fetchContent(settings, storageId)).kind).toBe("missing");
    expect(configured.paths).toEqual([]);
  });
});
