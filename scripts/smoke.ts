import { runCommand } from "./rank/command.ts";
import { readSmokeOptions, SMOKE_USAGE, smoke } from "./smoke/smoke.ts";

await runCommand(async (signal) => {
  const options = readSmokeOptions(process.argv.slice(2), process.env);
  await (options === "help" ? console.log(SMOKE_USAGE) : smoke(options, signal));
});
