/**
 * Megabytes by which one final ranking of a large batch raises the peak of resident memory, and its seconds of processor time, as
 * JSON: what is outside the heap of V8, such as matrices, is in it. In a process of its own (Linux: /proc/self/clear_refs resets the
 * peak), whose heap is kept small, so that garbage is not taken for need:
 *
 *   node --expose-gc --max-old-space-size=48 bench/memory/scoring-peak.ts ESSAYS COMPARISONS
 */
import { readFileSync, writeFileSync } from "node:fs";
import type { Comparison, Essay } from "../../src/batch/batch.ts";
import { rankEssays } from "../../src/batch/ranking.ts";
import { seededRandom } from "../../src/pairing/seeded-random.ts";

const [essayCount, comparisonCount] = process.argv.slice(2).map(Number);

const essays = Array.from(
  { length: essayCount },
  (_, number): Essay => ({
    number,
    essayId: `essay-${number + 1}`,
    storageId: null,
    text: "ready",
    problem: null,
    length: 5_000,
    anchor: null,
  }),
);
const comparisons = judge(comparisonCount);
globalThis.gc?.();
writeFileSync("/proc/self/clear_refs", "5");
const before = residentMegabytes("VmRSS");
const cpu = process.cpuUsage();
const ranking = rankEssays({
  essays,
  comparisons,
  judges: [{ judge: "external", model: null, share: 1 }],
  seed: 1,
  provisional: false,
  gradeScale: null,
});
if (ranking.essays.length !== essayCount) throw new Error("not every essay is ranked");
const megabytes = residentMegabytes("VmHWM") - before;
console.log(JSON.stringify({ megabytes, cpuSeconds: process.cpuUsage(cpu).user / 1e6 }));

/** Neighbours within a sixth of the scale, the better of whom wins as far as a logistic judge lets it. */
function judge(count: number): Comparison[] {
  const { uniform: random } = seededRandom(1);
  return Array.from({ length: count }, (_, number): Comparison => {
    const first = number % essayCount;
    const second = (first + 1 + Math.floor(random() * (essayCount / 6))) % essayCount;
    const chance = 1 / (1 + Math.exp((first - second) / (essayCount / 10)));
    return {
      number,
      first,
      second,
      wave: 1,
      origin: "balanced",
      attempt: 0,
      status: "judged",
      deadline: null,
      winner: random() < chance ? "essay_a" : "essay_b",
      settledAt: 1,
      lateAt: null,
      provider: "openai",
      model: "gpt-5.1",
      judge: 0,
      forPeople: false,
      copyOf: null,
      person: null,
      confidence: 4,
      usage: { answers: 1, refusals: 0, nanoUsd: 1, promptTokens: 1, completionTokens: 1, responseTimeMs: 1 },
    };
  });
}

function residentMegabytes(name: string): number {
  const status = readFileSync("/proc/self/status", "utf8");
  return Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1024;
}
