import type { Batch, Comparison } from "../batch/batch.ts";
import type { Change, PromptContext, VerdictRecord } from "../batch/decision.ts";
import { type InterimFit, interimFitSchema } from "../batch/interim-fit.ts";
import { type Ranking, rankingSchema } from "../batch/ranking.ts";
import { nameRedactor } from "../batch/redact-names.ts";
import type { Review } from "../batch/review.ts";
import { emptyTally, retally } from "../batch/tally.ts";
import {
  storedComparison,
  storedConfig,
  storedEssay,
  storedLife,
  storedOrigin,
  storedPrompt,
  storedReview,
  storedTombstone,
  storedVerdict,
  type Tombstone,
} from "./stored.ts";

export interface HistoryEntry {
  readonly from: string | null;
  readonly to: string;
  readonly reason: string;
  readonly at: number;
}

export interface StoredVerdict {
  readonly number: number;
  readonly verdict: VerdictRecord | null;
  /** an answer that came after the batch had ended */
  readonly late: VerdictRecord | null;
}

/** What judges are shown. The prompt and the list of names are read once, for all comparisons of a message. */
export interface ShownTexts {
  readonly prompt: PromptContext;
  /** Two essays without the names that the request wants out; null when one has no text. */
  essays(first: number, second: number): readonly [string, string] | null;
}

/** A batch's facts in the object's SQLite. All methods are synchronous: they run inside one transaction. */
export interface BatchStore {
  load(): Batch | null;
  tombstone(): Tombstone | null;
  apply(changes: readonly Change[]): void;
  prompt(): PromptContext;
  shownTexts(): ShownTexts;
  history(): readonly HistoryEntry[];
  verdicts(from: number, to: number): readonly StoredVerdict[];
  ranking(): Ranking | null;
  /** every review, oldest first */
  reviews(): readonly Review[];
  /** Replaces everything by a tombstone; outbox rows are the outbox's own business. */
  erase(tombstone: Tombstone): void;
}

const COMPARISON_COLUMNS = `number, first, second, judge, for_people AS forPeople, copy_of AS copyOf, wave, origin, attempt,
  status, deadline, winner, settled_at AS settledAt, late_at AS lateAt, provider, model, person, confidence, answers, refusals,
  nano_usd AS nanoUsd, prompt_tokens AS promptTokens, completion_tokens AS completionTokens,
  response_time_ms AS responseTimeMs`;

export function openBatchStore(sql: SqlStorage): BatchStore {
  return {
    load: () => loadBatch(sql),
    tombstone() {
      const row = firstRow<{ content: string }>(sql, "SELECT content FROM tombstone");
      return row ? storedTombstone.parse(JSON.parse(row.content)) : null;
    },
    apply(changes) {
      for (const change of changes) applyChange(sql, change);
    },
    prompt: () => readPrompt(sql),
    shownTexts() {
      const prompt = readPrompt(sql);
      const redact = nameRedactor(prompt.redactNames);
      return {
        prompt,
        essays(first, second) {
          const texts = [first, second]
            .map((number) => essayText(sql, number))
            .filter((text) => text !== null);
          if (texts.length < 2) return null;
          const [shownFirst, shownSecond] = redact(texts);
          return [shownFirst, shownSecond];
        },
      };
    },
    history: () =>
      sql
        .exec<{ from: string | null; to: string; reason: string; at: number }>(
          `SELECT from_state AS "from", to_state AS "to", reason, at FROM history ORDER BY id`,
        )
        .toArray(),
    verdicts: (from, to) =>
      sql
        .exec<{ number: number; verdict: string | null; late: string | null }>(
          "SELECT number, verdict, late FROM comparisons WHERE number >= ? AND number < ? ORDER BY number",
          from,
          to,
        )
        .toArray()
        .map(({ number, verdict, late }) => ({
          number,
          verdict: readVerdict(verdict),
          late: readVerdict(late),
        })),
    ranking() {
      const row = firstRow<{ ranking: string }>(sql, "SELECT ranking FROM scores");
      return row ? rankingSchema.parse(JSON.parse(row.ranking)) : null;
    },
    reviews: () =>
      sql
        .exec(`SELECT essay, reviewed_by AS reviewedBy, grade, caller, at FROM reviews ORDER BY id`)
        .toArray()
        .map((review) => storedReview.parse(review)),
    erase(tombstone) {
      for (const table of ["batch", "essays", "comparisons", "history", "interim_fit", "scores", "reviews"])
        sql.exec(`DELETE FROM ${table}`);
      sql.exec("INSERT OR REPLACE INTO tombstone (id, content) VALUES (1, ?)", JSON.stringify(tombstone));
    },
  };
}

