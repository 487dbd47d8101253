import { randomUUID } from "node:crypto";
import { rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { JUDGE_NAMES, type JudgeName } from "../../src/settings/judge-names.ts";
import { createApiClient } from "./client.ts";
import { type EssayFolder, readEssayFolder } from "./essay-folder.ts";
import { checkPortFree, PROJECT_FOLDER, startLocalWorker } from "./local-worker.ts";
import { readArguments, readJudge, readPort, readTimeout } from "./options.ts";
import { createProgress } from "./progress.ts";
import { waitForRanking } from "./ranking-wait.ts";
import { formatRanking, OFFLINE_NOTICE } from "./report.ts";
import { describeThrown, UserError } from "./user-error.ts";

const POLL_MS = 300;
const MAX_REQUEST_BYTES = 8 * 1_024 * 1_024;

export const RANK_USAGE = `Ranks the essays of a folder by comparative judgement, on this machine.

  npm run rank -- [FOLDER] [OPTIONS]

FOLDER            every .txt and .md file in it is one essay, called by its name without the extension; prompt.txt
                  (or prompt.md) is the assignment given to the students; README files are left out.
                  Default: the samples that come with the project
--port N          port of the local Worker on 127.0.0.1. Default: 8788
--judge NAME      who judges: ${JUDGE_NAMES.join(", ")}. Default: offline
--model NAME      the language model that judges. Default: the one in the settings
--settings FILE   variables and keys of the judge, one NAME=value per line. Default: .dev.vars of the project
--output FILE     where the results go as CSV. Default: results.csv
--timeout SECONDS how long the ranking may take. Default: 900
--help            this text`;

export interface RankOptions {
  readonly folder: string;
  readonly port: number;
  readonly judge: JudgeName;
  /** Undefined: the judge's default. */
  readonly model: string | undefined;
  /** Undefined: `.dev.vars`. */
  readonly settingsFile: string | undefined;
  readonly output: string;
  readonly timeoutSeconds: number;
}

/**
 * @param args the command line after the script's name
 * @param from folder that relative paths start from
 * @returns the options, or "help" if that was asked for
 * @throws UserError for an unknown option or a bad value
 */
export function readRankOptions(args: readonly string[], from: string): RankOptions | "help" {
  const { values, positionals } = readArguments(
    args,
    {
      port: { type: "string", default: "8788" },
      judge: { type: "string", default: "offline" },
      model: { type: "string" },
      settings: { type: "string" },
      output: { type: "string", default: "results.csv" },
      timeout: { type: "string", default: "900" },
      help: { type: "boolean", short: "h", default: false },
    },
    1,
  );
  if (values.help) {
    return "help";
  }
  const [folder] = positionals;
  return {
    folder: folder === undefined ? join(PROJECT_FOLDER, "samples") : resolve(from, folder),
    port: readPort(values.port),
    judge: readJudge(values.judge),
    model: values.model,
    settingsFile: values.settings === undefined ? undefined : resolve(from, values.settings),
    output: resolve(from, values.output),
    timeoutSeconds: readTimeout(values.timeout),
  };
}

/**
 * Ranks a folder: checks it, starts the Worker locally, opens a batch, shows its progress, prints the ranking and
 * writes it as CSV. The Worker is stopped again in every case.
 *
 * @throws UserError for everything that can be expected to go wrong
 */
export async function rank(options: RankOptions, signal: AbortSignal): Promise<void> {
  const essayFolder = await readEssayFolder(options.folder);
  checkRequestSize(options.folder, essayFolder);
  await checkOutput(options.output);
  await checkSettings(options.settingsFile);
  await checkPortFree(options.port);
  // A folder per port, because two Workers must not share state; and a fresh one, because a batch that an
  // interrupted run left behind would go on being judged.
  const stateFolder = join(PROJECT_FOLDER, ".wrangler/rank", String(options.port));
  await rm(stateFolder, { recursive: true, force: true });
  console.log(`Starting the Worker on port ${options.port} ...`);
  const worker = await startLocalWorker({
    port: options.port,
    stateFolder,
    vars: { ENVIRONMENT: "development", DEFAULT_JUDGE: options.judge },
    workersAi: options.judge === "workers-ai",
    ...(options.settingsFile === undefined ? {} : { settingsFile: options.settingsFile }),
    output: { file: join(stateFolder, "worker.log") },
    signal,
  });
  try {
    await rankOn(worker.url, essayFolder, options, AbortSignal.any([signal, worker.ended]));
  } finally {
    await worker.stop();
  }
}

async function rankOn(
  baseUrl: string,
  essayFolder: EssayFolder,
  { folder, judge, model, output, timeoutSeconds }: RankOptions,
  signal: AbortSignal,
): Promise<void> {
  const client = createApiClient({ baseUrl, signal });
  console.log(`Ranking ${essayFolder.essays.length} essays of ${folder}`);
  if (judge === "offline") {
    console.log(OFFLINE_NOTICE);
  }
  const { batch_id: batchId } = await client.openBatch(buildRequest(essayFolder, judge, model), randomUUID());
  const progress = createProgress(process.stdout);
  await waitForRanking({
    ...{ client, batchId, timeoutSeconds, signal },
    pollMs: POLL_MS,
    onProgress: progress.show,
  }).finally(progress.finish);
  console.log(formatRanking(await client.readResults(batchId)));
  await writeResults(output, await client.readResultsCsv(batchId));
  console.log(`Written to ${output}`);
}

const buildRequest = ({ essays, prompt }: EssayFolder, judge: JudgeName, model: string | undefined) => ({
  essays,
  judge,
  ...(model === undefined ? {} : { model }),
  ...(prompt === null ? {} : { prompt }),
});

function checkRequestSize(folder: string, essayFolder: EssayFolder): void {
  const bytes = Buffer.byteLength(JSON.stringify(buildRequest(essayFolder, "provider-service", undefined)));
  if (bytes > MAX_REQUEST_BYTES) {
    throw new UserError(
      `The essays of ${folder} make a request of ${bytes} bytes: the limit is ${MAX_REQUEST_BYTES}, so split the folder.`,
    );
  }
}

/** Before minutes are spent on judging, not after. */
async function checkOutput(output: string): Promise<void> {
  const folder = await stat(dirname(output)).catch(() => null);
  if (folder === null || !folder.isDirectory()) {
    throw new UserError(
      `There is no folder ${dirname(output)} for the results: choose another file with --output.`,
    );
  }
  const file = await stat(output).catch(() => null);
  if (file?.isDirectory()) {
    throw new UserError(`${output} is a folder: choose a file for the results with --output.`);
  }
}

async function checkSettings(file: string | undefined): Promise<void> {
  if (file === undefined) return;
  const found = await stat(file).catch(() => null);
  if (found === null || !found.isFile()) {
    throw new UserError(
      `There is no file ${file} with the judge's settings: choose another with --settings.`,
    );
  }
}

async function writeResults(output: string, csv: string): Promise<void> {
  await writeFile(output, csv).catch((error: unknown) => {
    throw new UserError(`The results could not be written to ${output}: ${describeThrown(error)}.`);
  });
}
