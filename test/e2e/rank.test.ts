import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { essayOfAbility } from "../fakes/known-abilities.ts";
import { startFakeLanguageModels } from "../fakes/language-models.ts";
import { freePort } from "./free-port.ts";

const PROJECT = fileURLToPath(new URL("../../", import.meta.url).href);
const MINUTES = 60_000;

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command as a user does, but for npm around it, and waits for its end. */
function rank(...args: string[]): Promise<Ended> {
  const child = spawn(process.execPath, ["scripts/rank.ts", ...args], {
    cwd: PROJECT,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, stdout, stderr })));
}

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "cj-edge-rank-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe("npm run rank", () => {
  it("ranks the sample essays in the real Worker and writes the results", {
    timeout: 3 * MINUTES,
  }, async () => {
    const port = await freePort();
    const output = join(folder, "results.csv");
    const ended = await rank("--port", String(port), "--output", output);
    expect(ended.stderr).toBe("");
    expect(ended.code).toBe(0);
    expect(ended.stdout).toContain("stand-in");

    const [header, ...rows] = (await readFile(output, "utf8")).trim().split("\n");
    expect(header).toContain("essay_id");
    expect(header).toContain("standard_error");
    expect(rows).toHaveLength(12);
    for (const row of rows) {
      const essay = row.split(",").find((cell) => /^[a-z]+$/.test(cell)) ?? "no essay";
      expect(ended.stdout).toContain(essay);
    }
    await rm(join(PROJECT, ".wrangler/rank", String(port)), { recursive: true, force: true });
  });

  it("ranks by a language model with the key of a settings file, and the given model", {
    timeout: 3 * MINUTES,
  }, async () => {
    const models = await startFakeLanguageModels();
    const port = await freePort();
    const settings = join(folder, "settings");
    await writeFile(
      settings,
      `OPENAI_COMPATIBLE_BASE_URL=${models.url}/openai/v1\nOPENAI_COMPATIBLE_API_KEY=test-key\n`,
    );
    for (const [k, ability] of [6, 2, -2, -6].entries())
      await writeFile(join(folder, `essay-${k}.txt`), essayOfAbility(ability));
    const judge = ["--judge", "openai-compatible", "--model", "honest", "--settings", settings];
    const output = join(folder, "results.csv");
    const ended = await rank(folder, "--port", String(port), "--output", output, ...judge);
    await models.close();
    expect(ended.stderr).toBe("");
    expect(ended.code).toBe(0);
    const [, best] = (await readFile(output, "utf8")).trim().split("\n");
    expect(best).toContain("essay-0");
    expect(models.requests().map(({ headers }) => headers["authorization"])).toEqual(
      Array.from({ length: 6 }, () => "Bearer test-key"),
    );
    await rm(join(PROJECT, ".wrangler/rank", String(port)), { recursive: true, force: true });
  });

  it("says in one sentence which key the judge is missing, and where to put it", {
    timeout: 3 * MINUTES,
  }, async () => {
    const port = await freePort();
    const settings = join(folder, "settings");
    await writeFile(settings, "ANTHROPIC_MODEL=claude-haiku-5-5\n");
    const ended = await rank("--port", String(port), "--judge", "anthropic", "--settings", settings);
    expect(ended.code).not.toBe(0);
    expect(ended.stderr.trim().split("\n")).toHaveLength(1);
    expect(ended.stderr).toContain("ANTHROPIC_API_KEY");
    expect(ended.stderr).toContain(".dev.vars");
    await rm(join(PROJECT, ".wrangler/rank", String(port)), { recursive: true, force: true });
  });

  it("says in one sentence that the port is taken, and how to choose another", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = z.object({ port: z.int() }).parse(server.address());
    const ended = await rank("--port", String(port));
    await new Promise((resolve) => server.close(resolve));
    expect(ended.code).not.toBe(0);
    expect(ended.stderr.trim().split("\n")).toHaveLength(1);
    expect(ended.stderr).toContain("--port");
  });

  it("refuses a folder with an unusable essay in one sentence that names the file", async () => {
    await writeFile(join(folder, "one.txt"), "A first essay.");
    await writeFile(join(folder, "two.txt"), Buffer.from([0xff, 0xfe, 0x41]));
    const ended = await rank(folder);
    expect(ended.code).not.toBe(0);
    expect(ended.stderr.trim().split("\n")).toHaveLength(1);
    expect(ended.stderr).toContain("two.txt");
  });
});
