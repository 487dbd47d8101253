import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { describeThrown, UserError } from "./user-error.ts";

export const PROJECT_FOLDER = fileURLToPath(new URL("../../", import.meta.url).href);
const WRANGLER = join(PROJECT_FOLDER, "node_modules/wrangler/bin/wrangler.js");
const LEASH = fileURLToPath(new URL("./leash.ts", import.meta.url).href);
const HOST = "127.0.0.1";
const READY_POLL_MS = 250;
const READY_REQUEST_MS = 5_000;
const STOP_MS = 10_000;

export interface LocalWorkerOptions {
  readonly port: number;
  /** Where D1, the objects and the queues keep their state; two running Workers must not share one. */
  readonly stateFolder: string;
  /** Variables over those of wrangler.toml. */
  readonly vars: Readonly<Record<string, string>>;
  /** A file of variables, one NAME=value per line, in the place of the project's `.dev.vars`. */
  readonly settingsFile?: string;
  /**
   * True: the binding of Workers AI is connected to Cloudflare, which needs `wrangler login`. Default false: it is switched
   * off, and nothing needs an account.
   */
  readonly workersAi?: boolean;
  /** A file for all that the Worker and wrangler print, or `inherit` to print it here. */
  readonly output: { readonly file: string } | "inherit";
  /** Milliseconds until the Worker must be ready. Default 90,000: the first start bundles and migrates. */
  readonly startTimeoutMs?: number;
  /** Aborted: starting stops, and what was started is stopped. */
  readonly signal?: AbortSignal;
}

export interface LocalWorker {
  /** Base address without a slash at its end. */
  readonly url: string;
  /** Aborted, with a UserError as reason, when the Worker ends without having been told to. */
  readonly ended: AbortSignal;
  /** Ends wrangler, workerd and all else that was started. Can be called again. */
  stop(): Promise<void>;
}

/**
 * Starts this project's Worker in workerd by `wrangler dev`, after applying the D1 migrations locally, and waits
 * until `/healthz/ready` says so. Nothing of it goes over the network, Workers AI apart.
 *
 * @throws UserError if the port is taken, the migrations fail, or the Worker does not become ready in time
 */
export async function startLocalWorker(options: LocalWorkerOptions): Promise<LocalWorker> {
  await checkPortFree(options.port);
  await applyMigrations(options);
  const { port, stateFolder, workersAi = false } = options;
  const vars = workersAi ? options.vars : { ...options.vars, WORKERS_AI: "off" };
  const ended = new AbortController();
  const group = startWrangler(options, [
    ...["dev", "--ip", HOST, "--port", String(port), "--inspector-port", "0"],
    ...["--persist-to", stateFolder, "--show-interactive-dev-session=false"],
    ...(workersAi ? [] : ["--local"]),
    ...(options.settingsFile === undefined ? [] : ["--env-file", options.settingsFile]),
    ...Object.entries(vars).flatMap(([name, value]) => ["--var", `${name}:${value}`]),
  ]);
  let stopping = false;
  group.exited.then(() => {
    if (!stopping) {
      ended.abort(new UserError(`The local Worker ended unexpectedly: ${pointToOutput(options)}.`));
    }
  });
  const stop = () => {
    stopping = true;
    return group.end();
  };
  const worker = { url: `http://${HOST}:${port}`, ended: ended.signal, stop };
  try {
    await waitUntilReady(worker, options);
    return worker;
  } catch (thrown) {
    await stop();
    throw thrown;
  }
}

/** @throws UserError if something listens on the port already */
export async function checkPortFree(port: number): Promise<void> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once("error", (error: NodeJS.ErrnoException) => {
      const problem = error.code === "EADDRINUSE" ? "is already taken" : `cannot be used (${error.message})`;
      reject(new UserError(`Port ${port} on ${HOST} ${problem}: choose another with --port.`));
    });
    probe.listen({ port, host: HOST, exclusive: true }, () => probe.close(() => resolve()));
  });
}

