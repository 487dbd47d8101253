import { describe, expect, it } from "vitest";
import { memoryTrend } from "../../bench/soak/memory-trend.ts";
import { quantile, runSoak } from "../../bench/soak/run-soak.ts";

/** `npm run soak` in small: seconds say nothing of leaks, but all else must hold as it does for minutes. */
describe("batches under a steady load of callbacks over HTTPS and the queue", () => {
  it("are all right: every verdict counted once, one terminal event each", { timeout: 240_000 }, async () => {
    const report = await runSoak({
      batches: 8,
      essays: 12,
      warmUpBatches: 2,
      seconds: 15,
      collectsOften: true,
      leak: false,
      keepEvidence: false,
      tell: () => {},
    });
    expect(report.faults).toEqual([]);
    expect(report.callbacks).toBe(8 * 66);
    expect(report.latenciesMs).toHaveLength(8 * 33);
    expect(quantile(report.latenciesMs, 0.99)).toBeGreaterThan(0);
    expect(memoryTrend(report.memory, 2).minima.every(({ megabytes }) => megabytes > 10)).toBe(true);
  });
});
