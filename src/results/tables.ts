/**
 * The read model in D1. Objects write batches, results and events; the queues' consumers write dead letters. Times
 * are epoch milliseconds. `npm run migrations:generate` turns a change here into the next file of `migrations/`.
 */
import { sql } from "drizzle-orm";
import { index, integer, primaryKey, real, sqliteTable, text } from "drizzle-orm/sqlite-core";

export const batches = sqliteTable(
  "batches",
  {
    batchId: text("batch_id").primaryKey(),
    /** number of the newest outbox row when this picture was taken; only a larger one replaces it */
    seq: integer("seq").notNull(),
    caller: text("caller").notNull(),
    source: text("source").notNull(),
    bosBatchId: text("bos_batch_id").notNull(),
    correlationId: text("correlation_id").notNull(),
    userId: text("user_id").notNull(),
    orgId: text("org_id"),
    state: text("state").notNull(),
    judge: text("judge").notNull(),
    assignmentId: text("assignment_id"),
    essayCount: integer("essay_count").notNull(),
    totalComparisons: integer("total_comparisons").notNull(),
    completedComparisons: integer("completed_comparisons").notNull(),
    failedComparisons: integer("failed_comparisons").notNull(),
    pendingComparisons: integer("pending_comparisons").notNull(),
    partialScoringTriggered: integer("partial_scoring_triggered", { mode: "boolean" }).notNull(),
    forcedRecovery: integer("forced_recovery", { mode: "boolean" }).notNull(),
    stopReason: text("stop_reason"),
    failureReason: text("failure_reason"),
    /** reliability, model and provisional flag of the ranking, as JSON; null without a ranking */
    rankingSummary: text("ranking_summary"),
    createdAt: integer("created_at").notNull(),
    updatedAt: integer("updated_at").notNull(),
    completedAt: integer("completed_at"),
    /** when the object's alarm is due; null once the batch has ended and its events are published */
    nextWakeAt: integer("next_wake_at"),
  },
  (table) => [
    index("batches_newest").on(table.createdAt, table.batchId),
    index("batches_newest_by_state").on(table.state, table.createdAt, table.batchId),
    index("batches_newest_of_caller").on(table.caller, table.createdAt, table.batchId),
    index("batches_newest_of_caller_by_state").on(table.caller, table.state, table.createdAt, table.batchId),
    index("batches_failures").on(table.failureReason).where(sql`failure_reason IS NOT NULL`),
    index("batches_overdue").on(table.nextWakeAt).where(sql`next_wake_at IS NOT NULL`),
  ],
);

export const essayResults = sqliteTable(
  "essay_results",
  {
    batchId: text("batch_id").notNull(),
    number: integer("number").notNull(),
    essayId: text("essay_id").notNull(),
    rank: integer("rank").notNull(),
    score: real("score").notNull(),
    standardError: real("standard_error").notNull(),
    comparisons: integer("comparisons").notNull(),
    wins: integer("wins").notNull(),
    isAnchor: integer("is_anchor", { mode: "boolean" }).notNull(),
    /** 95 % of the posterior of the rank */
    rankLow: integer("rank_low").notNull(),
    rankHigh: integer("rank_high").notNull(),
    tiedWithNext: integer("tied_with_next", { mode: "boolean" }).notNull(),
    topProbability: real("top_probability").notNull(),
    infit: real("infit"),
    outfit: real("outfit"),
    infitP: real("infit_p"),
    outfitP: real("outfit_p"),
    /** an anchor's name and known grade */
    anchorId: text("anchor_id"),
    anchorGrade: text("anchor_grade"),
    /** the projected grade; null for anchors and where none is claimed. `gradeProjection` is the whole of it, as JSON */
    grade: text("grade"),
    gradeProjection: text("grade_projection"),
    /** what a person said of the grade last, as JSON */
    review: text("review"),
  },
  (table) => [primaryKey({ columns: [table.batchId, table.number] })],
);

/** Assignments and their anchors: what callers keep for the batches to come. A batch takes a copy when it opens. */
export const assignments = sqliteTable(
  "assignments",
  {
    /** follows from owner and id */
    key: text("key").primaryKey(),
    owner: text("owner").notNull(),
    assignmentId: text("assignment_id").notNull(),
    /** SHA-256 over what the assignment was created with */
    fingerprint: text("fingerprint").notNull(),
    title: text("title"),
    prompt: text("prompt"),
    instructions: text("instructions"),
    rubric: text("rubric"),
    /** JSON */
    gradeScale: text("grade_scale").notNull(),
    anchorCount: integer("anchor_count").notNull(),
    createdAt: integer("created_at").notNull(),
  },
  (table) => [
    index("assignments_newest").on(table.createdAt, table.key),
    index("assignments_newest_of_owner").on(table.owner, table.createdAt, table.key),
  ],
);

export const assignmentAnchors = sqliteTable(
  "assignment_anchors",
  {
    assignmentKey: text("assignment_key").notNull(),
    number: integer("number").notNull(),
    anchorId: text("anchor_id").notNull(),
    grade: text("grade").notNull(),
    text: text("text").notNull(),
  },
  (table) => [primaryKey({ columns: [table.assignmentKey, table.number] })],
);

export const publishedEvents = sqliteTable(
  "published_events",
  {
    eventId: text("event_id").primaryKey(),
    batchId: text("batch_id").notNull(),
    seq: integer("seq").notNull(),
    name: text("name").notNull(),
    topic: text("topic").notNull(),
    status: text("status").notNull(),
    createdAt: integer("created_at").notNull(),
    publishedAt: integer("published_at"),
    note: text("note"),
  },
  (table) => [
    index("published_events_of_batch").on(table.batchId, table.seq),
    index("published_events_by_status").on(table.status),
  ],
);

export const deadLetters = sqliteTable(
  "dead_letters",
  {
    id: text("id").primaryKey(),
    /** the queue or route it came by */
    source: text("source").notNull(),
    reason: text("reason").notNull(),
    detail: text("detail").notNull(),
    batchId: text("batch_id"),
    correlationId: text("correlation_id"),
    /** the message as received; null when it was larger than the limit, then only its hash is kept */
    payload: text("payload"),
    payloadBytes: integer("payload_bytes").notNull(),
    payloadSha256: text("payload_sha256").notNull(),
    createdAt: integer("created_at").notNull(),
    replayedAt: integer("replayed_at"),
    expiresAt: integer("expires_at").notNull(),
  },
  (table) => [
    index("dead_letters_newest").on(table.createdAt, table.id),
    index("dead_letters_expired").on(table.expiresAt),
    index("dead_letters_of_batch").on(table.batchId),
    index("dead_letters_by_reason").on(table.reason),
  ],
);
