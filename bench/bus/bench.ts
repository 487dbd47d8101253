import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { runProgram } from "../../scripts/kafka/program.ts";
import { startService } from "../../scripts/kafka/service.ts";
import { runCommand } from "../../scripts/rank/command.ts";
import { PROJECT_FOLDER } from "../../scripts/rank/local-worker.ts";
import { UserError } from "../../scripts/rank/user-error.ts";
import { freePort } from "../../test/e2e/free-port.ts";

/**
 * `npm run bench:bus`: verdicts applied per second, each way in against a bare object that parses the same body and writes the
 * same row. Both sides take turns in one run, on fresh objects; the middle of the rounds counts. `-- rpc` or another way measures
 * that one alone.
 */
const ROUNDS = 5;
const SENDERS = 16;
/** Verdicts per round, and the least share of the bare object's speed. No round reaches the last verdict, so nothing is scored. */
const WAYS = [
  { way: "rpc", name: "by RPC, arrays of 100", verdicts: 2_000, least: 0.7 },
  { way: "queue", name: "by queue, batches of 100", verdicts: 2_000, least: 0.7 },
  { way: "https", name: "one by one over HTTP", verdicts: 1_000, least: 0.6 },
] as const;
type Way = (typeof WAYS)[number]["way"];
const ESSAYS = 65;
const COMPARISONS = 2_080;
const page = z.object({ comparisons: z.array(z.object({ correlation_id: z.string(), status: z.string() })) });
const WRANGLER = join(PROJECT_FOLDER, "node_modules/wrangler/bin/wrangler.js");
const CONFIG = join(PROJECT_FOLDER, "bench/bus/wrangler.toml");

