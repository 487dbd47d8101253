/**
 * State folders of the local runtime, as one small file each: what a version of the service had stored, to be opened by
 * later ones. A stored state ages: a batch that was open would have timed out long ago. So unpacking moves every time in it
 * by as much as has passed since.
 */
import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** Times of a stored state lie this close to the moment at which it was made: the longest a batch may last, and a day before. */
const FUTURE_MS = 31 * 24 * 3_600_000;
const PAST_MS = 24 * 3_600_000;

/** Packs a state folder that nobody uses any more. */
export function packState(folder: string, archive: string): void {
  for (const file of databasesIn(folder)) {
    const database = new DatabaseSync(file);
    // Into one file each, without what SQLite keeps beside it.
    database.exec("PRAGMA wal_checkpoint(TRUNCATE); VACUUM; PRAGMA wal_checkpoint(TRUNCATE);");
    database.close();
  }
  // The objects and the database: what else the local runtime keeps is not ours.
  tar("-czf", archive, "-C", folder, "v3/do", "v3/d1");
}

/**
 * Unpacks a state as if it had been made at another time.
 * @param madeAt when it was made, in epoch milliseconds
 * @param asOf when it is to have been made
 */
export function unpackState(archive: string, folder: string, madeAt: number, asOf: number): void {
  tar("-xzf", archive, "-C", folder);
  const shift = (value: unknown): unknown => shifted(value, madeAt, asOf - madeAt);
  for (const file of databasesIn(folder)) {
    const database = new DatabaseSync(file);
    database.exec("BEGIN");
    for (const table of tablesOf(database)) shiftTable(database, table, shift);
    database.exec("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)");
    database.close();
  }
}

function databasesIn(folder: string): string[] {
  return globSync("v3/**/*.sqlite", { cwd: folder }).map((path) => join(folder, path));
}

function tablesOf(database: DatabaseSync): string[] {
  const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
  // Those of the runtime itself hold alarms, in nanoseconds: one whose time has passed goes off at once, as it must.
  return tables.map(({ name }) => String(name)).filter((name) => !/^(_cf_|sqlite_)/.test(name));
}

function shiftTable(database: DatabaseSync, table: string, shift: (value: unknown) => unknown): void {
  const columns = database.prepare(`SELECT name FROM pragma_table_info('${table}')`).all();
  for (const { name } of columns) {
    const column = `"${String(name)}"`;
    const update = database.prepare(`UPDATE ${table} SET ${column} = ? WHERE rowid = ?`);
    for (const { at, value } of database
      .prepare(`SELECT rowid AS at, ${column} AS value FROM ${table}`)
      .all()) {
      const moved = shift(value);
      if (moved === value || (typeof moved !== "string" && typeof moved !== "number")) continue;
      update.run(moved, at);
    }
  }
}

/** A time moved, JSON with all its times moved, anything else as it is. */
function shifted(value: unknown, madeAt: number, byMs: number): unknown {
  if (typeof value === "number")
    return value > madeAt - PAST_MS && value < madeAt + FUTURE_MS ? value + byMs : value;
  if (typeof value !== "string" || !value.startsWith("{")) return value;
  let moved = false;
  const json = JSON.stringify(JSON.parse(value), (_key, part: unknown) => {
    if (typeof part !== "number") return part;
    const after = shifted(part, madeAt, byMs);
    moved ||= after !== part;
    return after;
  });
  return moved ? json : value;
}

function tar(...options: string[]): void {
  const { status, stderr } = spawnSync("tar", options, { encoding: "utf8" });
  if (status !== 0) throw new Error(`tar ${options.join(" ")} failed: ${stderr}`);
}
