import { setTimeout as sleep } from "node:timers/promises";
import type { ApiClient, BatchStatus } from "./client.ts";
import { UserError } from "./user-error.ts";

export interface RankingWait {
  readonly client: ApiClient;
  readonly batchId: string;
  /** Seconds until giving up. */
  readonly timeoutSeconds: number;
  /** Milliseconds between two looks at the batch. */
  readonly pollMs: number;
  readonly onProgress: (batch: BatchStatus) => void;
  readonly signal: AbortSignal;
}

/**
 * Waits until the batch is completed.
 *
 * @throws UserError if the batch fails, is cancelled, or is not completed in time; the signal's reason if aborted
 */
export async function waitForRanking({
  client,
  batchId,
  timeoutSeconds,
  pollMs,
  onProgress,
  signal,
}: RankingWait): Promise<BatchStatus> {
  const deadline = performance.now() + timeoutSeconds * 1_000;
  for (;;) {
    const batch = await client.readBatch(batchId);
    onProgress(batch);
    switch (batch.state) {
      case "COMPLETED":
        return batch;
      case "FAILED":
      case "CANCELLED":
        throw new UserError(`Batch ${batchId} is ${batch.state}: ${describeEnding(batch)}.`);
      default:
        break;
    }
    if (performance.now() >= deadline) {
      throw new UserError(
        `Batch ${batchId} was not completed within ${timeoutSeconds} s (${batch.state}, ${describeCount(batch)}): allow more with --timeout.`,
      );
    }
    await sleep(pollMs, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

export const describeCount = ({ completed_comparisons, total_comparisons }: BatchStatus): string =>
  `${completed_comparisons} of ${total_comparisons} comparisons judged`;

/** `failure` is `{reason, message, ...}` or, as in the failed event, has its message in `error_detail`. */
function describeEnding({ failure, stop_reason }: BatchStatus): string {
  const reason = stringAt(failure, "reason") ?? stop_reason;
  const message = stringAt(failure, "message") ?? stringAt(valueAt(failure, "error_detail"), "message");
  const parts = [reason, message].filter((part) => part !== undefined && part !== null && part !== "");
  return parts.length === 0 ? "no reason was given" : parts.join(", ").replace(/\.$/, "");
}

function valueAt(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null
    ? Object.entries(value).find(([k]) => k === key)?.[1]
    : undefined;
}

function stringAt(value: unknown, key: string): string | undefined {
  const found = valueAt(value, key);
  return typeof found === "string" ? found : undefined;
}