function loadBatch(sql: SqlStorage): Batch | null {
  const row = firstRow<{ origin: string; config: string; life: string }>(
    sql,
    "SELECT origin, config, life FROM batch",
  );
  if (row === undefined) return null;
  const batch: Batch = {
    origin: storedOrigin.parse(JSON.parse(row.origin)),
    config: storedConfig.parse(JSON.parse(row.config)),
    life: storedLife.parse(JSON.parse(row.life)),
    essays: sql
      .exec(
        "SELECT number, essay_id AS essayId, storage_id AS storageId, status AS text, problem, length, anchor FROM essays ORDER BY number",
      )
      .toArray()
      .map((essay) => storedEssay.parse(essay)),
    comparisons: sql
      .exec(`SELECT ${COMPARISON_COLUMNS} FROM comparisons ORDER BY number`)
      .toArray()
      .map((comparison) => storedComparison.parse(comparison)),
    fit: loadFit(sql),
    tally: emptyTally(),
  };
  for (const comparison of batch.comparisons) retally(batch.tally, undefined, comparison);
  return batch;
}

function loadFit(sql: SqlStorage): InterimFit | null {
  const row = firstRow<{ fit: string }>(sql, "SELECT fit FROM interim_fit");
  return row ? interimFitSchema.parse(JSON.parse(row.fit)) : null;
}

function applyChange(sql: SqlStorage, change: Change): void {
  switch (change.kind) {
    case "opened":
      insertBatch(sql, change);
      return;
    case "life":
      sql.exec("UPDATE batch SET life = ?", JSON.stringify(change.life));
      return;
    case "transition":
      sql.exec(
        "INSERT INTO history (from_state, to_state, reason, at) VALUES (?, ?, ?, ?)",
        change.from,
        change.to,
        change.reason,
        change.at,
      );
      return;
    case "essay":
      sql.exec(
        "UPDATE essays SET status = ?, problem = ?, length = ?, text = ? WHERE number = ?",
        change.essay.text,
        change.essay.problem,
        change.essay.length,
        change.text,
        change.essay.number,
      );
      return;
    case "student-prompt":
      sql.exec(
        "UPDATE batch SET prompt = json_set(prompt, '$.studentPrompt', ?, '$.studentPromptStorageId', NULL)",
        change.text,
      );
      return;
    case "issued":
      insertComparison(sql, change.comparison);
      return;
    case "comparison":
      updateComparison(sql, change.comparison, change.verdict);
      return;
    case "fit":
      sql.exec("INSERT OR REPLACE INTO interim_fit (id, fit) VALUES (1, ?)", JSON.stringify(change.fit));
      return;
    case "ranking":
      sql.exec("INSERT OR REPLACE INTO scores (id, ranking) VALUES (1, ?)", JSON.stringify(change.ranking));
      return;
    case "review":
      insertReview(sql, change.review);
      return;
    case "texts-erased":
      eraseTexts(sql);
      return;
  }
}

function insertBatch(sql: SqlStorage, opened: Extract<Change, { kind: "opened" }>): void {
  sql.exec(
    "INSERT INTO batch (id, origin, config, life, prompt) VALUES (1, ?, ?, ?, ?)",
    JSON.stringify(opened.origin),
    JSON.stringify(opened.config),
    JSON.stringify(opened.life),
    JSON.stringify(opened.prompt),
  );
  for (const { essay, text } of opened.essays) {
    sql.exec(
      "INSERT INTO essays (number, essay_id, storage_id, status, problem, length, text, anchor) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      essay.number,
      essay.essayId,
      essay.storageId,
      essay.text,
      essay.problem,
      essay.length,
      text,
      essay.anchor === null ? null : JSON.stringify(essay.anchor),
    );
  }
}

