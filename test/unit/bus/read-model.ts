import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openSqlite, type Sqlite } from "../../simulation/sqlite.ts";

const MIGRATIONS = join(import.meta.dirname, "../../../migrations");

/** D1 with this version's tables, on Node's SQLite. */
export function openReadModel(): { readonly sqlite: Sqlite; readonly database: object } {
  const sqlite = openSqlite();
  for (const name of readdirSync(MIGRATIONS).sort())
    if (name.endsWith(".sql")) sqlite.database.exec(readFileSync(join(MIGRATIONS, name), "utf8"));
  const bound = (query: string, bindings: readonly unknown[]) => {
    const results = async () => ({ success: true, meta: {}, results: sqlite.all(query, ...bindings) });
    return {
      bind: (...values: unknown[]) => bound(query, values),
      all: results,
      run: results,
      raw: async () => sqlite.all(query, ...bindings).map((row) => Object.values(row)),
    };
  };
  const batch = (statements: readonly { all(): Promise<unknown> }[]) =>
    Promise.all(statements.map((statement) => statement.all()));
  return { sqlite, database: { prepare: (query: string) => bound(query, []), batch } };
}
