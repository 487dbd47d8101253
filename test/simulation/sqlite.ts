/** SQLite of Node in the two shapes in which production meets SQLite: an object's storage, and D1. */
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";

export type Row = Record<string, unknown>;

export interface Sqlite {
  readonly database: DatabaseSync;
  prepare(query: string): StatementSync;
  /** a statement that gives its rows as arrays */
  prepareRaw(query: string): StatementSync;
  all(query: string, ...bindings: unknown[]): Row[];
}

export function openSqlite(): Sqlite {
  const database = new DatabaseSync(":memory:");
  const statements = new Map<string, StatementSync>();
  const rawStatements = new Map<string, StatementSync>();
  const prepareIn = (known: Map<string, StatementSync>, query: string): StatementSync => {
    const statement = known.get(query) ?? database.prepare(query);
    known.set(query, statement);
    return statement;
  };
  const prepare = (query: string) => prepareIn(statements, query);
  return {
    database,
    prepare,
    prepareRaw(query) {
      const statement = prepareIn(rawStatements, query);
      statement.setReturnArrays(true);
      return statement;
    },
    all: (query, ...bindings) => prepare(query).all(...bindings.map(toSqlite)),
  };
}

/** Numbers, text, null and booleans: all that production binds. */
export function toSqlite(value: unknown): SQLInputValue {
  if (value === undefined || value === null) return null;
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value === "number" || typeof value === "string" || typeof value === "bigint") return value;
  throw new TypeError(`cannot bind ${typeof value}`);
}

export interface Cursor {
  readonly rowsWritten: number;
  toArray(): Row[];
  one(): Row;
}

/** The part of `SqlStorage` that the object uses. */
export interface ObjectSql {
  exec(query: string, ...bindings: unknown[]): Cursor;
}

export function objectSql(sqlite: Sqlite): ObjectSql {
  return {
    exec(query, ...bindings) {
      if (bindings.length === 0 && /^\s*(CREATE|ALTER)\b/.test(query)) {
        // A step of the schema holds several statements, of which prepare() would take only the first.
        sqlite.database.exec(query);
        return cursorOf([], 0);
      }
      const statement = sqlite.prepare(query);
      const values = bindings.map(toSqlite);
      if (/^\s*SELECT\b/.test(query)) return cursorOf(statement.all(...values), 0);
      return cursorOf([], Number(statement.run(...values).changes));
    },
  };
}

function cursorOf(rows: Row[], rowsWritten: number): Cursor {
  return {
    rowsWritten,
    toArray: () => rows,
    one() {
      const [row] = rows;
      if (rows.length !== 1) throw new Error(`expected one row, got ${rows.length}`);
      return row;
    },
  };
}
