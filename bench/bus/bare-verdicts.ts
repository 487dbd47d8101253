import { DurableObject } from "cloudflare:workers";
import type { LlmComparisonResult } from "../../src/contracts/comparison-result.ts";
import { countRowsWritten } from "./rows-written.ts";

/** The row's own values, so that nothing travels to the object that it does not keep. */
export interface BareVerdict {
  readonly number: number;
  readonly winner: string | null;
  readonly provider: string;
  readonly model: string;
  readonly confidence: number | null;
  readonly nanoUsd: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly responseTimeMs: number;
  /** JSON, as src/objects keeps it */
  readonly verdict: string;
}

/** What becomes of a parsed body: the comparison's number travels as its `request_id`. */
export function bareVerdictOf(result: LlmComparisonResult): BareVerdict {
  const { winner, provider, model, token_usage: tokens } = result;
  const verdict = {
    winner,
    confidence: result.confidence,
    justification: result.justification,
    errorCode: null,
    errorMessage: null,
    attempt: 0,
    requestId: result.request_id,
    provider,
    model,
    responseTimeMs: result.response_time_ms,
    promptTokens: tokens.prompt_tokens,
    completionTokens: tokens.completion_tokens,
    costEstimate: result.cost_estimate,
    costBasis: null,
    promptVersion: null,
    promptSha256: null,
  };
  return {
    number: Number(result.request_id),
    winner,
    provider,
    model,
    confidence: result.confidence,
    nanoUsd: Math.round(result.cost_estimate * 1e9),
    promptTokens: tokens.prompt_tokens,
    completionTokens: tokens.completion_tokens,
    responseTimeMs: result.response_time_ms,
    verdict: JSON.stringify(verdict),
  };
}

/**
 * The least an object can do with a verdict and still keep it: the row of src/objects, written in one transaction
 * per call, with no id to check, no state, no counters and no rules.
 */
export class BareVerdicts extends DurableObject<Env> {
  readonly #rowsWritten: () => number;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    ctx.storage.sql.exec(`CREATE TABLE IF NOT EXISTS comparisons (
       number INTEGER PRIMARY KEY, first INTEGER NOT NULL, second INTEGER NOT NULL, wave INTEGER NOT NULL,
       attempt INTEGER NOT NULL, status TEXT NOT NULL, deadline INTEGER, winner TEXT, settled_at INTEGER,
       late_at INTEGER, provider TEXT, model TEXT, verdict TEXT, late TEXT, origin TEXT NOT NULL DEFAULT 'balanced',
       judge INTEGER NOT NULL DEFAULT 0, for_people INTEGER NOT NULL DEFAULT 0, copy_of INTEGER, person TEXT, confidence REAL,
       answers INTEGER NOT NULL DEFAULT 0, refusals INTEGER NOT NULL DEFAULT 0, nano_usd INTEGER NOT NULL DEFAULT 0,
       prompt_tokens INTEGER NOT NULL DEFAULT 0, completion_tokens INTEGER NOT NULL DEFAULT 0,
       response_time_ms INTEGER NOT NULL DEFAULT 0)`);
    this.#rowsWritten = countRowsWritten(ctx.storage.sql);
  }

  async rowsWritten(): Promise<number> {
    return this.#rowsWritten();
  }

  /** Issues comparisons 0 to `count` − 1. */
  async issue(count: number): Promise<void> {
    this.ctx.storage.transactionSync(() => {
      for (let number = 0; number < count; number++)
        this.ctx.storage.sql.exec(
          "INSERT INTO comparisons (number, first, second, wave, attempt, status) VALUES (?, 0, 1, 0, 0, 'dispatched')",
          number,
        );
    });
  }

  async record(verdicts: readonly BareVerdict[]): Promise<number> {
    const now = Date.now();
    this.ctx.storage.transactionSync(() => {
      for (const verdict of verdicts) this.#write(verdict, now);
    });
    return verdicts.length;
  }

  async recorded(): Promise<number> {
    const query = "SELECT count(*) AS judged FROM comparisons WHERE winner IS NOT NULL";
    return this.ctx.storage.sql.exec<{ judged: number }>(query).one().judged;
  }

  #write(bare: BareVerdict, now: number): void {
    this.ctx.storage.sql.exec(
      `UPDATE comparisons SET attempt = 0, status = 'judged', deadline = NULL, winner = ?, settled_at = ?, late_at = NULL,
         provider = ?, model = ?, person = NULL, confidence = ?, answers = 1, refusals = 0, nano_usd = ?, prompt_tokens = ?,
         completion_tokens = ?, response_time_ms = ?, verdict = coalesce(?, verdict), late = NULL
       WHERE number = ? AND winner IS NULL AND late_at IS NULL`,
      bare.winner,
      now,
      bare.provider,
      bare.model,
      bare.confidence,
      bare.nanoUsd,
      bare.promptTokens,
      bare.completionTokens,
      bare.responseTimeMs,
      bare.verdict,
      bare.number,
    );
  }
}
