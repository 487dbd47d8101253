import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { UserError } from "../rank/user-error.ts";

const LEASH = fileURLToPath(new URL("../rank/leash.ts", import.meta.url).href);
const RUN_PROGRAM = fileURLToPath(new URL("./run-program.ts", import.meta.url).href);
/** A machine that is busy with other things takes its time to start a JVM. */
const START_MS = 180_000;
const POLL_MS = 100;
/** The leash ends the group by force after five seconds. */
const STOP_MS = 10_000;

export interface ServiceOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** It is ready as soon as it listens here, on the loopback interface. */
  readonly port: number;
  readonly logFile: string;
}

/** A server in a process group of its own, which does not outlive this process however that ends. */
export interface Service {
  /** Asks it to end and waits until it has. Can be called again. */
  stop(): Promise<void>;
  /** Ends it at once, as a crash does. */
  kill(): Promise<void>;
}

/** @throws UserError with the end of its log when it ends or does not listen within three minutes */
export async function startService(options: ServiceOptions): Promise<Service> {
  mkdirSync(dirname(options.logFile), { recursive: true });
  const log = openSync(options.logFile, "a");
  const child = spawn(process.execPath, [LEASH, RUN_PROGRAM, options.command, ...options.args], {
    detached: true,
    stdio: ["pipe", log, log],
    env: { ...process.env, ...options.env },
  });
  closeSync(log);
  child.stdin?.on("error", () => {});
  const exited = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  const service: Service = {
    async stop() {
      child.stdin?.end();
      await Promise.race([exited, sleep(STOP_MS, undefined, { ref: false })]);
      killGroup(child);
      await exited;
    },
    async kill() {
      killGroup(child);
      await exited;
    },
  };
  let ended = false;
  void exited.then(() => {
    ended = true;
  });
  const deadline = performance.now() + START_MS;
  while (!(await listens(options.port))) {
    if (ended || performance.now() > deadline) {
      const why = ended ? "ended" : `did not listen within ${START_MS / 1_000} s`;
      await service.kill();
      const said = readFileSync(options.logFile, "utf8").trim().slice(-1_500);
      throw new UserError(`${options.name} ${why}. Its log:\n${said}`);
    }
    await sleep(POLL_MS);
  }
  return service;
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // ESRCH: nobody is left in the group, which is what was wanted.
  }
}
