import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type MemorySample, memoryTrend } from "../../../bench/soak/memory-trend.ts";

/** Five minutes, one sample a second. */
function samplesOf(megabytes: (at: number) => number): MemorySample[] {
  return Array.from({ length: 301 }, (_, at) => ({ at, megabytes: megabytes(at) }));
}

/** Garbage of 40 MB that is collected every 17 seconds. */
const sawtooth = (at: number) => 200 + (at % 17) * (40 / 17);

describe("the trend of a process's memory", () => {
  it("is flat for a process that makes garbage and has it collected", () => {
    expect(Math.abs(memoryTrend(samplesOf(sawtooth), 30).slope)).toBeLessThan(0.5);
  });

  it("shows a leak through the garbage", () => {
    const leaking = (at: number) => sawtooth(at) + (at / 60) * 3;
    const { slope } = memoryTrend(samplesOf(leaking), 30);
    expect(slope).toBeGreaterThan(2.5);
    expect(slope).toBeLessThan(3.5);
  });

  it("does not count what was filled in the first half", () => {
    const filling = (at: number) => 100 + Math.min(at, 140);
    expect(memoryTrend(samplesOf(filling), 30).slope).toBe(0);
  });

  it("is the line's own slope when memory is a line", () => {
    fc.assert(
      fc.property(fc.double({ min: -10, max: 10, noNaN: true }), (perMinute) => {
        const line = (at: number) => 1_000 + (at / 60) * perMinute;
        expect(memoryTrend(samplesOf(line), 30).slope).toBeCloseTo(perMinute, 6);
      }),
    );
  });

  it("is not guessed from too short a run", () => {
    expect(() => memoryTrend(samplesOf(sawtooth), 60)).toThrow("2 windows of 60 s");
  });
});
