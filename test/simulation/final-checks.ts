/** What must hold once everything has come to rest. */
import { z } from "zod";
import { isTerminal } from "../../src/batch/batch.ts";
import { openBatchStore } from "../../src/objects/batch-store.ts";
import { openOutbox } from "../../src/objects/outbox.ts";
import { pictureOf } from "../../src/objects/picture-of-batch.ts";
import type { BatchEntry } from "./ledger.ts";
import { loadBatch, storageLike } from "./object-checks.ts";
import type { Hosted, ObjectHost } from "./object-host.ts";
import type { Row, Sqlite } from "./sqlite.ts";
import type { World } from "./world.ts";

const HOUR_MS = 3_600_000;
/** Past its deadline a batch may take this long: late alarms, five tries at scoring, an alarm that only the sweep finds. */
const DEADLINE_GRACE_MS = 90 * 60_000;

export type Ending = "applied" | "duplicate" | "late" | "orphaned" | "dead_lettered";

export interface FinalCheckOptions {
  readonly world: World;
  readonly host: ObjectHost;
  readonly readModel: Sqlite;
}

/** Checks every batch and every input, and counts how the inputs ended. */
export function checkEverything({ world, host, readModel }: FinalCheckOptions): Record<Ending, number> {
  for (const entry of world.ledger.batches.values()) {
    const hosted = host.objects.get(entry.batchId);
    if (hosted === undefined) world.violate(`${entry.batchId} was never opened`);
    else checkBatch(world, hosted, entry, readModel);
  }
  return checkInputs(world, host, readModel);
}

function checkBatch(world: World, hosted: Hosted, entry: BatchEntry, readModel: Sqlite): void {
  const { batchId } = entry;
  checkPublished(world, entry);
  const batch = loadBatch(hosted);
  if (batch === null) {
    if (!entry.erased) world.violate(`${batchId} is not there`);
    for (const table of ["batches", "essay_results", "published_events"])
      if (readModel.all(`SELECT 1 FROM ${table} WHERE batch_id = ?`, batchId).length > 0)
        world.violate(`${batchId} was erased, and D1 still has it in ${table}`);
    return;
  }
  if (!isTerminal(batch.life.state)) {
    world.violate(`${batchId} was left in ${batch.life.state}`);
    return;
  }
  const { completedAt } = batch.life;
  const ends = [batch.origin.createdAt + batch.config.maxBatchHours * HOUR_MS];
  ends.push(lastHeard(hosted, batch.origin.createdAt) + batch.config.batchTimeoutHours * HOUR_MS);
  if (completedAt === null || completedAt > Math.min(...ends) + DEADLINE_GRACE_MS)
    world.violate(`${batchId} ended ${(completedAt ?? 0) - Math.min(...ends)} ms after its deadline`);
  checkVerdicts(world, hosted, batchId);
  checkProjection(world, hosted, readModel);
}

function lastHeard(hosted: Hosted, openedAt: number): number {
  const [row] = hosted.sqlite.all("SELECT max(settled_at) AS at FROM comparisons WHERE status = 'judged'");
  return Math.max(openedAt, Number(row["at"] ?? 0));
}

const TERMINAL_TOPIC = /cj_assessment\.(completed|failed)\.v1$/;

function checkPublished(world: World, { bosBatchId, batchId }: BatchEntry): void {
  const published = world.ledger.bridge.filter(({ key }) => key === bosBatchId);
  const ids = new Set(
    published.filter(({ topic }) => TERMINAL_TOPIC.test(topic)).map(({ eventId }) => eventId),
  );
  if (ids.size !== 1) world.violate(`${batchId}: ${ids.size} terminal events reached the bridge, not 1`);
  for (const [topic, entries] of Map.groupBy(published, (entry) => entry.topic))
    if (new Set(entries.map(({ eventId }) => eventId)).size > 1)
      world.violate(`${batchId}: ${topic} holds events under different ids`);
}

/** Every judged comparison shows the one answer that counted, as it was sent; counters are what the rows say. */
function checkVerdicts(world: World, hosted: Hosted, batchId: string): void {
  const rows = hosted.sqlite.all(
    "SELECT number, winner, json_extract(verdict, '$.requestId') AS request FROM comparisons WHERE status = 'judged'",
  );
  for (const { number, winner, request } of rows) {
    const input = world.ledger.inputs.get(String(request));
    if (input === undefined || input.winner !== winner)
      world.violate(`${batchId}: comparison ${String(number)} shows ${String(winner)}, which nobody said`);
  }
  const requests = new Set(rows.map(({ request }) => request));
  if (requests.size !== rows.length) world.violate(`${batchId}: one answer counts twice`);
}

/** What an event says of how many comparisons were judged. */
const completedCount = z.looseObject({
  system_metadata: z.looseObject({ resource_usage: z.looseObject({ completed_comparisons: z.number() }) }),
});

