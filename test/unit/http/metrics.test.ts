import { describe, expect, it } from "vitest";
import { renderMetrics, type Totals } from "../../../src/observability/metrics.ts";

const NONE: Totals = {
  batches: [],
  failures: [],
  events: [],
  deadLetters: [],
  stuckBatches: 0,
  kafkaSource: null,
};

function batchesIn(state: string, counts: Partial<Totals["batches"][number]> = {}) {
  return { state, batches: 1, completed: 0, failed: 0, pending: 0, recovered: 0, ...counts };
}

describe("metrics", () => {
  it("announce every metric with its help and type, once", () => {
    const text = renderMetrics(NONE);
    const helped = [...text.matchAll(/^# HELP (\w+) .+$/gm)].map(([, name]) => name);
    const typed = [...text.matchAll(/^# TYPE (\w+) (?:counter|gauge)$/gm)].map(([, name]) => name);
    expect(helped).toEqual(typed);
    expect(new Set(helped).size).toBe(helped.length);
    expect(text.endsWith("\n")).toBe(true);
  });

  it("count batches by state and comparisons over all states", () => {
    const text = renderMetrics({
      ...NONE,
      batches: [
        batchesIn("COMPLETED", { batches: 3, completed: 135, failed: 2, recovered: 1 }),
        batchesIn("WAITING_CALLBACKS", { completed: 10, pending: 35 }),
      ],
    });
    expect(text).toContain('cj_batch_state{state="COMPLETED"} 3\n');
    expect(text).toContain('cj_batch_state{state="WAITING_CALLBACKS"} 1\n');
    expect(text).toContain('cj_comparisons_total{status="completed"} 145\n');
    expect(text).toContain('cj_comparisons_total{status="failed"} 2\n');
    expect(text).toContain("\ncj_failed_comparisons_total 2\n");
    expect(text).toContain("\ncj_comparisons_pending 35\n");
    expect(text).toContain("\ncj_stuck_batches_recovered_total 1\n");
  });

  it("count what the monitor gave up apart from other failures", () => {
    const text = renderMetrics({
      ...NONE,
      failures: [
        { reason: "stuck_timeout_insufficient_progress", batches: 2 },
        { reason: "low_success_rate", batches: 5 },
      ],
    });
    expect(text).toContain("\ncj_stuck_batches_failed_total 2\n");
    expect(text).toContain('cj_batches_failed_total{reason="low_success_rate"} 5\n');
  });

  it("tell how topics are read, where they are read at all", () => {
    expect(renderMetrics(NONE)).not.toContain("kafka_source");
    const source = { well: false, failures: 3, records: 70, polledAt: 1_770_000_000_500 };
    const text = renderMetrics({ ...NONE, kafkaSource: source });
    expect(text).toContain("\ncj_kafka_source_up 0\n");
    expect(text).toContain("\ncj_kafka_source_failures 3\n");
    expect(text).toContain("\ncj_kafka_source_records_total 70\n");
    expect(text).toContain("\ncj_kafka_source_last_poll_timestamp_seconds 1770000000\n");
  });

  it("count orphans and dead letters, events by status, and batches that nothing wakes", () => {
    const text = renderMetrics({
      ...NONE,
      deadLetters: [{ reason: "orphaned", letters: 4 }],
      events: [{ status: "published", events: 7 }],
      stuckBatches: 6,
    });
    expect(text).toContain("\ncj_orphan_callbacks_total 4\n");
    expect(text).toContain('cj_dead_letters{reason="orphaned"} 4\n');
    expect(text).toContain('cj_published_events{status="published"} 7\n');
    expect(text).toContain("\ncj_stuck_batches_detected 6\n");
  });

  it("escape what a label may not hold", () => {
    const text = renderMetrics({ ...NONE, deadLetters: [{ reason: 'a"b\\c\nd', letters: 1 }] });
    expect(text).toContain('cj_dead_letters{reason="a\\"b\\\\c\\nd"} 1\n');
  });

  it("read sums over no rows, which a database gives as null, as zero", () => {
    const text = renderMetrics({ ...NONE, batches: [batchesIn("FAILED", { completed: null })] });
    expect(text).toContain('cj_comparisons_total{status="completed"} 0\n');
  });
});
