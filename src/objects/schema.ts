/**
 * Schema of an object's own SQLite, as numbered steps. A step that has shipped is never edited: objects in the field
 * have run it. drizzle's migrator for Durable Objects reports every failure as "Rollback" without a cause, so these
 * thirty lines replace it (docs/decisions/0004-object-storage.md).
 */
const STEPS: readonly string[] = [
  `CREATE TABLE batch (
     id INTEGER PRIMARY KEY CHECK (id = 1),
     origin TEXT NOT NULL, config TEXT NOT NULL, life TEXT NOT NULL, prompt TEXT NOT NULL
   );
   CREATE TABLE essays (
     number INTEGER PRIMARY KEY, essay_id TEXT NOT NULL, storage_id TEXT, status TEXT NOT NULL, problem TEXT,
     text TEXT
   );
   CREATE TABLE comparisons (
     number INTEGER PRIMARY KEY, first INTEGER NOT NULL, second INTEGER NOT NULL, wave INTEGER NOT NULL,
     attempt INTEGER NOT NULL, status TEXT NOT NULL, deadline INTEGER, winner TEXT, settled_at INTEGER,
     late_at INTEGER, provider TEXT, model TEXT, verdict TEXT, late TEXT
   );
   CREATE TABLE history (
     id INTEGER PRIMARY KEY, from_state TEXT, to_state TEXT NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL
   );
   CREATE TABLE outbox (
     seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, payload TEXT NOT NULL, status TEXT NOT NULL,
     attempts INTEGER NOT NULL DEFAULT 0, created_at INTEGER NOT NULL, next_attempt_at INTEGER,
     leased_until INTEGER, published_at INTEGER, note TEXT
   );
   CREATE TABLE scores (id INTEGER PRIMARY KEY CHECK (id = 1), ranking TEXT NOT NULL);
   CREATE TABLE tombstone (id INTEGER PRIMARY KEY CHECK (id = 1), content TEXT NOT NULL);`,
  "ALTER TABLE comparisons ADD COLUMN origin TEXT NOT NULL DEFAULT 'balanced';",
  // Several judges, people among them: who judges a comparison, what that came to, and how long the essays are.
  `ALTER TABLE comparisons ADD COLUMN judge INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE comparisons ADD COLUMN for_people INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE comparisons ADD COLUMN copy_of INTEGER;
   ALTER TABLE comparisons ADD COLUMN person TEXT;
   ALTER TABLE comparisons ADD COLUMN confidence REAL;
   ALTER TABLE comparisons ADD COLUMN answers INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE comparisons ADD COLUMN refusals INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE comparisons ADD COLUMN nano_usd INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE comparisons ADD COLUMN prompt_tokens INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE comparisons ADD COLUMN completion_tokens INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE comparisons ADD COLUMN response_time_ms INTEGER NOT NULL DEFAULT 0;
   UPDATE comparisons SET answers = 1,
     confidence = json_extract(verdict, '$.confidence'),
     nano_usd = CAST(round(json_extract(verdict, '$.costEstimate') * 1e9) AS INTEGER),
     prompt_tokens = json_extract(verdict, '$.promptTokens'),
     completion_tokens = json_extract(verdict, '$.completionTokens'),
     response_time_ms = json_extract(verdict, '$.responseTimeMs')
   WHERE verdict IS NOT NULL;
   ALTER TABLE essays ADD COLUMN length INTEGER;
   UPDATE essays SET length = length(text) WHERE text IS NOT NULL;`,
  "CREATE TABLE interim_fit (id INTEGER PRIMARY KEY CHECK (id = 1), fit TEXT NOT NULL);",
  `ALTER TABLE essays ADD COLUMN anchor TEXT;
   CREATE TABLE reviews (
     id INTEGER PRIMARY KEY, essay INTEGER NOT NULL, reviewed_by TEXT NOT NULL, grade TEXT NOT NULL, caller TEXT NOT NULL,
     at INTEGER NOT NULL
   );`,
];

/** Whether anything was ever created in this object. Reading it creates nothing. */
export function hasSchema(sql: SqlStorage): boolean {
  return (
    sql.exec("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'schema_steps'").toArray().length >
    0
  );
}

/** Runs the steps that this object has not run yet. Call it inside a transaction. */
export function migrate(sql: SqlStorage): void {
  sql.exec("CREATE TABLE IF NOT EXISTS schema_steps (step INTEGER PRIMARY KEY)");
  const done = new Set(
    sql
      .exec<{ step: number }>("SELECT step FROM schema_steps")
      .toArray()
      .map(({ step }) => step),
  );
  STEPS.forEach((statements, step) => {
    if (done.has(step)) return;
    sql.exec(statements);
    sql.exec("INSERT INTO schema_steps (step) VALUES (?)", step);
  });
}

/** Whether every step has been run, so that waking an object writes nothing. */
export function isCurrent(sql: SqlStorage): boolean {
  return (
    sql.exec<{ steps: number }>("SELECT count(*) AS steps FROM schema_steps").one().steps === STEPS.length
  );
}
