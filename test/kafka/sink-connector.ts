import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { type KafkaRecord, subscribe } from "./kafka-client.ts";
import { INBOUND_TOPICS } from "./messages.ts";

const RETRY_MS = 300;
const outcomesSchema = z.object({
  outcomes: z.array(
    z.object({ outcome: z.string(), batch_id: z.string().nullable(), event_id: z.string().nullable() }),
  ),
});
export type Outcome = z.infer<typeof outcomesSchema>["outcomes"][number];

/** What is left of an HTTP sink connector when everything but its promise is taken away. */
export interface SinkConnector {
  /** One per record that was taken, in order; the first, where a record had to be sent again because its commit failed. */
  readonly outcomes: readonly Outcome[];
  stop(): Promise<void>;
}

/**
 * Posts what comes on the inbound topics to `/v1/events`, and commits only what was taken (202). It sends one record as an
 * object, and several by turns as a JSON array and as NDJSON, as connectors of different makers do.
 */
export function startSinkConnector(bootstrap: string, workerUrl: string): SinkConnector {
  const outcomes: Outcome[] = [];
  const seen = new Set<string>();
  const stopped = new AbortController();
  let requests = 0;
  const stop = subscribe({
    bootstrap,
    topics: INBOUND_TOPICS,
    group: "cj-edge-sink",
    maxRecords: 500,
    async take(records) {
      requests += 1;
      const body = bodyOf(records, requests % 2 === 0);
      const answered = await post(workerUrl, body, stopped.signal);
      for (const [index, { topic, partition, offset }] of records.entries()) {
        const place = `${topic}/${partition}/${offset}`;
        if (!seen.has(place)) outcomes.push(answered[index]);
        seen.add(place);
      }
    },
  });
  return {
    outcomes,
    async stop() {
      stopped.abort();
      await stop();
    },
  };
}

/** A connector that makes arrays parses the values first (JsonConverter), and so has none that are not JSON. */
function bodyOf(records: readonly KafkaRecord[], asArray: boolean): string {
  const values = records.map(({ value }) => value?.toString() ?? "null");
  return asArray && values.length > 1 && values.every(isJson) ? `[${values.join(",")}]` : values.join("\n");
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

async function post(workerUrl: string, body: string, stop: AbortSignal): Promise<Outcome[]> {
  for (;;) {
    stop.throwIfAborted();
    const headers = { "content-type": "application/json" };
    const response = await fetch(`${workerUrl}/v1/events`, { method: "POST", headers, body }).catch(
      () => null,
    );
    if (response?.status === 202) return outcomesSchema.parse(await response.json()).outcomes;
    await sleep(RETRY_MS);
  }
}
