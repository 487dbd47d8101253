import { type Batch, isTerminal } from "../batch/batch.ts";
import { describeJudges } from "../batch/judges.ts";
import type { RankedEssay, Ranking } from "../batch/ranking.ts";
import { newestReviews, type Review } from "../batch/review.ts";
import type { EssayResultRow, Picture } from "../results/picture.ts";
import type { EventRow } from "./outbox.ts";
import { reviewBodyOf } from "./review-body.ts";

/** The batch as the read model shows it. */
export function pictureOf(
  batch: Batch,
  ranking: Ranking | null,
  reviews: readonly Review[],
  events: readonly EventRow[],
  nextWakeAt: number | null,
): Picture {
  const { origin, life, tally } = batch;
  const ended = isTerminal(life.state);
  const newest = newestReviews(reviews);
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
      assignmentId: origin.assignmentId,
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
    results: (ranking?.essays ?? []).map((essay) =>
      resultRowOf(origin.batchId, essay, newest.get(essay.number)),
    ),
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

function summaryOf({ provisional, reliability, model, grading, humanShare }: Ranking) {
  return { provisional, reliability, model, grading, human_share: humanShare };
}

function resultRowOf(
  batchId: string,
  { anchor, grade, ...essay }: RankedEssay,
  review: Review | undefined,
): EssayResultRow {
  return {
    ...essay,
    batchId,
    anchorId: anchor?.anchorId ?? null,
    anchorGrade: anchor?.grade ?? null,
    grade: grade?.grade ?? null,
    gradeProjection: grade === null ? null : JSON.stringify(grade),
    review: review === undefined ? null : JSON.stringify(reviewBodyOf(review)),
  };
}
