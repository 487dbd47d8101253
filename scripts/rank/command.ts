import { constants } from "node:os";
import { describeThrown, UserError } from "./user-error.ts";

const STOP_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
type StopSignal = (typeof STOP_SIGNALS)[number];
const STARTER_POLL_MS = 500;
type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Runs a command line program to its end: an expected failure is one sentence on stderr and exit code 1, a bug
 * brings its stack along, and a stop signal aborts `signal`, so that the program can put its things away first.
 * After a stop the exit code is 128 plus the signal's number, as shells have it.
 *
 * @param run the program; `signal` is aborted by Ctrl-C, SIGTERM, SIGHUP, and the end of the npm that started it
 */
export async function runCommand(run: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const stop = new AbortController();
  const forget = onStop((name) => {
    process.exitCode = 128 + constants.signals[name];
    stop.abort(new UserError(`Stopped by ${name}.`));
  });
  try {
    await run(stop.signal);
  } catch (thrown) {
    process.exitCode ||= 1;
    console.error(explainFailure(stop.signal.aborted ? stop.signal.reason : thrown));
  } finally {
    forget();
  }
}

/** @returns a function that stops listening */
function onStop(stop: (name: StopSignal) => void): () => void {
  const listeners = STOP_SIGNALS.map((name) => ({ name, listener: () => stop(name) }));
  for (const { name, listener } of listeners) {
    process.on(name, listener);
  }
  const starterWatch = watchStarter(() => stop("SIGTERM"));
  return () => {
    clearInterval(starterWatch);
    for (const { name, listener } of listeners) {
      process.off(name, listener);
    }
  };
}

/**
 * npm passes SIGTERM on to the shell between itself and this process, and that shell dies of it without telling.
 * What is left to notice is a new parent.
 */
function watchStarter(stop: () => void): NodeJS.Timeout | undefined {
  const starter = process.ppid;
  const check = () => process.ppid === starter || stop();
  return startedByNpm(process.env) ? setInterval(check, STARTER_POLL_MS).unref() : undefined;
}

function explainFailure(thrown: unknown): string {
  if (thrown instanceof UserError) {
    return thrown.message;
  }
  const stack = thrown instanceof Error ? thrown.stack : undefined;
  return `This is a bug: ${stack ?? describeThrown(thrown)}`;
}

/**
 * The folder that relative paths of the command line start from. npm runs scripts in the project's folder and
 * leaves the folder it was called from in `INIT_CWD`.
 */
export function callerFolder(environment: Environment = process.env): string {
  const { INIT_CWD: calledFrom } = environment;
  return (startedByNpm(environment) ? calledFrom : undefined) ?? process.cwd();
}

/** By `npm run rank` and its like, not by a program that npm runs, such as a test. */
function startedByNpm({ npm_lifecycle_script: script }: Environment): boolean {
  return script?.startsWith("node scripts/") === true;
}
