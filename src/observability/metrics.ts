/**
 * What the read model's totals say, in Prometheus text format 0.0.4. Names are the original service's where they mean
 * the same.
 */

export const METRICS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** The totals over all batches that the read model holds. */
export interface Totals {
  readonly batches: readonly {
    readonly state: string;
    readonly batches: number;
    readonly completed: number | null;
    readonly failed: number | null;
    readonly pending: number | null;
    readonly recovered: number | null;
  }[];
  readonly failures: readonly { readonly reason: string | null; readonly batches: number }[];
  readonly events: readonly { readonly status: string; readonly events: number }[];
  readonly deadLetters: readonly { readonly reason: string; readonly letters: number }[];
  readonly stuckBatches: number;
  /** Reading topics through a bridge; null where that is switched off. */
  readonly kafkaSource: {
    readonly well: boolean;
    readonly failures: number;
    readonly records: number;
    /** epoch milliseconds */
    readonly polledAt: number | null;
  } | null;
}

interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

interface Metric {
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly help: string;
  readonly samples: readonly Sample[];
}

const STUCK_REASON = "stuck_timeout_insufficient_progress";

export function renderMetrics(totals: Totals): string {
  return `${metricsOf(totals).flatMap(renderMetric).join("\n")}\n`;
}

function metricsOf({
  batches,
  failures,
  events,
  deadLetters,
  stuckBatches,
  kafkaSource,
}: Totals): readonly Metric[] {
  const total = (column: "completed" | "failed" | "pending" | "recovered") =>
    batches.reduce((sum, row) => sum + (row[column] ?? 0), 0);
  return [
    {
      name: "cj_batch_state",
      type: "gauge",
      help: "Batches by state.",
      samples: batches.map(({ state, batches: value }) => ({ labels: { state }, value })),
    },
    {
      name: "cj_comparisons_total",
      type: "counter",
      help: "Comparisons that were judged (completed) or finally failed, as of each batch's last transition.",
      samples: [
        { labels: { status: "completed" }, value: total("completed") },
        { labels: { status: "failed" }, value: total("failed") },
      ],
    },
    single(
      "cj_comparisons_pending",
      "gauge",
      "Comparisons of open batches that wait for a verdict.",
      total("pending"),
    ),
    single("cj_failed_comparisons_total", "counter", "Comparisons that finally failed.", total("failed")),
    single(
      "cj_stuck_batches_detected",
      "gauge",
      "Open batches whose alarm is more than ten minutes late (at most 1000 are counted).",
      stuckBatches,
    ),
    single(
      "cj_stuck_batches_recovered_total",
      "counter",
      "Batches that the monitor completed with the verdicts they had.",
      total("recovered"),
    ),
    single(
      "cj_stuck_batches_failed_total",
      "counter",
      "Batches that the monitor failed for insufficient progress.",
      failures.find(({ reason }) => reason === STUCK_REASON)?.batches ?? 0,
    ),
    {
      name: "cj_batches_failed_total",
      type: "counter",
      help: "Batches that ended without a ranking, by reason.",
      samples: failures.map(({ reason, batches: value }) => ({
        labels: { reason: reason ?? "unknown" },
        value,
      })),
    },
    // Not a counter for Prometheus: it falls when a dead letter expires.
    single(
      "cj_orphan_callbacks_total",
      "gauge",
      "Callbacks that belong to no comparison, of the last 30 days.",
      deadLetters.find(({ reason }) => reason === "orphaned")?.letters ?? 0,
    ),
    {
      name: "cj_dead_letters",
      type: "gauge",
      help: "Dead letters that are kept, by reason.",
      samples: deadLetters.map(({ reason, letters: value }) => ({ labels: { reason }, value })),
    },
    {
      name: "cj_published_events",
      type: "gauge",
      help: "Events by how far they have come.",
      samples: events.map(({ status, events: value }) => ({ labels: { status }, value })),
    },
    ...sourceMetrics(kafkaSource),
  ];
}

function sourceMetrics(source: Totals["kafkaSource"]): readonly Metric[] {
  if (source === null) return [];
  const { well, failures, records, polledAt } = source;
  return [
    single("cj_kafka_source_up", "gauge", "Whether the last poll of the topics succeeded.", well ? 1 : 0),
    single("cj_kafka_source_failures", "gauge", "Polls in a row that failed.", failures),
    single("cj_kafka_source_records_total", "counter", "Records taken from the topics.", records),
    single(
      "cj_kafka_source_last_poll_timestamp_seconds",
      "gauge",
      "When a poll last succeeded; 0 for never.",
      polledAt === null ? 0 : Math.floor(polledAt / 1_000),
    ),
  ];
}

function single(name: string, type: Metric["type"], help: string, value: number): Metric {
  return { name, type, help, samples: [{ labels: {}, value }] };
}

function renderMetric({ name, type, help, samples }: Metric): string[] {
  return [
    `# HELP ${name} ${help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}`,
    `# TYPE ${name} ${type}`,
    ...samples.map(({ labels, value }) => `${name}${renderLabels(labels)} ${value}`),
  ];
}

function renderLabels(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escapeLabel(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
