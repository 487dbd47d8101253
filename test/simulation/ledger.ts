import type { Callback } from "../../src/batch/commands/record-verdicts.ts";

/** One answer of a judge, as it was sent. */
export interface Input {
  readonly requestId: string;
  readonly kind: "verdict" | "error" | "garbage";
  readonly winner: string | null;
  /** the sender has heard that it was taken */
  taken: boolean;
  /** what objects said about it, in their order; a redelivered answer has several */
  readonly outcomes: string[];
}

/** A record as the bridge wrote it. */
export interface BridgeEntry {
  readonly eventId: string;
  readonly topic: string;
  readonly key: string;
}

export interface BatchEntry {
  readonly batchId: string;
  readonly bosBatchId: string;
  cancelled: boolean;
  erased: boolean;
}

/** What an outside observer has seen: everything that was sent, and everything that came of it. */
export interface Ledger {
  readonly inputs: Map<string, Input>;
  readonly batches: Map<string, BatchEntry>;
  readonly bridge: BridgeEntry[];
  /** names of senders that still insist */
  readonly insisting: Map<number, string>;
  /** @returns comparisons of which a verdict was applied although an earlier one had been */
  recordOutcomes(
    batchId: string,
    callbacks: readonly Callback[],
    outcomes: readonly string[],
  ): readonly number[];
}

export function createLedger(): Ledger {
  const inputs = new Map<string, Input>();
  const judged = new Set<string>();
  return {
    inputs,
    batches: new Map(),
    bridge: [],
    insisting: new Map(),
    recordOutcomes(batchId, callbacks, outcomes) {
      return callbacks.flatMap(({ requestId, number, answer }, at) => {
        // Failures that a consumer reports itself are nobody's input.
        inputs.get(requestId)?.outcomes.push(outcomes[at]);
        if (outcomes[at] !== "applied" || answer.kind !== "verdict") return [];
        const comparison = `${batchId}/${number}`;
        const again = judged.has(comparison);
        judged.add(comparison);
        return again ? [number] : [];
      });
    },
  };
}
