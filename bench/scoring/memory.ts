/**
 * Megabytes by which one cold fit of the largest set raises the peak of resident memory beyond the input, in a process of
 * its own (Linux: /proc/self/clear_refs resets the peak). Prints a number, or nothing where that cannot be measured.
 *
 *   node --expose-gc bench/scoring/memory.ts
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fitBradleyTerry } from "../../src/scoring/index.ts";
import { BENCHMARK_SETS, generate } from "./datasets.ts";

function residentMegabytes(name: string): number {
  const status = readFileSync("/proc/self/status", { encoding: "utf8" });
  return Number(status.match(new RegExp(`${name}:\\s+(\\d+)`))?.[1]) / 1024;
}

const largest = BENCHMARK_SETS.at(-1);
if (largest && existsSync("/proc/self/clear_refs")) {
  const data = generate(largest);
  globalThis.gc?.();
  writeFileSync("/proc/self/clear_refs", "5");
  const before = residentMegabytes("VmRSS");
  const { converged } = fitBradleyTerry(data, { prior: { variance: largest.variance } });
  if (converged) console.log((residentMegabytes("VmHWM") - before).toFixed(1));
}
