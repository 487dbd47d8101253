/** The Worker in `wrangler dev`, to be killed without warning and started again on what it had stored by then. */
import { spawn, spawnSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "./free-port.ts";

const PROJECT = join(import.meta.dirname, "../..");
const WRANGLER = join(PROJECT, "node_modules/wrangler/bin/wrangler.js");
const LEASH = join(PROJECT, "scripts/rank/leash.ts");
const READY_WITHIN_MS = 90_000;
const ENVIRONMENT = {
  ...process.env,
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_HIDE_BANNER: "true",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  // The local runtime would store a trace of every call, in the process whose speed and memory the benches measure.
  X_LOCAL_OBSERVABILITY: "false",
};

export interface CrashingWorkerOptions {
  readonly vars: Readonly<Record<string, string>>;
  /** whose Worker is started; default: this checkout's */
  readonly checkout?: string;
  /** another entry point than `src/worker.ts` */
  readonly script?: string;
  /** flags of V8 for all isolates of the runtime, such as a limit of the heap */
  readonly v8Flags?: string;
}

export interface CrashingWorker {
  readonly url: string;
  /** the group of wrangler, workerd and all else that was started */
  readonly processGroup: number;
  /** `kill -9` to wrangler, workerd and all else that was started. Resolves when they are gone. */
  kill(): Promise<void>;
}

/** @param checkout whose migrations are applied; default: this one's */
export function migrate(stateFolder: string, checkout: string = PROJECT): void {
  const { status, stderr } = spawnSync(
    process.execPath,
    [WRANGLER, "d1", "migrations", "apply", "DB", "--local", "--persist-to", stateFolder],
    { cwd: checkout, env: ENVIRONMENT, encoding: "utf8" },
  );
  if (status !== 0) throw new Error(`the migrations failed: ${stderr}`);
}

/** Starts the Worker on what `stateFolder` holds and waits until it is ready. */
export async function startCrashingWorker(
  stateFolder: string,
  { vars, checkout = PROJECT, script, v8Flags = "" }: CrashingWorkerOptions,
): Promise<CrashingWorker> {
  const port = await freePort();
  const log = openSync(join(stateFolder, "worker.log"), "a");
  const child = spawn(
    process.execPath,
    [
      LEASH,
      WRANGLER,
      ...["dev", ...(script === undefined ? [] : [script]), "--local", "--ip", "127.0.0.1"],
      ...["--port", String(port), "--inspector-port", "0"],
      ...["--persist-to", stateFolder, "--show-interactive-dev-session=false"],
      ...Object.entries(vars).flatMap(([name, value]) => ["--var", `${name}:${value}`]),
    ],
    {
      cwd: checkout,
      env: { ...ENVIRONMENT, MINIFLARE_WORKERD_V8_FLAGS: v8Flags },
      detached: true,
      stdio: ["pipe", log, log],
    },
  );
  if (child.pid === undefined) throw new Error("wrangler could not be started");
  const processGroup = child.pid;
  closeSync(log);
  child.stdin?.on("error", () => {});
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const worker = {
    url: `http://127.0.0.1:${port}`,
    processGroup,
    async kill() {
      if (child.exitCode === null && child.signalCode === null) process.kill(-processGroup, "SIGKILL");
      await gone;
    },
  };
  try {
    await untilReady(worker.url);
    return worker;
  } catch (error) {
    await worker.kill();
    throw error;
  }
}

async function untilReady(url: string): Promise<void> {
  const deadline = performance.now() + READY_WITHIN_MS;
  while (performance.now() < deadline) {
    const response = await fetch(`${url}/healthz/ready`, { signal: AbortSignal.timeout(5_000) }).catch(
      () => null,
    );
    await response?.body?.cancel();
    if (response?.ok) return;
    await sleep(150);
  }
  throw new Error(`the Worker was not ready within ${READY_WITHIN_MS} ms`);
}