async function applyMigrations(options: LocalWorkerOptions): Promise<void> {
  const group = startWrangler(options, [
    ...["d1", "migrations", "apply", "DB", "--local", "--persist-to", options.stateFolder],
  ]);
  const onAbort = () => group.end();
  options.signal?.addEventListener("abort", onAbort, { once: true });
  const code = await group.exited;
  options.signal?.removeEventListener("abort", onAbort);
  options.signal?.throwIfAborted();
  if (code !== 0) {
    throw new UserError(`The D1 migrations could not be applied locally: ${pointToOutput(options)}.`);
  }
}

const pointToOutput = ({ output, workersAi = false }: LocalWorkerOptions): string => {
  const where = output === "inherit" ? "see above" : `see ${output.file}`;
  return workersAi
    ? `${where} (Workers AI needs a Cloudflare account: run \`npx wrangler login\` first)`
    : where;
};

async function waitUntilReady(worker: LocalWorker, options: LocalWorkerOptions): Promise<void> {
  const timeoutMs = options.startTimeoutMs ?? 90_000;
  const deadline = AbortSignal.timeout(timeoutMs);
  const signal = AbortSignal.any([deadline, worker.ended, ...(options.signal ? [options.signal] : [])]);
  let lastAnswer = "no answer yet";
  try {
    for (;;) {
      const answer = await askReady(worker.url, signal);
      if (answer.ready) {
        return;
      }
      lastAnswer = answer.text;
      await sleep(READY_POLL_MS, undefined, { signal });
    }
  } catch (thrown) {
    options.signal?.throwIfAborted();
    worker.ended.throwIfAborted();
    if (!deadline.aborted) {
      throw thrown;
    }
    const waited = `The local Worker was not ready after ${timeoutMs / 1_000} s (${lastAnswer})`;
    throw new UserError(`${waited}: ${pointToOutput(options)}.`);
  }
}

async function askReady(url: string, signal: AbortSignal): Promise<{ ready: boolean; text: string }> {
  try {
    const response = await fetch(`${url}/healthz/ready`, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(READY_REQUEST_MS)]),
    });
    const text = await response.text();
    return { ready: response.ok, text: `${response.status} ${text.slice(0, 300)}`.trim() };
  } catch (thrown) {
    signal.throwIfAborted();
    return { ready: false, text: describeThrown(thrown) };
  }
}

interface ProcessGroup {
  /** Resolves with the exit code, or null if a signal ended it. */
  readonly exited: Promise<number | null>;
  end(): Promise<void>;
}

/** Starts wrangler under the leash, with this very Node, whatever `node` the PATH has. */
function startWrangler({ output }: LocalWorkerOptions, args: readonly string[]): ProcessGroup {
  const file = output === "inherit" ? null : openForAppending(output.file);
  const sink = file ?? "inherit";
  const child = spawn(process.execPath, [LEASH, WRANGLER, ...args], {
    cwd: PROJECT_FOLDER,
    detached: true,
    stdio: ["pipe", sink, sink],
    env: {
      ...process.env,
      // Neither of these may slow a local run down or need the network.
      WRANGLER_SEND_METRICS: "false",
      WRANGLER_HIDE_BANNER: "true",
      CLOUDFLARE_CF_FETCH_ENABLED: "false",
    },
  });
  if (file !== null) {
    closeSync(file);
  }
  return watchGroup(child);
}

function openForAppending(file: string): number {
  mkdirSync(dirname(file), { recursive: true });
  return openSync(file, "a");
}

function watchGroup(child: ChildProcess): ProcessGroup {
  const exited = new Promise<number | null>((resolve) => {
    child.once("exit", (code) => {
      // Empty by now, unless the leash itself was killed.
      killGroup(child);
      resolve(code);
    });
    child.once("error", () => resolve(1));
  });
  // The leash may be gone before its pipe is closed here.
  child.stdin?.on("error", () => {});
  return {
    exited,
    async end() {
      child.stdin?.end();
      const stopped = await Promise.race([exited.then(() => true), sleep(STOP_MS, false, { ref: false })]);
      if (!stopped) {
        killGroup(child);
      }
    },
  };
}

/** Windows has no process groups: there the leash ends the tree. */
function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined || process.platform === "win32") {
    return;
  }
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // ESRCH: nobody is left in the group, which is what was wanted.
  }
}
