import { describe, expect, it } from "vitest";
import { openOutbox } from "../../src/objects/outbox.ts";
import { migrate } from "../../src/objects/schema.ts";
import { objectSql, openSqlite } from "./sqlite.ts";

const EVENT = {
  name: "failed",
  eventId: "83b91991-adcc-5958-99bc-483afb2fcba9",
  topic: "huleedu.cj_assessment.failed.v1",
  key: "bos-1",
  envelope: {
    event_id: "83b91991-adcc-5958-99bc-483afb2fcba9",
    event_type: "cj_assessment.failed.v1",
    event_timestamp: "2026-02-07T09:00:00Z",
    source_service: "cj_assessment_service",
    schema_version: 1,
    correlation_id: "c0ffee00-0000-4000-8000-000000000001",
    data_schema_uri: null,
    data: {},
    metadata: null,
  },
} as const;

function openStorage(): SqlStorage {
  // Node's SQLite has the part of it that the outbox uses.
  const sql: SqlStorage = Object.create(objectSql(openSqlite()));
  migrate(sql);
  return sql;
}

describe("an event in the outbox", () => {
  it("stays published when the answer to its announcement is lost after it was published", () => {
    const outbox = openOutbox(openStorage());
    outbox.add([{ seq: 1, effect: { kind: "event", event: EVENT } }], 1_000);
    const [row] = outbox.due(1_000, 100);
    outbox.settleEvent(1, "published", 2_000, null);

    outbox.failed(row, 3_000, 0, "the answer was lost");

    expect(outbox.events().map(({ status }) => status)).toEqual(["published"]);
    expect(outbox.nextAttemptAt()).toBeNull();
    expect(outbox.due(Number.MAX_SAFE_INTEGER, 100)).toEqual([]);
  });

  it("is tried again when its announcement fails and nobody has published it", () => {
    const outbox = openOutbox(openStorage());
    outbox.add([{ seq: 1, effect: { kind: "event", event: EVENT } }], 1_000);
    const [row] = outbox.due(1_000, 100);

    outbox.failed(row, 3_000, 0, "the queue is away");

    expect(outbox.nextAttemptAt()).toBeGreaterThan(3_000);
  });
});
