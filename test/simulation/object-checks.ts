/** What must hold in an object's storage after every commit, and for its alarm after every step. */
import { nextWake } from "../../src/batch/commands/wake.ts";
import { openBatchStore } from "../../src/objects/batch-store.ts";
import type { Hosted } from "./object-host.ts";
import { objectSql } from "./sqlite.ts";
import type { World } from "./world.ts";

/** The flush may take this long before the alarm takes over. */
const FLUSH_GUARD_MS = 10_000;
const ALARM_GAP_MS = 250;
const TERMINAL = ["COMPLETED", "FAILED", "CANCELLED"];

/** @param written the numbers of the outbox rows that the transaction wrote */
export function checkCommit(world: World, hosted: Hosted, written: readonly number[]): void {
  for (const seq of written) {
    if (seq !== hosted.seq + 1)
      world.violate(`${hosted.name}: outbox row ${seq} follows ${hosted.seq}: a gap`);
    hosted.seq = seq;
  }
  const [batch] = hosted.sqlite.all(
    "SELECT json_extract(life, '$.seq') AS seq, json_extract(life, '$.state') AS state, json_extract(config, '$.maxRetryAttempts') AS retries FROM batch",
  );
  if (batch === undefined) return;
  if (batch["seq"] !== hosted.seq)
    world.violate(
      `${hosted.name}: the batch counts ${String(batch["seq"])} outbox rows, ${hosted.seq} were written`,
    );
  const [rows] = hosted.sqlite.all(`SELECT (SELECT max(attempt) FROM comparisons) AS attempt,
    (SELECT to_state FROM history ORDER BY id DESC LIMIT 1) AS state,
    (SELECT count(*) FROM history WHERE from_state IN ('COMPLETED', 'FAILED', 'CANCELLED')) AS undone`);
  if (rows["state"] !== batch["state"])
    world.violate(`${hosted.name} is ${String(batch["state"])}, its history says ${String(rows["state"])}`);
  if (rows["undone"] !== 0) world.violate(`${hosted.name} left a terminal state`);
  if (Number(rows["attempt"]) > Number(batch["retries"]))
    world.violate(
      `${hosted.name}: attempt ${String(rows["attempt"])} of at most ${String(batch["retries"])} retries`,
    );
}

/** An open batch, and one with something left in its outbox, has an alarm, and not a late one. */
export function checkWakeUp(world: World, hosted: Hosted): void {
  if (hosted.alarmRunning || hosted.alarmForgotten || !exists(hosted)) return;
  const due = dueAt(hosted, world.chance.happens(0.25));
  if (due === null) return;
  if (hosted.alarm === null) {
    world.violate(`${hosted.name} has work to do and no alarm`);
    return;
  }
  const latest = Math.max(due, world.timeline.now() + ALARM_GAP_MS) + FLUSH_GUARD_MS;
  if (hosted.alarm > latest) world.violate(`${hosted.name}: the alarm stands ${hosted.alarm - due} ms late`);
}

function exists(hosted: Hosted): boolean {
  return hosted.sqlite.all("SELECT 1 FROM sqlite_master WHERE name = 'outbox'").length > 0;
}

/** @param exactly computes the batch's own next time from all its facts, which takes longer */
function dueAt(hosted: Hosted, exactly: boolean): number | null {
  const [outbox] = hosted.sqlite.all("SELECT min(next_attempt_at) AS at FROM outbox");
  const times = typeof outbox["at"] === "number" ? [outbox["at"]] : [];
  if (exactly) {
    const batch = loadBatch(hosted);
    const at = batch === null ? null : nextWake(batch);
    if (at !== null) times.push(at);
  } else {
    const [open] = hosted.sqlite.all("SELECT json_extract(life, '$.state') AS state FROM batch");
    if (open !== undefined && !TERMINAL.includes(String(open["state"]))) times.push(Number.MAX_SAFE_INTEGER);
  }
  return times.length === 0 ? null : Math.min(...times);
}

/** The batch as a new incarnation would load it. */
export function loadBatch(hosted: Hosted) {
  return openBatchStore(storageLike(hosted)).load();
}

export function storageLike(hosted: Hosted): SqlStorage {
  // The store uses exec() alone, and of its cursor what ours has.
  const sql: SqlStorage = Object.create(objectSql(hosted.sqlite));
  return sql;
}
