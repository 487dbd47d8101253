import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { JUDGE_NAMES, type JudgeName } from "../../src/settings/judge-names.ts";
import { createApiClient } from "../rank/client.ts";
import { readEssayFolder } from "../rank/essay-folder.ts";
import { PROJECT_FOLDER } from "../rank/local-worker.ts";
import { readArguments, readJudge, readTimeout } from "../rank/options.ts";
import { createProgress } from "../rank/progress.ts";
import { waitForRanking } from "../rank/ranking-wait.ts";
import { formatRanking, OFFLINE_NOTICE } from "../rank/report.ts";
import { UserError } from "../rank/user-error.ts";
import { checkRanking } from "./ranking-check.ts";

const POLL_MS = 2_000;
/** Far apart in quality, so that six comparisons tell them apart. */
const ESSAY_IDS = ["alder", "aspen", "beech", "hazel"];

export const SMOKE_USAGE = `Opens a batch of four sample essays on a deployed service and waits for its ranking.

  npm run smoke -- URL [OPTIONS]

URL               address of the service, such as https://cj-edge.example.workers.dev
--key KEY         the caller's key; better in the environment variable CJ_EDGE_KEY, which no process list shows
--judge NAME      ${JUDGE_NAMES.join(", ")}. Default: the service's own default
--timeout SECONDS how long the ranking may take. Default: 300
--help            this text`;

export interface SmokeOptions {
  readonly baseUrl: string;
  readonly key: string | undefined;
  /** Undefined: the service's default. */
  readonly judge: JudgeName | undefined;
  readonly timeoutSeconds: number;
}

/**
 * @param args the command line after the script's name
 * @returns the options, or "help" if that was asked for
 * @throws UserError for a missing or malformed address, an unknown option or a bad value
 */
export function readSmokeOptions(
  args: readonly string[],
  { CJ_EDGE_KEY: keyFromEnvironment }: Readonly<Record<string, string | undefined>>,
): SmokeOptions | "help" {
  const { values, positionals } = readArguments(
    args,
    {
      key: { type: "string" },
      judge: { type: "string" },
      timeout: { type: "string", default: "300" },
      help: { type: "boolean", short: "h", default: false },
    },
    1,
  );
  if (values.help) {
    return "help";
  }
  return {
    baseUrl: readAddress(positionals.at(0)),
    key: values.key ?? (keyFromEnvironment || undefined),
    judge: values.judge === undefined ? undefined : readJudge(values.judge),
    timeoutSeconds: readTimeout(values.timeout),
  };
}

function readAddress(text: string | undefined): string {
  if (text === undefined) {
    throw new UserError("The service's address is missing: npm run smoke -- https://HOST, or see --help.");
  }
  const url = URL.parse(text);
  if (url === null || !["http:", "https:"].includes(url.protocol)) {
    throw new UserError(`'${text}' is no address: give one such as https://HOST.`);
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, "");
}

/**
 * Runs the smoke test against a service.
 *
 * @throws UserError if the service refuses, does not answer in time, or its ranking breaks a rule
 */
export async function smoke(
  { baseUrl, key, judge, timeoutSeconds }: SmokeOptions,
  signal: AbortSignal,
): Promise<void> {
  const { essays, prompt } = await readEssayFolder(join(PROJECT_FOLDER, "samples"));
  const client = createApiClient({ baseUrl, key, signal });
  const request = {
    essays: essays.filter(({ essay_id }) => ESSAY_IDS.includes(essay_id)),
    ...(prompt === null ? {} : { prompt }),
    ...(judge === undefined ? {} : { judge }),
  };
  const { batch_id: batchId } = await client.openBatch(request, randomUUID());
  console.log(`Opened batch ${batchId} on ${baseUrl}`);
  if (judge === "offline") {
    console.log(OFFLINE_NOTICE);
  }
  const progress = createProgress(process.stdout);
  const batch = await waitForRanking({
    ...{ client, batchId, timeoutSeconds, signal },
    pollMs: POLL_MS,
    onProgress: progress.show,
  }).finally(progress.finish);
  const results = await client.readResults(batchId);
  console.log(formatRanking(results));
  checkRanking(ESSAY_IDS, batch, results);
  console.log("Smoke test passed.");
}
