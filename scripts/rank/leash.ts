/**
 * Runs a Node program and everything it starts as one process group, and ends the whole group when its own
 * standard input closes. The starter holds the other end of that pipe: if the starter ends in any way, even by
 * SIGKILL, the pipe closes and no workerd outlives it. Start it detached: `node leash.ts PROGRAM [ARGUMENT...]`.
 */
import { spawn, spawnSync } from "node:child_process";

const SHUTDOWN_MS = 5_000;

const child = spawn(process.execPath, process.argv.slice(2), { stdio: ["ignore", "inherit", "inherit"] });
let ending = false;

/** Ends at least the child and itself; on POSIX every process of the group. */
function killGroup(): void {
  if (process.platform === "win32") {
    spawnSync("taskkill", ["/pid", String(child.pid), "/t", "/f"]);
    process.exit(1);
  }
  process.kill(-process.pid, "SIGKILL");
}

function endGroup(): void {
  if (ending) {
    return;
  }
  ending = true;
  child.kill("SIGTERM");
  setTimeout(killGroup, SHUTDOWN_MS).unref();
}

child.on("error", killGroup);
child.on("exit", (code) => {
  if (code !== 0 || ending) {
    killGroup();
  }
  // Success can hide a crash: wrangler's launcher exits with 0 when wrangler itself was killed, and workerd stays.
  ending = true;
  if (process.platform !== "win32") {
    process.kill(-process.pid, "SIGTERM");
  }
  process.exit(0);
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, endGroup);
}
process.stdin.on("close", endGroup).on("error", endGroup).resume();
