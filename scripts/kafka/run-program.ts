/**
 * Runs any program under the leash of scripts/rank/leash.ts, which itself runs Node programs: passes its stop signal on and
 * ends as the program ends. `node leash.ts run-program.ts PROGRAM [ARGUMENT...]`
 */
import { spawn } from "node:child_process";

const [program, ...args] = process.argv.slice(2);
const child = spawn(program, args, { stdio: ["ignore", "inherit", "inherit"] });
child.on("error", (error) => {
  console.error(`${program} cannot be started: ${error.message}`);
  process.exit(1);
});
child.on("exit", (code) => process.exit(code ?? 1));
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill("SIGTERM"));
