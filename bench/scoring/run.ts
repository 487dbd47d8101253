/**
 * Scoring against its bars, in one run: prints a table and writes bench/scoring/results.json.
 *
 *   node bench/scoring/run.ts             the table
 *   node bench/scoring/run.ts --peers     and, in Python, choix and evalica on the same data (see peers.py)
 *   node bench/scoring/run.ts --peers-only
 */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { factoriseHessian, invertHessian } from "../../src/scoring/covariance.ts";
import { type BradleyTerryData, fitBradleyTerry, refit, scoreBatch } from "../../src/scoring/index.ts";
import { createModel, createPosterior, startingPoint } from "../../src/scoring/posterior.ts";
import { buildVerdictGraph } from "../../src/scoring/verdict-graph.ts";
import { BENCHMARK_SETS, type BenchmarkSet, fingerprint, firstRows, generate } from "./datasets.ts";
import { buildPlainGraph, FLOOR_PASSES, runFloor } from "./floor.ts";
import { comparePeers } from "./peers.ts";

interface Line {
  readonly set: string;
  readonly work: string;
  readonly milliseconds: number;
  /** Against what the bar is stated, and the bar; null where there is none. */
  readonly ratio: number | null;
  readonly bar: number | null;
  readonly against: string;
}

const lines: Line[] = [];

/** Median of repeated runs, after one that warms the compiler up. */
function time(action: () => unknown, repeats: number): number {
  action();
  const times = Array.from({ length: repeats }, () => {
    const start = performance.now();
    action();
    return performance.now() - start;
  }).sort((a, b) => a - b);
  return times[times.length >> 1];
}

/** Medians of two actions that take turns, so that a busy machine slows both. */
function timeBoth(first: () => unknown, second: () => unknown, repeats: number): readonly [number, number] {
  first();
  second();
  const times: [number[], number[]] = [[], []];
  for (let k = 0; k < repeats; k++) {
    for (const [side, action] of [first, second].entries()) {
      const start = performance.now();
      action();
      times[side].push(performance.now() - start);
    }
  }
  const [a, b] = times.map((side) => side.sort((x, y) => x - y)[side.length >> 1]);
  return [a, b];
}

function report(line: Line): void {
  lines.push(line);
  const bar = line.bar === null ? "" : line.ratio !== null && line.ratio <= line.bar ? "met" : "MISSED";
  console.log(
    [
      line.set.padEnd(20),
      line.work.padEnd(42),
      `${line.milliseconds.toFixed(2)} ms`.padStart(14),
      (line.ratio === null ? "" : `${line.ratio.toFixed(2)} ${line.against}`).padEnd(30),
      line.bar === null ? "" : `≤ ${line.bar}`,
      bar,
    ].join("  "),
  );
}

/** The largest batch at which the bars are stated for the fit alone. */
const coldBars = new Map([
  ["1,000 / 10,000", 1.5],
  ["10,000 / 1,000,000", 0.9],
]);
const warmBars = new Map([
  ["1,000 / 10,000", 0.75],
  ["10,000 / 1,000,000", 0.55],
]);
const covarianceBars = new Map([
  ["1,000 / 10,000", 1_000],
  ["2,000 / 20,000", 6_000],
]);

function measureSet(set: BenchmarkSet): void {
  const data = generate(set);
  const repeats = set.items > 5_000 ? 7 : set.items > 100 ? 15 : 99;
  const prior = { variance: set.variance };
  const graph = buildPlainGraph(data);
  const x = new Float64Array(set.items).fill(1);
  const y = new Float64Array(set.items);
  const name = set.name;
  const fit = () => fitBradleyTerry(data, { prior });
  const [floor, cold] = timeBoth(() => runFloor(graph, x, y), fit, repeats);
  const line = (work: string, milliseconds: number, ratio: number | null, bar: number | null, against = "") =>
    report({ set: name, work, milliseconds, ratio, bar, against });
  line(`floor: ${FLOOR_PASSES} matrix-vector products`, floor, null, null);
  line("fixed prior, cold", cold, cold / floor, coldBars.get(name) ?? null, "× floor");
  const earlier = fitBradleyTerry(firstRows(data, Math.floor(data.winners.length / 1.01)), { prior });
  const [warm, again] = timeBoth(() => refit(earlier, data, { prior, tolerance: 1e-6 }), fit, repeats);
  line("+1 % new verdicts, warm, to 1e-6", warm, warm / again, warmBars.get(name) ?? null, "× cold");
  measureSpread(set, data, line);
  measureCovariance(set, data, line);
  if (set.items <= 2_000)
    line(
      "scoreBatch, everything published",
      time(() => scoreBatch(data), 1),
      null,
      null,
    );
}

