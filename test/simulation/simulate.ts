/**
 * `npm run simulate -- --seeds 10000` lives that many simulated lives, on both cores; `-- --seed 7` lives one again and tells
 * it step by step. `--mutant NAME` breaks the service first.
 */
import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { findMutant } from "./mutants.ts";
import { registerPlatform } from "./register.ts";
import { emptyTotals, type SeedTotals } from "./totals.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    seeds: { type: "string", default: "300" },
    from: { type: "string", default: "0" },
    every: { type: "string", default: "1" },
    jobs: { type: "string", default: String(Math.min(2, availableParallelism())) },
    mutant: { type: "string" },
    json: { type: "boolean", default: false },
  },
});

const mutantArgument = values.mutant === undefined ? "" : ` --mutant ${values.mutant}`;

if (values.seed !== undefined) process.exitCode = await tellOne(Number(values.seed));
else if (Number(values.jobs) > 1) process.exitCode = await shareOut(Number(values.jobs));
else process.exitCode = await liveMany();

async function loadSimulation() {
  registerPlatform(values.mutant === undefined ? null : findMutant(values.mutant));
  return import("./simulation.ts");
}

/** One life, with everything that was noted on the way. */
async function tellOne(seed: number): Promise<number> {
  const { simulate } = await loadSimulation();
  const report = await simulate(seed);
  for (const note of report.notes) print(note);
  print(`seed ${seed}: ${report.steps} steps, digest ${report.digest}, ${JSON.stringify(report.endings)}`);
  for (const violation of report.violations) print(`VIOLATION ${violation}`);
  return report.violations.length === 0 ? 0 : 1;
}

/** Many lives in this process: every `--every`-th seed from `--from` below `--seeds`. Stops at the first violation. */
async function liveMany(): Promise<number> {
  const { simulate } = await loadSimulation();
  const totals = emptyTotals();
  for (let seed = Number(values.from); seed < Number(values.seeds); seed += Number(values.every)) {
    const report = await simulate(seed);
    totals.seeds += 1;
    totals.steps += report.steps;
    totals.batches += report.batches;
    for (const [ending, count] of Object.entries(report.endings))
      totals.endings[ending] = (totals.endings[ending] ?? 0) + count;
    if (report.violations.length === 0) continue;
    totals.failed = { seed, violations: report.violations.slice(0, 5) };
    break;
  }
  if (values.json) print(JSON.stringify(totals));
  else tell(totals);
  return totals.failed === null ? 0 : 1;
}

/** Shares the seeds out among processes, each of which takes every n-th. */
async function shareOut(jobs: number): Promise<number> {
  const started = performance.now();
  const shares = Array.from({ length: jobs }, (_, job) => runShare(jobs, job));
  const totals = (await Promise.all(shares)).reduce(
    (sum, share) => ({
      seeds: sum.seeds + share.seeds,
      steps: sum.steps + share.steps,
      batches: sum.batches + share.batches,
      endings: Object.fromEntries(
        [...new Set([...Object.keys(sum.endings), ...Object.keys(share.endings)])].map((ending) => [
          ending,
          (sum.endings[ending] ?? 0) + (share.endings[ending] ?? 0),
        ]),
      ),
      failed: earlier(sum.failed, share.failed),
    }),
    emptyTotals(),
  );
  tell(totals, performance.now() - started);
  return totals.failed === null ? 0 : 1;
}

function earlier(left: SeedTotals["failed"], right: SeedTotals["failed"]): SeedTotals["failed"] {
  if (left === null || right === null) return left ?? right;
  return left.seed < right.seed ? left : right;
}

function runShare(jobs: number, job: number): Promise<SeedTotals> {
  const from = String(Number(values.from) + job);
  const options = ["--jobs", "1", "--json", "--seeds", values.seeds, "--from", from, "--every", String(jobs)];
  const mutant = values.mutant === undefined ? [] : ["--mutant", values.mutant];
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", fileURLToPath(import.meta.url), ...options, ...mutant],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  return new Promise((resolve, reject) => {
    let output = "";
    child.stdout.setEncoding("utf8");
    child.stdout.on("data", (text: string) => {
      output += text;
    });
    child.once("error", reject);
    child.once("close", (code) => {
      if (output === "") reject(new Error(`a share of the simulation ended with code ${code}`));
      else resolve(JSON.parse(output));
    });
  });
}

function tell({ seeds, steps, batches, endings, failed }: SeedTotals, ms?: number): void {
  const time = ms === undefined ? "" : ` in ${(ms / 1_000).toFixed(1)} s`;
  const inputs = Object.values(endings).reduce((sum, count) => sum + count, 0);
  const parts = Object.entries(endings).map(([ending, count]) => `${count} ${ending}`);
  print(`${seeds} seeds, ${batches} batches, ${steps} steps${time}`);
  print(`${inputs} answers sent: ${parts.join(", ")}`);
  if (failed === null) return;
  for (const violation of failed.violations) print(`VIOLATION ${violation}`);
  print(
    `seed ${failed.seed} failed; replay it with: npm run simulate -- --seed ${failed.seed}${mutantArgument}`,
  );
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