await runCommand(async (signal) => {
  const folder = mkdtempSync(join(tmpdir(), "cj-edge-bench-"));
  try {
    await migrate(folder);
    const port = await freePort();
    const service = await startService({
      name: "The benchmark's Worker",
      command: process.execPath,
      args: [
        ...[WRANGLER, "dev", "--config", CONFIG, "--ip", "127.0.0.1", "--port", String(port)],
        ...["--inspector-port", "0", "--persist-to", folder, "--show-interactive-dev-session=false"],
      ],
      env: { WRANGLER_SEND_METRICS: "false", CLOUDFLARE_CF_FETCH_ENABLED: "false" },
      port,
      logFile: join(folder, "worker.log"),
    });
    try {
      await measureAll(`http://127.0.0.1:${port}`, signal);
    } finally {
      await service.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

async function migrate(folder: string): Promise<void> {
  const args = ["d1", "migrations", "apply", "DB", "--local", "--config", CONFIG, "--persist-to", folder];
  const { code, output } = await runProgram(process.execPath, [WRANGLER, ...args]);
  if (code !== 0) throw new UserError(`The D1 migrations could not be applied: ${output.slice(-500)}`);
}

async function measureAll(url: string, signal: AbortSignal): Promise<void> {
  console.log("way in                      cj-edge/s    bare/s    share   least");
  const asked = process.argv.slice(2);
  for (const { way, name, verdicts, least } of WAYS) {
    if (asked.length > 0 && !asked.includes(way)) continue;
    const [ours, bare]: [number[], number[]] = [[], []];
    // One more round than counts: the first warms up.
    for (let round = 0; round <= ROUNDS; round++) {
      signal.throwIfAborted();
      const [oursPerSecond, barePerSecond] = [
        verdicts / (await measureOurs(url, way, verdicts)),
        verdicts / (await measureBare(url, way, verdicts)),
      ];
      if (round === 0) continue;
      ours.push(oursPerSecond);
      bare.push(barePerSecond);
    }
    const share = middleOf(ours) / middleOf(bare);
    const figures = [middleOf(ours).toFixed(0).padStart(10), middleOf(bare).toFixed(0).padStart(10)];
    console.log(
      `${name.padEnd(26)} ${figures.join("")}   ${(100 * share).toFixed(0).padStart(4)} %   ${100 * least} %`,
    );
    if (share < least) process.exitCode = 1;
  }
  console.log("Every verdict wrote one row, on either side (by the storage's own counter).");
}

/** @returns seconds from the first verdict sent to the last one counted */
async function measureOurs(url: string, way: Way, verdicts: number): Promise<number> {
  const batchId = await openBatch(url);
  const ids = (await comparisonIds(url, batchId)).slice(0, verdicts);
  const bodies = ids.map((id, number) => bodyOf(id, number));
  const counted = async () =>
    z.object({ completed_comparisons: z.number() }).parse(await getJson(url, `/v1/batches/${batchId}`))
      .completed_comparisons;
  const before = await rowsWritten(url, "ours", batchId);
  const seconds = await timed(async () => {
    if (way === "https") await postEach(`${url}/v1/callbacks`, bodies);
    else await post(`${url}/bench/ours/${way}`, bodies.join("\n"));
    await untilCounted(counted, verdicts);
  });
  const rows = (await rowsWritten(url, "ours", batchId)) - before;
  if (rows !== verdicts) throw new UserError(`${verdicts} verdicts wrote ${rows} rows; expected one each.`);
  return seconds;
}

/** Rows that an object has written since it woke up, by its storage's own counter. */
async function rowsWritten(url: string, side: "ours" | "bare", object: string): Promise<number> {
  const reply = await getJson(url, `/bench/${side}/rows?object=${object}`);
  return z.object({ rows: z.number() }).parse(reply).rows;
}

/** {@link measureOurs}, for the bare object. */
async function measureBare(url: string, way: Way, verdicts: number): Promise<number> {
  const object = crypto.randomUUID();
  await post(`${url}/bench/bare/issue?object=${object}&count=${COMPARISONS}`, "");
  const bodies = Array.from({ length: verdicts }, (_, number) => bodyOf(crypto.randomUUID(), number));
  const counted = async () =>
    z.object({ recorded: z.number() }).parse(await getJson(url, `/bench/bare/recorded?object=${object}`))
      .recorded;
  const before = await rowsWritten(url, "bare", object);
  const seconds = await timed(async () => {
    if (way === "https") await postEach(`${url}/bench/bare/callbacks?object=${object}`, bodies);
    else await post(`${url}/bench/bare/${way}?object=${object}`, bodies.join("\n"));
    await untilCounted(counted, verdicts);
  });
  const rows = (await rowsWritten(url, "bare", object)) - before;
  if (rows !== verdicts) throw new UserError(`The bare object wrote ${rows} rows for ${verdicts} verdicts.`);
  return seconds;
}

async function openBatch(url: string): Promise<string> {
  const essays = Array.from({ length: ESSAYS }, (_, k) => ({ essay_id: `essay-${k}`, text: `Essay ${k}.` }));
  const body = JSON.stringify({ essays, judge: "external", config: { max_comparisons: COMPARISONS } });
  return z.object({ batch_id: z.string() }).parse(JSON.parse(await post(`${url}/v1/batches`, body))).batch_id;
}

/** The ids under which the judge answers, once every comparison is with it, so that nothing else happens while it is measured. */
async function comparisonIds(url: string, batchId: string): Promise<string[]> {
  for (;;) {
    const ids: string[] = [];
    for (let from = 0; from < COMPARISONS; from += 1_000) {
      const { comparisons } = page.parse(
        await getJson(url, `/v1/batches/${batchId}/comparisons?from=${from}&limit=1000`),
      );
      const dispatched = comparisons.filter(({ status }) => status === "dispatched");
      ids.push(...dispatched.map(({ correlation_id }) => correlation_id));
    }
    if (ids.length === COMPARISONS) return ids;
    await sleep(250);
  }
}

function bodyOf(correlationId: string, number: number): string {
  const now = "2026-02-07T09:15:07.000000Z";
  return JSON.stringify({
    request_id: String(number),
    correlation_id: correlationId,
    winner: number % 2 === 0 ? "Essay A" : "Essay B",
    justification: "It develops its argument with clearer paragraphing and evidence.",
    confidence: 4.2,
    error_detail: null,
    provider: "openai",
    model: "gpt-5.1",
    response_time_ms: 1610,
    token_usage: { prompt_tokens: 1446, completion_tokens: 54, total_tokens: 1500 },
    cost_estimate: 0.0023,
    requested_at: now,
    completed_at: now,
    trace_id: null,
    request_metadata: {},
  });
}

async function timed(work: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1_000;
}

async function untilCounted(counted: () => Promise<number>, verdicts: number): Promise<void> {
  while ((await counted()) < verdicts) await sleep(10);
}

async function postEach(url: string, bodies: readonly string[]): Promise<void> {
  const waiting = bodies.values();
  await Promise.all(
    Array.from({ length: SENDERS }, async () => {
      for (const body of waiting) await post(url, body);
    }),
  );
}

async function post(url: string, body: string): Promise<string> {
  const response = await fetch(url, {
    method: "POST",
    body,
    headers: { "content-type": "application/json" },
  });
  const text = await response.text();
  if (!response.ok) throw new UserError(`${url} answered ${response.status}: ${text.slice(0, 300)}`);
  return text;
}

async function getJson(url: string, path: string): Promise<unknown> {
  const response = await fetch(`${url}${path}`);
  if (!response.ok) throw new UserError(`${path} answered ${response.status}`);
  return response.json();
}

function middleOf(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)];
}