/** Measured in a process of its own, so that nothing that ran before has made room. */
function measureMemory(): number | null {
  const script = join(import.meta.dirname, "memory.ts");
  const { stdout } = spawnSync(process.execPath, ["--expose-gc", script], { encoding: "utf8" });
  const megabytes = Number.parseFloat(stdout);
  return Number.isFinite(megabytes) ? megabytes : null;
}

type AddLine = (
  work: string,
  milliseconds: number,
  ratio: number | null,
  bar: number | null,
  against?: string,
) => void;

/** Up to 2,000 items σ̂ is exact and needs the dense inverse that standard errors need: both sides include them. */
function measureSpread({ items, variance }: BenchmarkSet, data: BradleyTerryData, line: AddLine): void {
  const prior = { variance };
  if (items > 2_000) {
    const fixed = () => fitBradleyTerry(data, { prior });
    const [estimated, cold] = timeBoth(() => fitBradleyTerry(data).priorVariance, fixed, 5);
    line("empirical Bayes", estimated, estimated / cold, 6, "× fixed prior");
    return;
  }
  const [fixed, estimated] = timeBoth(
    () => fitBradleyTerry(data, { prior }).standardErrors,
    () => fitBradleyTerry(data).plugIn.standardErrors,
    items > 1_000 ? 3 : items > 100 ? 9 : 99,
  );
  line("fixed prior with standard errors", fixed, null, null);
  line("empirical Bayes with standard errors", estimated, estimated / fixed, 6, "× fixed prior");
}

function measureCovariance(
  { name, items, variance }: BenchmarkSet,
  data: BradleyTerryData,
  line: AddLine,
): void {
  const bar = covarianceBars.get(name);
  if (bar === undefined) return;
  const model = createModel(buildVerdictGraph(data, "ignored"));
  const posterior = createPosterior(model, 1 / variance);
  posterior.evaluate(startingPoint(model));
  const covariance = time(() => {
    const { between } = invertHessian(posterior, factoriseHessian(posterior));
    let total = 0;
    for (let i = 0; i < items; i++) for (let j = 0; j <= i; j++) total += between(i, j);
    return total;
  }, 1);
  line("full covariance, every entry", covariance, covariance, bar, "ms");
}

console.log(`node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}`);
const peersOnly = process.argv.includes("--peers-only");
if (!peersOnly) {
  for (const set of BENCHMARK_SETS) measureSet(set);
  const memory = measureMemory();
  console.log(`10,000 / 1,000,000, memory beyond the input: ${memory ?? "?"} MB, bar 64 MB`);
  const missed = lines.filter(({ ratio, bar }) => ratio !== null && bar !== null && ratio > bar);
  console.log(missed.length === 0 ? "All bars met." : `${missed.length} bars missed.`);
  writeFileSync(
    join(import.meta.dirname, "results.json"),
    `${JSON.stringify(
      {
        node: process.version,
        sets: BENCHMARK_SETS.map((set) => ({ ...set, sha256: fingerprint(generate(set)) })),
        lines,
        memoryMegabytes: memory,
        memoryBarMegabytes: 64,
      },
      null,
      2,
    )}\n`,
  );
}
if (process.argv.includes("--peers") || peersOnly) comparePeers(time);
