import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkPortFree } from "../../../scripts/rank/local-worker.ts";

const scriptPath = (name: string) => fileURLToPath(new URL(`../../../scripts/${name}`, import.meta.url).href);

let folder = "";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "processes-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** Listens on a port for the time of `use`. */
async function withTakenPort(use: (port: number) => Promise<void>): Promise<void> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  await use(port).finally(() => server.close());
}

async function runScript(name: string, ...args: string[]) {
  const child = spawn(process.execPath, [scriptPath(name), ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  const [code] = await once(child, "close");
  return { code, stderr };
}

describe("the command line programs", () => {
  it("end with code 1 and one sentence when the port is taken, and name the option", async () => {
    await withTakenPort(async (port) => {
      const sentence = `Port ${port} on 127.0.0.1 is already taken: choose another with --port.\n`;
      const output = join(folder, "results.csv");
      expect(await runScript("rank.ts", "--port", `${port}`, "--output", output)).toEqual({
        code: 1,
        stderr: sentence,
      });
      expect(await runScript("dev.ts", "--port", `${port}`)).toEqual({ code: 1, stderr: sentence });
    });
  });

  it("end with code 1 and one sentence when the folder is missing", async () => {
    const { code, stderr } = await runScript("rank.ts", join(folder, "nowhere"));
    expect({ code, lines: stderr.trim().split("\n").length }).toEqual({ code: 1, lines: 1 });
    expect(stderr).toMatch(/^There is no folder .*nowhere/);
  });

  it("end with code 1 and one sentence when the results have nowhere to go", async () => {
    const { code, stderr } = await runScript("rank.ts", "--output", join(folder, "nowhere", "results.csv"));
    expect({ code, lines: stderr.trim().split("\n").length }).toEqual({ code: 1, lines: 1 });
    expect(stderr).toMatch(/for the results: choose another file with --output/);
  });
});

describe("a port", () => {
  it("counts as free once its listener is gone", async () => {
    let released = 0;
    await withTakenPort(async (port) => {
      released = port;
      await expect(checkPortFree(port)).rejects.toThrow(/already taken/);
    });
    await expect(checkPortFree(released)).resolves.toBeUndefined();
  });
});

describe("the leash", () => {
  /** A program whose child ignores every polite signal, as a hanging workerd would; it writes down both ids. */
  async function startLeashed(ending: string): Promise<{ leash: ChildProcess; ids: readonly number[] }> {
    const idsFile = join(folder, "ids");
    const program = join(folder, "program.cjs");
    await writeFile(
      program,
      `const stubborn = "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)";
       const child = require("node:child_process").spawn(process.execPath, ["-e", stubborn]);
       require("node:fs").writeFileSync(${JSON.stringify(idsFile)}, process.pid + " " + child.pid + " ");
       ${ending}`,
    );
    const leash = spawn(process.execPath, [scriptPath("rank/leash.ts"), program], {
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
    });
    const text = await expect
      .poll(() => readFile(idsFile, "utf8").catch(() => ""), { timeout: 10_000 })
      .toMatch(/^\d+ \d+ $/)
      .then(() => readFile(idsFile, "utf8"));
    return { leash, ids: text.trim().split(" ").map(Number) };
  }

  const isRunning = (id: number): boolean => {
    try {
      return process.kill(id, 0);
    } catch {
      return false;
    }
  };

  const allGone = (ids: readonly number[]) =>
    expect.poll(() => ids.filter(isRunning), { timeout: 10_000 }).toEqual([]);

  it("ends the program and all it started when its starter lets go of the pipe", async () => {
    const { leash, ids } = await startLeashed("setInterval(() => {}, 1000);");
    expect(ids.filter(isRunning)).toEqual(ids);
    leash.stdin?.end();
    await allGone(ids);
  });

  it("ends what a crashed program leaves behind", async () => {
    const { ids } = await startLeashed("setTimeout(() => process.abort(), 50);");
    await allGone(ids);
  });
});
