/** What is in a stored state, as `states/NAME.json` tells it. */
import { z } from "zod";

export const storedRankings = z.looseObject({ rankings: z.array(z.record(z.string(), z.unknown())) });

const batchId = z.string();
/** Comparison ids that were with judges when the Worker was killed. */
const waiting = z.array(z.string());
const completed = z.object({
  batchId,
  terminalEventId: z.string(),
  rankings: storedRankings.shape.rankings,
});

export const storedStateSchema = z.object({
  /** the commit whose Worker wrote it */
  commit: z.string(),
  /** epoch milliseconds */
  madeAt: z.number(),
  open: z.object({ batchId, judged: z.array(z.number()), waiting }),
  scoring: z.object({ batchId, waiting }),
  completed,
  /** completed while the bridge was away */
  unpublished: completed,
  failed: batchId,
  cancelled: batchId,
  erased: batchId,
  initializing: batchId,
});
export type StoredState = z.infer<typeof storedStateSchema>;

/** The variables of the Worker that writes a state and of the one that opens it. */
export const STATE_VARIABLES = {
  ENVIRONMENT: "development",
  DEFAULT_JUDGE: "external",
  MAX_BATCH_HOURS: "720",
  COMPARISON_ID_KEY: "a-key-that-outlives-every-version-of-the-service",
} as const;
