import type { Callback } from "../../src/batch/commands/record-verdicts.ts";

/** One answer of a judge, as it was sent. */
export interface Input {
  readonly requestId: string;
  readonly kind: "verdict" | "error" | "garbage";
  readonly winner: string | null;
  /** SHA-256 of it as a dead letter would hold it */
  readonly sha256: string;
  /** the sender has heard that it was taken */
  taken: boolean;
  /** what objects said about it, in their order; a redelivered answer has several */
  readonly outcomes: string[];
  /** whose objects they were */
  readonly batches: Set<string>;
}

/** A record as the bridge wrote it. */
export interface BridgeEntry {
  readonly eventId: string;
  readonly topic: string;
  readonly key: string;
}

/** A dead letter as it was written, which its batch's erasure may have removed since. */
export interface LetterEntry {
  readonly id: string;
  readonly reason: string;
  readonly batchId: string | null;
  /** null when it was not kept, because the batch had been erased */
  readonly payload: string | null;
  readonly sha256: string;
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
  readonly letters: Map<string, LetterEntry>;
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
    letters: new Map(),
    insisting: new Map(),
    recordOutcomes(batchId, callbacks, outcomes) {
      return callbacks.flatMap(({ requestId, number, answer }, at) => {
        // Failures that a consumer reports itself are nobody's input.
        const input = inputs.get(requestId);
        input?.outcomes.push(outcomes[at]);
        input?.batches.add(batchId);
        if (outcomes[at] !== "applied" || answer.kind !== "verdict") return [];
        const comparison = `${batchId}/${number}`;
        const again = judged.has(comparison);
        judged.add(comparison);
        return again ? [number] : [];
      });
    },
  };
}
