import { type Batch, isTerminal } from "../batch/batch.ts";
import { describeJudges } from "../batch/judges.ts";
import type { Ranking } from "../batch/ranking.ts";
import type { Picture } from "../results/picture.ts";
import type { EventRow } from "./outbox.ts";

/** The batch as the read model shows it. */
export function pictureOf(
  batch: Batch,
  ranking: Ranking | null,
  events: readonly EventRow[],
  nextWakeAt: number | null,
): Picture {
  const { origin, life, tally } = batch;
  const ended = isTerminal(life.state);
  const published = events.every(({ status }) => status !== "pending" && status !== "queued");
  return {
    batch: {
      batchId: origin.batchId,
      seq: life.seq,
      caller: origin.caller,
      source: origin.source,
      bosBatchId: origin.bosBatchId,
      correlationId: origin.correlationId,
      userId: origin.userId,
      orgId: origin.orgId,
      state: life.state,
      judge: describeJudges(origin.judges),
      essayCount: batch.essays.length,
      totalComparisons: life.totalComparisons,
      completedComparisons: tally.completed,
      failedComparisons: tally.failed,
      pendingComparisons: ended ? 0 : tally.outstanding,
      partialScoringTriggered: life.partialScoringTriggered,
      forcedRecovery: life.forcedRecovery,
      stopReason: life.stopReason,
      failureReason: life.failure?.reason ?? null,
      rankingSummary: ranking === null ? null : JSON.stringify(summaryOf(ranking)),
      createdAt: origin.createdAt,
      updatedAt: life.updatedAt,
      completedAt: life.completedAt,
      // The sweep looks after a batch until it has ended and its events are out.
      nextWakeAt: ended && published ? null : nextWakeAt,
    },
    results: (ranking?.essays ?? []).map((essay) => ({ ...essay, batchId: origin.batchId })),
    events: events.map(({ seq, status, createdAt, publishedAt, note, event }) => ({
      eventId: event.eventId,
      batchId: origin.batchId,
      seq,
      name: event.name,
      topic: event.topic,
      status,
      createdAt,
      publishedAt,
      note,
    })),
  };
}

function summaryOf({ provisional, reliability, model }: Ranking) {
  return { provisional, reliability, model };
}
