/** One record to produce. Records with the same key keep their order. */
export interface BridgeRecord {
  readonly key: string;
  /** Any JSON value; for events, the envelope. */
  readonly value: unknown;
  readonly topic: string;
  /** Text headers, sent where the dialect has headers and left out where it has none: nothing may depend on them. */
  readonly headers: Readonly<Record<string, string>>;
}

/** The record is in Kafka. */
export interface RecordWritten {
  readonly kind: "written";
  readonly partition: number;
  readonly offset: number;
}

/**
 * The record is not known to be in Kafka, and producing it again may help. It may have been written all the same (an
 * answer can be lost), so consumers must know a record by its event id.
 * `retryAfterSeconds` is the least time to wait, or null when the caller's own backoff is as good.
 */
export interface RecordToRetry {
  readonly kind: "retry";
  readonly reason: string;
  readonly retryAfterSeconds: number | null;
}

/** The record was refused and would be refused again. */
export interface RecordRefused {
  readonly kind: "dead";
  readonly reason: string;
}

/** What became of one record. */
export type RecordOutcome = RecordWritten | RecordToRetry | RecordRefused;

/** A way to write to Kafka over HTTP. */
export interface KafkaBridge {
  /**
   * Produces records to one topic. Once a record needs a retry, no later request carries a record of the same key.
   * @returns one outcome per record, in the order of `records`. Failures of the bridge, of Kafka and of the network
   * are outcomes; it throws only on records that belong to another topic or have no JSON value.
   */
  produce(topic: string, records: readonly BridgeRecord[]): Promise<readonly RecordOutcome[]>;
}
