import { callerFolder, runCommand } from "./rank/command.ts";
import { RANK_USAGE, rank, readRankOptions } from "./rank/rank.ts";

await runCommand(async (signal) => {
  const options = readRankOptions(process.argv.slice(2), callerFolder());
  await (options === "help" ? console.log(RANK_USAGE) : rank(options, signal));
});
