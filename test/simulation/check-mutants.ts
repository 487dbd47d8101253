/** `npm run simulate:mutants`: breaks the service in six ways, one after the other, and says how soon the simulator noticed. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { MUTANTS } from "./mutants.ts";

const { values } = parseArgs({ options: { seeds: { type: "string", default: "1000" } } });
const SIMULATE = fileURLToPath(new URL("./simulate.ts", import.meta.url).href);

let survivors = 0;
for (const { name, breaks } of MUTANTS) {
  const { stdout, status, stderr } = spawnSync(
    process.execPath,
    [
      "--disable-warning=ExperimentalWarning",
      SIMULATE,
      "--jobs",
      "1",
      "--json",
      "--seeds",
      values.seeds,
      "--mutant",
      name,
    ],
    { encoding: "utf8" },
  );
  const { failed } = stdout === "" ? { failed: null } : JSON.parse(stdout);
  const caught = status === 1 && failed !== null;
  if (!caught) survivors += 1;
  const how = caught
    ? `caught by seed ${failed.seed}: ${failed.violations[0]}`
    : `SURVIVED ${values.seeds} seeds ${stderr}`;
  process.stdout.write(`${name} (${breaks})\n  ${how}\n`);
}
process.exitCode = survivors === 0 ? 0 : 1;
