import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Ended, runProgram } from "../kafka/program.ts";
import { PROJECT_FOLDER } from "../rank/local-worker.ts";

const REQUIREMENTS = join(PROJECT_FOLDER, "test/fuzz/requirements.txt");
/** Written last, so that an installation that was broken off is not taken for one. */
const MARK = "installed";
const VERSION_CHECK =
  "import ensurepip, sys, venv; sys.exit(0 if sys.version_info >= (3, 10) else f'it is {sys.version}')";

export type FoundSchemathesis =
  | { readonly kind: "found"; readonly program: string }
  /** why not, in a sentence */
  | { readonly kind: "missing"; readonly reason: string };

/**
 * Installs the pinned schemathesis into an environment of its own below node_modules/.cache, once per list of
 * requirements. Nothing of it is left when node_modules goes.
 */
export async function findSchemathesis(): Promise<FoundSchemathesis> {
  const version = createHash("sha256").update(readFileSync(REQUIREMENTS)).digest("hex").slice(0, 12);
  const folder = join(PROJECT_FOLDER, "node_modules/.cache", `schemathesis-${version}`);
  const programs = join(folder, process.platform === "win32" ? "Scripts" : "bin");
  const program = join(programs, "schemathesis");
  if (existsSync(join(folder, MARK))) return { kind: "found", program };

  const python = await findPython();
  if (python === null)
    return { kind: "missing", reason: "there is no Python 3.10 or later with venv and pip here" };
  await rm(folder, { recursive: true, force: true });
  const made = await runProgram(python, ["-m", "venv", folder]);
  if (made.code !== 0) return failed("the Python environment could not be made", made);
  const installed = await runProgram(join(programs, "python"), [
    ...["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"],
    ...["--retries", "1", "--timeout", "15", "--no-deps", "--requirement", REQUIREMENTS],
  ]);
  if (installed.code !== 0) return failed("schemathesis could not be installed from PyPI", installed);
  await writeFile(join(folder, MARK), version);
  return { kind: "found", program };
}

async function findPython(): Promise<string | null> {
  for (const name of ["python3", "python"]) {
    const { code } = await runProgram(name, ["-c", VERSION_CHECK]);
    if (code === 0) return name;
  }
  return null;
}

function failed(what: string, { output }: Ended): FoundSchemathesis {
  const lastLine = output.trim().split("\n").at(-1) ?? "";
  return { kind: "missing", reason: `${what} (${lastLine})` };
}
