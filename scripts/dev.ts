import { join } from "node:path";
import { runCommand } from "./rank/command.ts";
import { PROJECT_FOLDER, startLocalWorker } from "./rank/local-worker.ts";
import { readArguments, readPort } from "./rank/options.ts";

const USAGE = `Serves the API on this machine, with the offline judge and without authentication.

  npm run dev [-- OPTIONS]

--port N      port on 127.0.0.1. Default: 8787
--workers-ai  connect Workers AI, for the judge workers-ai; needs \`npx wrangler login\`
--help        this text`;

await runCommand(async (signal) => {
  const { values } = readArguments(
    process.argv.slice(2),
    {
      port: { type: "string", default: "8787" },
      "workers-ai": { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
    0,
  );
  await (values.help ? console.log(USAGE) : serve(readPort(values.port), values["workers-ai"], signal));
});

/** Serves until stopped; being stopped is how it ends well. */
async function serve(port: number, workersAi: boolean, signal: AbortSignal): Promise<void> {
  const worker = await startLocalWorker({
    port,
    stateFolder: join(PROJECT_FOLDER, ".wrangler/state"),
    vars: { ENVIRONMENT: "development", DEFAULT_JUDGE: "offline" },
    workersAi,
    output: "inherit",
    signal,
  });
  console.log(`Serving on ${worker.url} (documentation: ${worker.url}/docs). Ctrl-C stops it.`);
  try {
    await new Promise<void>((resolve, reject) => {
      signal.addEventListener("abort", () => resolve(), { once: true });
      worker.ended.addEventListener("abort", () => reject(worker.ended.reason), { once: true });
    });
  } finally {
    await worker.stop();
  }
  process.exitCode = 0;
}
