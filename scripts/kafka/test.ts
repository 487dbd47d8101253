import { spawn } from "node:child_process";
import { join } from "node:path";
import { runCommand } from "../rank/command.ts";
import { PROJECT_FOLDER } from "../rank/local-worker.ts";
import { findKafkaParts, MissingPartError } from "./parts.ts";

/** `npm run test:kafka`: the tests of test/kafka, on a broker and bridges that are fetched, started and stopped. */
await runCommand(async (signal) => {
  const { parts, missing } = await findKafkaParts().catch((error: unknown) => {
    if (error instanceof MissingPartError) process.exitCode = MissingPartError.exitCode;
    throw error;
  });
  for (const sentence of missing) console.log(`Not tested: ${sentence}\n`);
  const vitest = join(PROJECT_FOLDER, "node_modules/vitest/vitest.mjs");
  const child = spawn(
    process.execPath,
    [vitest, "run", "--config", "test/kafka/vitest.config.ts", ...process.argv.slice(2)],
    { cwd: PROJECT_FOLDER, stdio: "inherit", env: { ...process.env, KAFKA_PARTS: JSON.stringify(parts) } },
  );
  const stop = () => child.kill("SIGTERM");
  signal.addEventListener("abort", stop, { once: true });
  process.exitCode = await new Promise<number>((resolve) => child.on("exit", (code) => resolve(code ?? 1)));
  for (const sentence of missing) console.log(`Not tested: ${sentence}`);
});
