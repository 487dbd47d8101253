import { describe, expect, it } from "vitest";
import { summariseAsked } from "../../../src/pairing/asked-pairs.ts";
import { NEAREST_NEIGHBOURS, planPairs, seededRandom } from "../../../src/pairing/index.ts";
import { rateNeighbours } from "../../../src/pairing/informative-pairs.ts";
import { greedyMatching } from "../../../src/pairing/matching.ts";
import { somePosterior } from "./driven-batch.ts";

describe("looking at the nearest neighbours only", () => {
  it("keeps 98 % of the information that a matching among all pairs of 300 essays would gain", () => {
    const essayCount = 300;
    const { pairs } = planPairs({ essayCount, budget: 1_500, strategy: "balanced_rounds", seed: 1 });
    const asked = pairs.map((pair) => ({ ...pair, origin: "balanced", status: "scored" }) as const);
    const informationAmong = (neighbours: number) => {
      const round = {
        essayCount,
        asked: summariseAsked(essayCount, asked),
        random: seededRandom(1),
        taken: new Uint8Array(essayCount),
        repeatsInform: true,
      };
      const candidates = rateNeighbours(round, somePosterior(essayCount, 7), neighbours);
      return greedyMatching(candidates, 150).reduce((sum, { worth }) => sum + worth, 0);
    };
    const kept = informationAmong(NEAREST_NEIGHBOURS) / informationAmong(essayCount);
    expect(NEAREST_NEIGHBOURS).toBeGreaterThanOrEqual(20);
    expect(kept).toBeGreaterThan(0.98);
    expect(kept).toBeLessThanOrEqual(1.001);
  });
});
