/** What the local runtime costs: memory and processor time of the workerd processes of one `wrangler dev`. */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";

export interface RuntimeUsage {
  readonly residentBytes: number;
  /** processor time of all its threads since it started, in whole seconds */
  readonly cpuSeconds: number;
}

const PS_LINE = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/;

interface RuntimeProcess extends RuntimeUsage {
  readonly pid: number;
}

/** @throws Error when no workerd runs in the group */
export function readRuntimeUsage(processGroup: number): RuntimeUsage {
  const processes = runtimeProcesses(processGroup);
  return {
    residentBytes: processes.reduce((sum, { residentBytes }) => sum + residentBytes, 0),
    cpuSeconds: processes.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
  };
}

function runtimeProcesses(processGroup: number): RuntimeProcess[] {
  const listing = execFileSync("ps", ["-axo", "pid=,pgid=,rss=,time=,comm="], { encoding: "utf8" });
  const processes = listing.split("\n").flatMap((line) => {
    const [, pid, group, kilobytes, time, command] = PS_LINE.exec(line) ?? [];
    if (Number(group) !== processGroup || !command.includes("workerd")) return [];
    return [{ pid: Number(pid), residentBytes: Number(kilobytes) * 1024, cpuSeconds: secondsOf(time) }];
  });
  if (processes.length === 0) throw new Error(`no workerd runs in process group ${processGroup}`);
  return processes;
}

/** `[[days-]hours:]minutes:seconds`, as `ps` writes processor time. */
function secondsOf(time: string): number {
  const [days, clock] = time.includes("-") ? time.split("-") : ["0", time];
  return clock.split(":").reduce((sum, part) => sum * 60 + Number(part), 0) + Number(days) * 86_400;
}

/** The largest workerd of a group as Linux accounts for it: finer than `ps`, and it knows the peak. */
export interface RuntimeMeter {
  cpuMs(): number;
  residentBytes(): number;
  /** the most that was resident since the last call of `resetPeak` */
  peakResidentBytes(): number;
  resetPeak(): void;
}

const CLOCK_TICK_MS = 10;

/** @throws Error where there is no /proc */
export function openRuntimeMeter(processGroup: number): RuntimeMeter {
  const [{ pid }] = runtimeProcesses(processGroup).sort((a, b) => b.residentBytes - a.residentBytes);
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
