import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LocalWorker, startLocalWorker } from "../../scripts/rank/local-worker.ts";
import { freePort } from "./free-port.ts";

const run = promisify(execFile);
const EXAMPLE = /<!-- api-example -->\n```bash\n([\s\S]*?)```/g;

let folder = "";
let worker: LocalWorker;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cj-edge-readme-"));
  worker = await startLocalWorker({
    port: await freePort(),
    stateFolder: join(folder, "state"),
    vars: { ENVIRONMENT: "development", DEFAULT_JUDGE: "offline" },
    output: { file: join(folder, "worker.log") },
  });
}, 120_000);

afterAll(async () => {
  await worker.stop();
  await rm(folder, { recursive: true, force: true });
});

describe("the README's API examples", () => {
  it("work as pasted, one after the other", async () => {
    const readme = await readFile(new URL("../../README.md", import.meta.url).pathname, "utf8");
    const blocks = [...readme.matchAll(EXAMPLE)].map(([, block]) => block);
    expect(blocks.length).toBeGreaterThanOrEqual(6);
    const script = ["set -euo pipefail", ...blocks]
      .join("\n")
      .replaceAll("http://127.0.0.1:8787", worker.url);
    const { stdout } = await run("bash", ["-c", script], { cwd: folder });
    expect(stdout).toMatch(/"batch_id":"[0-9a-z]{13}"/);
    expect(stdout).toContain('"outcome":"applied"');
    expect(stdout).toContain('"state":"COMPLETED"');
    expect(stdout).toContain("rank,essay_id,score,standard_error");
    expect(stdout).toMatch(/^1,anna,/m);
    expect(stdout).not.toContain("application/problem+json");
  });
});
