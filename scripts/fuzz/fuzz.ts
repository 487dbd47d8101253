import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { z } from "zod";
import { SCOPES } from "../../src/settings/api-keys.ts";
import { freePort } from "../../test/e2e/free-port.ts";
import { callerFolder } from "../rank/command.ts";
import { PROJECT_FOLDER, startLocalWorker } from "../rank/local-worker.ts";
import { readArguments, readWholeNumber } from "../rank/options.ts";
import { UserError } from "../rank/user-error.ts";
import { findSchemathesis } from "./schemathesis.ts";

const CONFIGURATION = join(PROJECT_FOLDER, "test/fuzz/schemathesis.toml");
/** A machine that is very busy gets fewer requests, not a build that hangs. */
const RUN_MS = 150_000;

export const FUZZ_USAGE = `Asks the local Worker what its OpenAPI description allows and forbids, and checks every answer against the description
(schemathesis). Needs Python 3.10 or later and PyPI; where they are missing it says so and succeeds.

  npm run fuzz [-- OPTIONS]

--seed N        another seed, for another selection of requests. Default: 1
--examples N    requests per operation and phase. Default: 10
--output FILE   writes {"numPassedTests", "numFailedTests"}: operations, by whether a request showed a fault in them
--help          this text`;

export interface FuzzOptions {
  readonly seed: number;
  readonly examples: number;
  /** absolute path */
  readonly output: string | null;
}

/** @throws UserError for options that cannot be used */
export function readFuzzOptions(args: readonly string[]): FuzzOptions | "help" {
  const { values } = readArguments(
    args,
    {
      seed: { type: "string", default: "1" },
      examples: { type: "string", default: "10" },
      output: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
    0,
  );
  if (values.help) return "help";
  const seed = readWholeNumber("--seed", values.seed, 1, 999_999_999);
  const examples = readWholeNumber("--examples", values.examples, 1, 10_000);
  const output = values.output === undefined ? null : resolve(callerFolder(), values.output);
  return { seed, examples, output };
}

/** Fuzzes a Worker that asks for keys, as a deployed one does. The exit code is 1 when an answer broke the description. */
export async function fuzz(options: FuzzOptions, signal: AbortSignal): Promise<void> {
  const schemathesis = await findSchemathesis();
  if (schemathesis.kind === "missing") {
    console.log(`Not fuzzed: ${schemathesis.reason}.`);
    return;
  }
  const folder = await mkdtemp(join(tmpdir(), "cj-edge-fuzz-"));
  const key = randomBytes(32).toString("hex");
  try {
    const worker = await startLocalWorker({
      port: await freePort(),
      stateFolder: join(folder, "state"),
      vars: guardedBy(key),
      output: { file: join(folder, "worker.log") },
      signal,
    });
    try {
      const code = await run(schemathesis.program, worker.url, key, folder, options, signal);
      const counts = await count(join(folder, "report.json"));
      if (options.output !== null) await writeFile(options.output, JSON.stringify(counts));
      if (code !== 0)
        throw new UserError("The API answered in a way that its description does not allow: see above.");
    } finally {
      await worker.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Not `development`, so that authentication and rate limits are in force. */
function guardedBy(key: string): Record<string, string> {
  const sha256 = createHash("sha256").update(key).digest("hex");
  return {
    ENVIRONMENT: "staging",
    DEFAULT_JUDGE: "offline",
    COMPARISON_ID_KEY: randomBytes(32).toString("hex"),
    API_KEYS: JSON.stringify([{ name: "fuzzer", sha256, scopes: SCOPES }]),
  };
}

async function run(
  program: string,
  url: string,
  key: string,
  folder: string,
  { seed, examples }: FuzzOptions,
  signal: AbortSignal,
): Promise<number> {
  const args = [
    ...["--config-file", CONFIGURATION, "run", `${url}/openapi.json`],
    ...["--seed", String(seed), "--max-examples", String(examples)],
    ...["--report", "json", "--report-json-path", join(folder, "report.json")],
  ];
  const child = spawn(program, args, {
    cwd: folder,
    stdio: "inherit",
    env: { ...process.env, FUZZ_KEY: key },
  });
  const stop = () => child.kill("SIGTERM");
  const late = setTimeout(() => {
    console.log(`Not everything was asked within ${RUN_MS / 1000} s: this machine is busy.`);
    // As Ctrl-C: it then says what it has seen so far, and ends with 0 when there was no failure among it.
    child.kill("SIGINT");
  }, RUN_MS);
  signal.addEventListener("abort", stop, { once: true });
  const code = await new Promise<number>((done, fail) => {
    child.on("error", fail);
    child.on("exit", (ended) => done(ended ?? 1));
  });
  clearTimeout(late);
  return code;
}

const reportSchema = z.object({
  operations: z.object({ tested: z.int() }),
  failures: z.array(z.object({ operations: z.array(z.string()) })),
  errors: z.array(z.unknown()),
});

async function count(file: string): Promise<{ numPassedTests: number; numFailedTests: number }> {
  const { operations, failures, errors } = reportSchema.parse(JSON.parse(await readFile(file, "utf8")));
  const faulty = new Set(failures.flatMap((failure) => failure.operations)).size;
  return { numPassedTests: operations.tested - faulty, numFailedTests: faulty + errors.length };
}
