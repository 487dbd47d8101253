import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  assignmentAnchorsQuery,
  findAssignmentQuery,
  listAssignmentsQuery,
} from "../../src/results/assignments.ts";
import {
  batchTotalsQuery,
  deadLetterTotalsQuery,
  essayResultsQuery,
  eventTotalsQuery,
  failureTotalsQuery,
  findBatchQuery,
  listBatchesQuery,
  overdueBatchesQuery,
} from "../../src/results/batch-queries.ts";
import { openDatabase } from "../../src/results/database.ts";
import {
  expireDeadLettersQuery,
  findDeadLetterQuery,
  listDeadLettersQuery,
  writeDeadLetters,
} from "../../src/results/dead-letters.ts";

const db = openDatabase(env.DB);

interface Query {
  toSQL(): { sql: string; params: unknown[] };
}

/** How D1 would run a query, step by step. */
async function planOf(query: Query): Promise<string[]> {
  const { sql, params } = query.toSQL();
  const { results } = await env.DB.prepare(`EXPLAIN QUERY PLAN ${sql}`)
    .bind(...params)
    .all();
  return z
    .array(z.looseObject({ detail: z.string() }))
    .parse(results)
    .map(({ detail }) => detail);
}

const after = { createdAt: 5, batchId: "0000000000000" };
const page = { limit: 10, after: null };

/** Every query of the API, and the index that serves it. */
const QUERIES: readonly (readonly [string, Query, RegExp])[] = [
  [
    "all batches, newest first",
    listBatchesQuery(db, { ...page, caller: null, state: null }),
    /INDEX batches_newest$/,
  ],
  [
    "… from a cursor",
    listBatchesQuery(db, { ...page, caller: null, state: null, after }),
    /INDEX batches_newest \(/,
  ],
  [
    "… in one state",
    listBatchesQuery(db, { ...page, caller: null, state: "FAILED", after }),
    /INDEX batches_newest_by_state \(/,
  ],
  [
    "a caller's batches",
    listBatchesQuery(db, { ...page, caller: "a", state: null, after }),
    /INDEX batches_newest_of_caller \(/,
  ],
  [
    "a caller's batches in one state",
    listBatchesQuery(db, { ...page, caller: "a", state: "FAILED", after }),
    /INDEX batches_newest_of_caller_by_state \(/,
  ],
  ["one batch", findBatchQuery(db, "x"), /INDEX sqlite_autoindex_batches_1 \(batch_id=\?\)/],
  ["a batch's results", essayResultsQuery(db, "x"), /INDEX sqlite_autoindex_essay_results_1 \(batch_id=\?\)/],
  ["one assignment", findAssignmentQuery(db, "x"), /INDEX sqlite_autoindex_assignments_1 \(key=\?\)/],
  [
    "an assignment's anchors",
    assignmentAnchorsQuery(db, "x"),
    /INDEX sqlite_autoindex_assignment_anchors_1 \(assignment_key=\?\)/,
  ],
  [
    "all assignments, newest first",
    listAssignmentsQuery(db, { owner: null, limit: 10, after: null }),
    /INDEX assignments_newest$/,
  ],
  [
    "… from a cursor",
    listAssignmentsQuery(db, { owner: null, limit: 10, after: { createdAt: 5, key: "x" } }),
    /INDEX assignments_newest \(/,
  ],
  [
    "an owner's assignments",
    listAssignmentsQuery(db, { owner: "a", limit: 10, after: { createdAt: 5, key: "x" } }),
    /INDEX assignments_newest_of_owner \(/,
  ],
  ["overdue batches", overdueBatchesQuery(db, 1, 10), /INDEX batches_overdue \(/],
  ["batches by state", batchTotalsQuery(db), /INDEX batches_newest_by_state/],
  ["failures by reason", failureTotalsQuery(db), /INDEX batches_failures/],
  ["events by status", eventTotalsQuery(db), /COVERING INDEX published_events_by_status/],
  ["dead letters by reason", deadLetterTotalsQuery(db), /COVERING INDEX dead_letters_by_reason/],
  ["dead letters, newest first", listDeadLettersQuery(db, 10, null), /INDEX dead_letters_newest$/],
  [
    "… from a cursor",
    listDeadLettersQuery(db, 10, { createdAt: 5, id: "x" }),
    /INDEX dead_letters_newest \(/,
  ],
  ["one dead letter", findDeadLetterQuery(db, "x"), /INDEX sqlite_autoindex_dead_letters_1 \(id=\?\)/],
  ["expired dead letters", expireDeadLettersQuery(db, 1), /INDEX dead_letters_expired \(/],
];

describe("every query of the API", () => {
  it.each(QUERIES)("is served by an index: %s", async (_what, query, index) => {
    const plan = await planOf(query);
    expect(plan).toHaveLength(1);
    expect(plan[0]).toMatch(index);
  });
});

describe("a dead letter", () => {
  it("above the limit keeps its hash and size instead of its content", async () => {
    const payload = "x".repeat(1_000_001);
    const correlationId = crypto.randomUUID();
    await writeDeadLetters(
      db,
      [{ source: "test", reason: "too_large", detail: "d", batchId: null, correlationId, payload }],
      { now: Date.now(), erased: new Set(), retentionDays: 30 },
    );
    const row = await env.DB.prepare("SELECT * FROM dead_letters WHERE correlation_id = ?")
      .bind(correlationId)
      .first();
    expect(row).toMatchObject({ payload: null, payload_bytes: 1_000_001 });
    expect(row?.["payload_sha256"]).toMatch(/^[0-9a-f]{64}$/);
  });
});
