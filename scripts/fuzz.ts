import { FUZZ_USAGE, fuzz, readFuzzOptions } from "./fuzz/fuzz.ts";
import { runCommand } from "./rank/command.ts";

await runCommand(async (signal) => {
  const options = readFuzzOptions(process.argv.slice(2));
  await (options === "help" ? console.log(FUZZ_USAGE) : fuzz(options, signal));
});
