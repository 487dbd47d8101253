/**
 * What the local runtime costs: memory and processor time of the workerd that runs the Worker in one `wrangler dev`. Wrangler's own
 * proxy before it is a second workerd, which grows with every request it passes on and says nothing of the service.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";

export interface RuntimeUsage {
  readonly residentBytes: number;
  /** processor time of all its threads since it started, in whole seconds */
  readonly cpuSeconds: number;
}

/** One `wrangler dev`. */
export interface DevServer {
  /** where its proxy listens */
  readonly url: string;
  /** the group of all its processes */
  readonly processGroup: number;
}

const PS_LINE = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/;

interface RuntimeProcess extends RuntimeUsage {
  readonly pid: number;
}

/** @throws Error when not exactly one workerd runs behind the proxy */
export function readRuntimeUsage(server: DevServer): RuntimeUsage {
  return runtimeProcess(server);
}

function runtimeProcess({ url, processGroup }: DevServer): RuntimeProcess {
  const listing = execFileSync("ps", ["-axwwo", "pid=,pgid=,rss=,time=,args="], { encoding: "utf8" });
  const proxy = `--socket-addr=entry=${new URL(url).host} `;
  const processes = listing.split("\n").flatMap((line) => {
    const [, pid, group, kilobytes, time, command] = PS_LINE.exec(line) ?? [];
    if (Number(group) !== processGroup || !command.includes("workerd serve") || command.includes(proxy))
      return [];
    return [{ pid: Number(pid), residentBytes: Number(kilobytes) * 1024, cpuSeconds: secondsOf(time) }];
  });
  if (processes.length !== 1)
    throw new Error(
      `${processes.length} workerd run behind ${url} in process group ${processGroup}, expected 1`,
    );
  return processes[0];
}

/** `[[days-]hours:]minutes:seconds`, as `ps` writes processor time. */
function secondsOf(time: string): number {
  const [days, clock] = time.includes("-") ? time.split("-") : ["0", time];
  return clock.split(":").reduce((sum, part) => sum * 60 + Number(part), 0) + Number(days) * 86_400;
}

/** The same workerd as Linux accounts for it: finer than `ps`, and it knows the peak. */
export interface RuntimeMeter {
  cpuMs(): number;
  residentBytes(): number;
  /** the most that was resident since the last call of `resetPeak` */
  peakResidentBytes(): number;
  resetPeak(): void;
}

const CLOCK_TICK_MS = 10;

/** @throws Error where there is no /proc */
export function openRuntimeMeter(server: DevServer): RuntimeMeter {
  const { pid } = runtimeProcess(server);
  const status = (name: string) => {
    const text = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(new RegExp(`${name}:\\s+(\\d+)`).exec(text)?.[1]) * 1024;
  };
  return {
    cpuMs() {
      // After the command in parentheses, which may hold spaces: utime and stime are the 12th and 13th fields.
      const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
      return (Number(fields[11]) + Number(fields[12])) * CLOCK_TICK_MS;
    },
    residentBytes: () => status("VmRSS"),
    peakResidentBytes: () => status("VmHWM"),
    resetPeak: () => writeFileSync(`/proc/${pid}/clear_refs`, "5"),
  };
}
