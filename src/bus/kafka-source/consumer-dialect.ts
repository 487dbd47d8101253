import type { SourceDialectName } from "../../settings/kafka-bridge-url.ts";

/** What differs between bridges when topics are read through their consumer instances. */
export interface ConsumerDialect {
  /** The body that creates an instance: binary values, from the beginning, and nothing committed but by us. */
  readonly creation: (name: string) => object;
  /** How a fetch is limited. */
  readonly fetchQuery: string;
  /** What is to be sent so that the group goes on behind the record with this offset. */
  readonly commitOf: (offset: number) => number;
  /**
   * The bytes of keys and values from which an answer may have left out records that the instance has read. Its position
   * then lies behind records that nobody has seen, so it must not be read from again.
   */
  readonly fullAnswerBytes: number | null;
}

/** How long a bridge waits for records. Short, because the object that waits is billed for it. */
const FETCH_WAIT_MS = 1_000;
/** Also the longest record that Confluent's proxy hands out: a longer one keeps it empty-handed for ever. */
export const FETCH_MAX_BYTES = 4 * 1024 * 1024;

const CONFLUENT_V2: ConsumerDialect = {
  creation: (name) => ({
    name,
    format: "binary",
    "auto.offset.reset": "earliest",
    "auto.commit.enable": "false",
  }),
  fetchQuery: `timeout=${FETCH_WAIT_MS}&max_bytes=${FETCH_MAX_BYTES}`,
  // Confluent and Karapace add one themselves. Redpanda does not, and hands out the last record once more.
  commitOf: (offset) => offset,
  // Karapace asks Kafka for as many records as it expects to fit, and forgets those that did not.
  fullAnswerBytes: FETCH_MAX_BYTES,
};

const STRIMZI: ConsumerDialect = {
  creation: (name) => ({
    name,
    format: "binary",
    "auto.offset.reset": "earliest",
    "enable.auto.commit": false,
  }),
  // No max_bytes: beyond it Strimzi answers with an error, having read the records. max.poll.records limits its answers.
  fetchQuery: `timeout=${FETCH_WAIT_MS}`,
  commitOf: (offset) => offset + 1,
  fullAnswerBytes: null,
};

export const CONSUMER_DIALECTS: Readonly<Record<SourceDialectName, ConsumerDialect>> = {
  "confluent-v2": CONFLUENT_V2,
  strimzi: STRIMZI,
};
