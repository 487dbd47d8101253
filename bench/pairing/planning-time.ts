/**
 * How long planning one adaptive round takes, and what the nearest neighbours leave behind.
 *
 *     node bench/pairing/planning-time.ts
 *
 * Baseline: the same greedy matching by the same information gain over all pairs of essays.
 */
import { summariseAsked } from "../../src/pairing/asked-pairs.ts";
import {
  type AskedPair,
  NEAREST_NEIGHBOURS,
  nextPairs,
  type Posterior,
  planPairs,
  seededRandom,
} from "../../src/pairing/index.ts";
import { rateNeighbours } from "../../src/pairing/informative-pairs.ts";
import { greedyMatching } from "../../src/pairing/matching.ts";
import { mean } from "./simulated-batch.ts";

const ANSWERED_ROUNDS = 10;

/** A batch after ten rounds, half a round more in flight, with abilities and variances as such a batch has them. */
function batchAt(essayCount: number): { asked: AskedPair[]; posterior: Posterior } {
  const random = seededRandom(essayCount);
  const scored = (ANSWERED_ROUNDS * essayCount) / 2;
  const { pairs } = planPairs({
    essayCount,
    budget: scored + Math.floor(essayCount / 4),
    strategy: "balanced_rounds",
    seed: 1,
  });
  const gaussian = () => Array.from({ length: 12 }, () => random.uniform()).reduce((a, b) => a + b) - 6;
  return {
    asked: pairs.map((pair, index) => ({
      ...pair,
      origin: "balanced",
      status: index < scored ? "scored" : "pending",
    })),
    posterior: {
      abilities: Float64Array.from({ length: essayCount }, () => 1.6 * gaussian()),
      variances: Float64Array.from({ length: essayCount }, () => 0.4 + 0.2 * random.uniform()),
    },
  };
}

/** Processor time, so that other work on the machine does not count. */
function milliseconds(work: () => void): number {
  const start = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1_000;
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

console.log(
  "| essays | whole round | longest of 20 | matching: 20 nearest | all pairs | ratio | information kept |",
);
console.log("| --- | --- | --- | --- | --- | --- | --- |");
for (const essayCount of [100, 300, 1_000, 2_000]) {
  const { asked, posterior } = batchAt(essayCount);
  const budget = asked.length + essayCount;
  const wanted = Math.floor(essayCount / 2);
  const state = {
    essayCount,
    budget,
    strategy: "adaptive",
    swapShare: 0,
    seed: 1,
    asked,
    wanted,
    posterior,
  } as const;
  const times = Array.from({ length: 20 }, () => milliseconds(() => nextPairs(state)));

  const match = (neighbours: number) => {
    const round = {
      essayCount,
      asked: summariseAsked(essayCount, asked),
      random: seededRandom(1),
      taken: new Uint8Array(essayCount),
      repeatsInform: true,
    };
    return greedyMatching(rateNeighbours(round, posterior, neighbours), wanted);
  };
  const worth = (neighbours: number) =>
    mean(match(neighbours).map((candidate) => candidate.worth)) * match(neighbours).length;
  const nearest = median(Array.from({ length: 5 }, () => milliseconds(() => match(NEAREST_NEIGHBOURS))));
  const all = median(Array.from({ length: 3 }, () => milliseconds(() => match(essayCount))));
  const kept = worth(NEAREST_NEIGHBOURS) / worth(essayCount);
  const cells = [
    essayCount,
    `${median(times).toFixed(1)} ms`,
    `${Math.max(...times).toFixed(1)} ms`,
    `${nearest.toFixed(1)} ms`,
    `${all.toFixed(0)} ms`,
    `${(all / nearest).toFixed(0)} ×`,
    `${(100 * kept).toFixed(2)} %`,
  ];
  console.log(`| ${cells.join(" | ")} |`);
}
