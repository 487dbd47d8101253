import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { sweep } from "../../../src/bus/sweep.ts";
import type { Sqlite } from "../../simulation/sqlite.ts";
import { openReadModel } from "./read-model.ts";

const MINUTE_MS = 60_000;
const NOW = Date.UTC(2026, 1, 7, 9, 0, 0);

/** As many as one sweep looks at, and some more. */
const BROKEN = 250;

function insertBatch(sqlite: Sqlite, batchId: string, nextWakeAt: number | null): void {
  sqlite.all(
    `INSERT INTO batches (batch_id, seq, caller, source, bos_batch_id, correlation_id, user_id, state, judge, essay_count,
       total_comparisons, completed_comparisons, failed_comparisons, pending_comparisons, partial_scoring_triggered,
       forced_recovery, created_at, updated_at, next_wake_at)
     VALUES (?, 1, 'school', 'http', 'bos', 'correlation', 'user', 'WAITING_CALLBACKS', 'external', 4, 6, 0, 0, 6, 0, 0, 0, 0, ?)`,
    batchId,
    nextWakeAt,
  );
}

function wakeOf(sqlite: Sqlite, batchId: string): unknown {
  return sqlite.all("SELECT next_wake_at FROM batches WHERE batch_id = ?", batchId)[0]["next_wake_at"];
}

/** Objects that do as they are told. */
function envWith(database: object, nudge: (batchId: string) => Promise<string>): Env {
  const bindings = {
    ENVIRONMENT: "development",
    DB: database,
    ASSESSMENT_BATCH: { getByName: (batchId: string) => ({ nudge: () => nudge(batchId) }) },
  };
  const env: Env = Object.create(null, Object.getOwnPropertyDescriptors(bindings));
  return env;
}

beforeEach(() => void vi.spyOn(console, "error").mockImplementation(() => undefined));
afterEach(() => vi.restoreAllMocks());

describe("the sweep", () => {
  it("gets to every overdue batch, however many before it cannot be woken", async () => {
    const { sqlite, database } = openReadModel();
    for (let number = 0; number < BROKEN; number++) insertBatch(sqlite, `broken-${number}`, 1);
    insertBatch(sqlite, "well", 2);
    const nudged: string[] = [];
    const env = envWith(database, async (batchId) => {
      nudged.push(batchId);
      if (batchId !== "well") throw new Error("the object cannot be started");
      return "well";
    });
    await sweep(env, NOW);
    expect(nudged).not.toContain("well");
    await sweep(env, NOW + 5 * MINUTE_MS);
    expect(nudged).toContain("well");
    expect(new Set(nudged).size).toBe(BROKEN + 1);
  });

  it("looks at a batch that could not be woken again, and leaves alone one that has ended meanwhile", async () => {
    const { sqlite, database } = openReadModel();
    insertBatch(sqlite, "broken", 1);
    insertBatch(sqlite, "ended", 1);
    const nudged: string[] = [];
    const env = envWith(database, async (batchId) => {
      nudged.push(batchId);
      if (batchId === "ended") sqlite.all("UPDATE batches SET next_wake_at = NULL WHERE batch_id = 'ended'");
      throw new Error("the answer was lost");
    });
    await sweep(env, NOW);
    expect([wakeOf(sqlite, "broken"), wakeOf(sqlite, "ended")]).toEqual([NOW, null]);
    await sweep(env, NOW + 5 * MINUTE_MS);
    expect(nudged.toSorted()).toEqual(["broken", "broken", "ended"]);
  });
});
