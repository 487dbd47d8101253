/**
 * `npm run soak`: 200 batches of 30 essays under a steady rate of callbacks for five minutes. Every batch must be right, and the
 * runtime must not grow in the second half. `-- --leak` plants a leak, which must be noticed. `-- --latency` leaves V8 alone, as the
 * platform does, and judges no memory: the garbage that piles up for minutes would hide a leak, and collecting it takes time.
 */
import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { type MemorySample, memoryTrend } from "./memory-trend.ts";
import { quantile, runSoak } from "./run-soak.ts";

const { values } = parseArgs({
  options: {
    batches: { type: "string", default: "200" },
    essays: { type: "string", default: "30" },
    "warm-up": { type: "string", default: "192" },
    minutes: { type: "string", default: "5" },
    /** seconds of which the least memory is taken */
    window: { type: "string", default: "30" },
    leak: { type: "boolean", default: false },
    latency: { type: "boolean", default: false },
  },
});
const WINDOW_SECONDS = Number(values.window);
/** Megabytes per minute. */
const SLOPE_MAX = 1;

const report = await runSoak({
  batches: Number(values.batches),
  essays: Number(values.essays),
  warmUpBatches: Number(values["warm-up"]),
  seconds: Number(values.minutes) * 60,
  collectsOften: !values.latency,
  leak: values.leak,
  keepEvidence: true,
  tell: console.log,
});
console.log(
  `${values.batches} batches, ${report.callbacks} callbacks in ${report.elapsedSeconds.toFixed(0)} s, ` +
    `${report.cpuSeconds} s of CPU; load average ${loadavg()[0].toFixed(1)}`,
);
const [median, p99] = [0.5, 0.99].map((share) => quantile(report.latenciesMs, share).toFixed(0));
console.log(`latency of a callback over HTTPS: median ${median} ms, p99 ${p99} ms`);
const grows = !values.latency && growsIn(report.memory);
for (const fault of report.faults.slice(0, 20)) console.log(`WRONG ${fault}`);
console.log(report.faults.length === 0 ? "every batch is right" : `${report.faults.length} faults`);
process.exitCode = report.faults.length === 0 && !grows ? 0 : 1;

function growsIn(memory: readonly MemorySample[]): boolean {
  const { minima, slope } = memoryTrend(memory, WINDOW_SECONDS);
  const isFlat = slope < SLOPE_MAX;
  console.log(
    `resident memory, minima of ${WINDOW_SECONDS} s in the second half: ${minima.map(({ megabytes }) => megabytes.toFixed(1)).join(", ")} MB`,
  );
  console.log(
    `slope ${slope.toFixed(2)} MB per minute: ${isFlat ? "flat" : `NOT flat, the bar is ${SLOPE_MAX}`}`,
  );
  return !isFlat;
}