function checkProjection(world: World, hosted: Hosted, readModel: Sqlite): void {
  const batch = loadBatch(hosted);
  if (batch === null) return;
  const sql = storageLike(hosted);
  const events = openOutbox(sql).events();
  const store = openBatchStore(sql);
  const picture = pictureOf(batch, store.ranking(), store.reviews(), events, null);
  const { batchId } = picture.batch;
  const [counted] = hosted.sqlite.all(
    "SELECT count(*) FILTER (WHERE status = 'judged') AS judged, count(*) FILTER (WHERE status = 'failed') AS failed FROM comparisons",
  );
  const [row] = readModel.all("SELECT * FROM batches WHERE batch_id = ?", batchId);
  if (row === undefined) {
    world.violate(`${batchId} never reached D1`);
    return;
  }
  const expected: Row = {
    seq: picture.batch.seq,
    state: picture.batch.state,
    completed_comparisons: counted["judged"],
    failed_comparisons: counted["failed"],
    pending_comparisons: 0,
    next_wake_at: null,
  };
  for (const [column, value] of Object.entries(expected))
    if (row[column] !== value)
      world.violate(`${batchId}: D1 shows ${column} ${String(row[column])}, the object ${String(value)}`);
  const results = readModel.all("SELECT number FROM essay_results WHERE batch_id = ?", batchId);
  if (results.length !== picture.results.length)
    world.violate(`${batchId}: D1 has ${results.length} results, the object ${picture.results.length}`);
  for (const { event } of events) {
    const says = completedCount.safeParse(event.envelope.data).data?.system_metadata.resource_usage;
    if (says !== undefined && says.completed_comparisons !== counted["judged"])
      world.violate(
        `${batchId}: ${event.name} counts ${says.completed_comparisons} comparisons, its rows ${String(counted["judged"])}`,
      );
  }
  for (const { eventId, status } of picture.events) {
    const [event] = readModel.all("SELECT status FROM published_events WHERE event_id = ?", eventId);
    if (event?.["status"] !== status || status !== "published")
      world.violate(`${batchId}: event ${eventId} is ${status}, D1 says ${String(event?.["status"])}`);
  }
}

function checkInputs(world: World, host: ObjectHost, readModel: Sqlite): Record<Ending, number> {
  const endings = { applied: 0, duplicate: 0, late: 0, orphaned: 0, dead_lettered: 0 };
  checkLetters(world, readModel);
  const dead = deadRequests(world);
  const kept = storedAnswers(host);
  for (const { requestId, kind, outcomes, batches, taken } of world.ledger.inputs.values()) {
    const erased = [...batches].some((batchId) => world.ledger.batches.get(batchId)?.erased);
    if (!taken) world.violate(`${requestId} was never taken`);
    const ending = endingOf(outcomes, kept.get(requestId), dead.get(requestId));
    if (ending === null) world.violate(`${requestId} is lost: nothing came of it`);
    else endings[ending] += 1;
    if (kind === "verdict" && outcomes.includes("applied") && !erased && kept.get(requestId) !== "applied")
      world.violate(`${requestId} was applied, and no comparison shows it`);
    if (outcomes.includes("orphaned") && !dead.has(requestId))
      world.violate(`${requestId} was orphaned without a dead letter`);
  }
  return endings;
}

/** Answers in the objects' rows. An answer that counted while its first reply was lost is told "duplicate" later. */
function storedAnswers(host: ObjectHost): Map<string, Ending> {
  const kept = new Map<string, Ending>();
  for (const { sqlite } of host.objects.values()) {
    if (sqlite.all("SELECT 1 FROM sqlite_master WHERE name = 'comparisons'").length === 0) continue;
    for (const column of ["late", "verdict"] as const)
      for (const { request } of sqlite.all(
        `SELECT json_extract(${column}, '$.requestId') AS request FROM comparisons WHERE ${column} IS NOT NULL`,
      ))
        kept.set(String(request), column === "late" ? "late" : "applied");
  }
  return kept;
}

function endingOf(
  outcomes: readonly string[],
  kept: Ending | undefined,
  dead: string | undefined,
): Ending | null {
  if (kept !== undefined) return kept;
  for (const ending of ["applied", "late", "orphaned", "duplicate"] as const)
    if (outcomes.includes(ending)) return ending;
  if (dead === undefined) return null;
  return dead === "orphaned" ? "orphaned" : "dead_lettered";
}

/** A dead letter goes with its batch and in no other way, and is kept whole but for an erased batch. */
function checkLetters({ ledger, violate }: World, readModel: Sqlite): void {
  const here = new Set(readModel.all("SELECT id FROM dead_letters").map(({ id }) => id));
  for (const { id, reason, batchId, payload } of ledger.letters.values()) {
    const erased = batchId !== null && ledger.batches.get(batchId)?.erased;
    if (erased) continue;
    if (!here.has(id)) violate(`the dead letter ${id} (${reason}) is gone`);
    if (payload === null) violate(`the dead letter ${id} (${reason}) was not kept`);
  }
}

/** Why an answer ended as a dead letter: by what it says, or, where nothing of it was kept, by its hash. */
function deadRequests({ ledger }: World): Map<string, string> {
  const bySha256 = new Map([...ledger.inputs.values()].map(({ sha256, requestId }) => [sha256, requestId]));
  const requests = new Map<string, string>();
  for (const { reason, payload, sha256 } of ledger.letters.values()) {
    const said = /"request_id":"(request-\d+)"/.exec(payload ?? "")?.at(1);
    const requestId = said ?? bySha256.get(sha256);
    if (requestId !== undefined) requests.set(requestId, reason);
  }
  return requests;
}
