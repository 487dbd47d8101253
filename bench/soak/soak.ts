/**
 * `npm run soak`: 200 batches of 30 essays under a steady rate of callbacks for five minutes. Every batch must be right, and the
 * runtime must not grow in the second half. `-- --leak` plants a leak, which must be noticed.
 */
import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { memoryTrend } from "./memory-trend.ts";
import { quantile, runSoak } from "./run-soak.ts";

const { values } = parseArgs({
  options: {
    batches: { type: "string", default: "200" },
    essays: { type: "string", default: "30" },
    "warm-up": { type: "string", default: "150" },
    minutes: { type: "string", default: "5" },
    /** seconds of which the least memory is taken */
    window: { type: "string", default: "30" },
    leak: { type: "boolean", default: false },
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
  leak: values.leak,
  keepEvidence: true,
  tell: console.log,
});
const { minima, slope } = memoryTrend(report.memory, WINDOW_SECONDS);
const isFlat = slope < SLOPE_MAX;
console.log(
  `${values.batches} batches, ${report.callbacks} callbacks in ${report.elapsedSeconds.toFixed(0)} s, ` +
    `${report.cpuSeconds} s of CPU; load average ${loadavg()[0].toFixed(1)}`,
);
const [median, p99] = [0.5, 0.99].map((share) => quantile(report.latenciesMs, share).toFixed(0));
console.log(`latency of a callback over HTTPS: median ${median} ms, p99 ${p99} ms`);
console.log(
  `resident memory, minima of ${WINDOW_SECONDS} s in the second half: ${minima.map(({ megabytes }) => megabytes.toFixed(1)).join(", ")} MB`,
);
console.log(
  `slope ${slope.toFixed(2)} MB per minute: ${isFlat ? "flat" : `NOT flat, the bar is ${SLOPE_MAX}`}`,
);
for (const fault of report.faults.slice(0, 20)) console.log(`WRONG ${fault}`);
console.log(report.faults.length === 0 ? "every batch is right" : `${report.faults.length} faults`);
process.exitCode = report.faults.length === 0 && isFlat ? 0 : 1;