function insertReview(sql: SqlStorage, { essay, reviewedBy, grade, caller, at }: Review): void {
  sql.exec(
    "INSERT INTO reviews (essay, reviewed_by, grade, caller, at) VALUES (?, ?, ?, ?, ?)",
    essay,
    reviewedBy,
    grade,
    caller,
    at,
  );
}

function eraseTexts(sql: SqlStorage): void {
  sql.exec("UPDATE essays SET text = NULL");
  for (const column of ["verdict", "late"]) {
    sql.exec(
      `UPDATE comparisons SET ${column} = json_set(${column}, '$.justification', NULL, '$.errorMessage', NULL) WHERE ${column} IS NOT NULL`,
    );
  }
  sql.exec(
    "UPDATE batch SET prompt = json_set(prompt, '$.studentPrompt', NULL, '$.instructions', NULL, '$.rubric', NULL, '$.overrides', NULL, '$.redactNames', json('[]'))",
  );
}

function readPrompt(sql: SqlStorage): PromptContext {
  const row = sql.exec<{ prompt: string }>("SELECT prompt FROM batch").one();
  return storedPrompt.parse(JSON.parse(row.prompt));
}

function essayText(sql: SqlStorage, number: number): string | null {
  const row = firstRow<{ text: string | null }>(sql, "SELECT text FROM essays WHERE number = ?", number);
  return row?.text ?? null;
}

function insertComparison(sql: SqlStorage, comparison: Comparison): void {
  sql.exec(
    `INSERT INTO comparisons (number, first, second, judge, for_people, copy_of, wave, origin, attempt, status, deadline)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    comparison.number,
    comparison.first,
    comparison.second,
    comparison.judge,
    comparison.forPeople ? 1 : 0,
    comparison.copyOf,
    comparison.wave,
    comparison.origin,
    comparison.attempt,
    comparison.status,
    comparison.deadline,
  );
}

/** One row, no index: this is all that a verdict writes. */
function updateComparison(sql: SqlStorage, comparison: Comparison, verdict: VerdictRecord | null): void {
  const isLate = comparison.lateAt !== null;
  const { rowsWritten } = sql.exec(
    `UPDATE comparisons SET attempt = ?, status = ?, deadline = ?, winner = ?, settled_at = ?, late_at = ?,
       provider = ?, model = ?, person = ?, confidence = ?, answers = ?, refusals = ?, nano_usd = ?, prompt_tokens = ?,
       completion_tokens = ?, response_time_ms = ?, verdict = coalesce(?, verdict), late = ?
     WHERE number = ? AND winner IS NULL AND late_at IS NULL`,
    comparison.attempt,
    comparison.status,
    comparison.deadline,
    comparison.winner,
    comparison.settledAt,
    comparison.lateAt,
    comparison.provider,
    comparison.model,
    comparison.person,
    comparison.confidence,
    comparison.usage.answers,
    comparison.usage.refusals,
    comparison.usage.nanoUsd,
    comparison.usage.promptTokens,
    comparison.usage.completionTokens,
    comparison.usage.responseTimeMs,
    isLate || verdict === null ? null : JSON.stringify(verdict),
    isLate ? JSON.stringify(verdict) : null,
    comparison.number,
  );
  // The decision was made on the same state, so a row that refuses it means memory and storage disagree.
  if (rowsWritten !== 1)
    throw new Error(`comparison ${comparison.number} is settled already: memory and storage differ`);
}

function readVerdict(stored: string | null): VerdictRecord | null {
  return stored === null ? null : storedVerdict.parse(JSON.parse(stored));
}

function firstRow<Row extends Record<string, SqlStorageValue>>(
  sql: SqlStorage,
  query: string,
  ...bindings: SqlStorageValue[]
): Row | undefined {
  return sql
    .exec<Row>(query, ...bindings)
    .toArray()
    .at(0);
}
