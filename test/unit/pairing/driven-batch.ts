import {
  type AskedPair,
  nextPairs,
  type PairingRequest,
  type PlannedPair,
  type Posterior,
  type SeededRandom,
  seededRandom,
} from "../../../src/pairing/index.ts";

/** How a batch is driven from its opening to its end. Everything else follows from the seed. */
export interface Drive {
  readonly request: PairingRequest;
  /** Most pairs in flight at once. */
  readonly inFlight: number;
  /** Share of pairs that fail for good. */
  readonly failureShare?: number;
  readonly posterior?: Posterior | null;
}

export interface DrivenBatch {
  readonly asked: readonly AskedPair[];
  /** What each call returned, the empty last one left out. */
  readonly calls: readonly (readonly PlannedPair[])[];
}

/** Asks, and answers in random order, until nothing is in flight and no pair is left to ask. */
export function driveBatch({ request, inFlight, failureShare = 0, posterior = null }: Drive): DrivenBatch {
  const random = seededRandom(request.seed, 99);
  const asked: AskedPair[] = [];
  const calls: PlannedPair[][] = [];
  for (;;) {
    const outstanding = asked.flatMap(({ status }, number) => (status === "pending" ? [number] : []));
    const wanted = inFlight - outstanding.length;
    const planned = nextPairs({ ...request, asked: [...asked], wanted, posterior });
    if (planned.length > 0) calls.push(planned);
    asked.push(...planned.map((pair): AskedPair => ({ ...pair, status: "pending" })));
    outstanding.push(...planned.map((_, index) => asked.length - planned.length + index));
    if (outstanding.length === 0) return { asked, calls };
    for (let answers = 1 + random.below(outstanding.length); answers > 0; answers--) {
      const [number] = outstanding.splice(random.below(outstanding.length), 1);
      const status = random.uniform() < failureShare ? "failed" : "scored";
      asked[number] = { ...asked[number], status };
    }
  }
}

/** Abilities spread over some logits and variances of a batch half done. */
export function somePosterior(essayCount: number, seed: number): Posterior {
  const random: SeededRandom = seededRandom(seed, 98);
  return {
    abilities: Float64Array.from({ length: essayCount }, () => 6 * (random.uniform() - 0.5)),
    variances: Float64Array.from({ length: essayCount }, () => 0.2 + 0.4 * random.uniform()),
  };
}
