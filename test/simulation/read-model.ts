/** D1: real SQLite behind an unreliable wire. What it is told may land long after the teller was told that it failed. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ObjectHost } from "./object-host.ts";
import { openSqlite, type Row, type Sqlite, toSqlite } from "./sqlite.ts";
import { overTheWire, type Process, type World } from "./world.ts";

const MIGRATIONS = join(import.meta.dirname, "../../migrations");
const SCHEMA = readdirSync(MIGRATIONS)
  .filter((name) => name.endsWith(".sql"))
  .sort()
  .map((name) => readFileSync(join(MIGRATIONS, name), "utf8"))
  .join("\n");

export interface ReadModel {
  readonly sqlite: Sqlite;
  databaseFor(caller: Process): object;
}

interface Bound {
  readonly query: string;
  readonly bindings: readonly unknown[];
}

export function createReadModel(world: World, hostOf: () => ObjectHost): ReadModel {
  const sqlite = openSqlite();
  sqlite.database.exec(SCHEMA);
  const newest = new Map<string, number>();

  const run = (statements: readonly Bound[]): Row[][] => {
    sqlite.database.exec("BEGIN");
    try {
      const results = statements.map(({ query, bindings }) => sqlite.all(query, ...bindings));
      sqlite.database.exec("COMMIT");
      return results;
    } catch (error) {
      sqlite.database.exec("ROLLBACK");
      throw error;
    }
  };
  const write = (statements: readonly Bound[]): Row[][] => {
    const results = run(statements);
    checkPictures(world, hostOf(), sqlite, newest);
    if (statements.some(({ query }) => WRITES_LETTERS.test(query))) noteLetters(world, sqlite);
    return results;
  };

  return {
    sqlite,
    databaseFor(caller) {
      const send = <Reply>(effect: () => Reply, isWrite: boolean) =>
        overTheWire(world, caller, "d1", effect, isWrite ? world.weather.landsLater : 0);
      const bound = (query: string, bindings: readonly unknown[]) => {
        const isWrite = !/^\s*select\b/i.test(query);
        const apply = isWrite ? write : run;
        return {
          query,
          bindings,
          bind: (...values: unknown[]) => bound(query, values),
          all: () =>
            send(() => ({ success: true, meta: {}, results: apply([{ query, bindings }])[0] }), isWrite),
          run: () =>
            send(() => ({ success: true, meta: {}, results: apply([{ query, bindings }])[0] }), isWrite),
          raw: () => send(() => rawRows(sqlite, query, bindings), isWrite),
        };
      };
      return {
        prepare: (query: string) => bound(query, []),
        batch: (statements: readonly Bound[]) =>
          send(() => write(statements).map((results) => ({ success: true, meta: {}, results })), true),
      };
    },
  };
}

const WRITES_LETTERS = /^\s*insert into "?dead_letters/i;

/** What was written must have been there, whatever removes it later. */
function noteLetters({ ledger }: World, sqlite: Sqlite): void {
  for (const row of sqlite.all("SELECT id, reason, batch_id, payload, payload_sha256 FROM dead_letters")) {
    const id = String(row["id"]);
    if (ledger.letters.has(id)) continue;
    ledger.letters.set(id, {
      id,
      reason: String(row["reason"]),
      batchId: textOrNull(row["batch_id"]),
      payload: textOrNull(row["payload"]),
      sha256: String(row["payload_sha256"]),
    });
  }
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function rawRows(sqlite: Sqlite, query: string, bindings: readonly unknown[]): unknown[] {
  return sqlite.prepareRaw(query).all(...bindings.map(toSqlite));
}

/** The read model never goes back, and never runs ahead of what the object has committed. */
function checkPictures(world: World, host: ObjectHost, sqlite: Sqlite, newest: Map<string, number>): void {
  for (const row of sqlite.all("SELECT batch_id, seq FROM batches")) {
    const batchId = String(row["batch_id"]);
    const seq = Number(row["seq"]);
    const before = newest.get(batchId) ?? 0;
    // A picture that lands after its batch was erased is gone again at the second erasure: the final checks see to that.
    if (seq < before && !isErased(host, batchId))
      world.violate(`D1 went back from seq ${before} to ${seq} of ${batchId}`);
    if (seq > (host.objects.get(batchId)?.seq ?? 0))
      world.violate(`D1 shows seq ${seq} of ${batchId}, which was never committed`);
    newest.set(batchId, seq);
  }
}

function isErased(host: ObjectHost, batchId: string): boolean {
  return (host.objects.get(batchId)?.sqlite.all("SELECT 1 FROM tombstone").length ?? 0) > 0;
}
