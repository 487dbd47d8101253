import { describe, expect, it } from "vitest";
import { simulate } from "./simulation.ts";

const SEEDS = 300;
const SEEDS_PER_TEST = 50;

describe("the service, simulated with every fault its platform and neighbours can have", () => {
  it.each(Array.from({ length: SEEDS / SEEDS_PER_TEST }, (_, at) => at * SEEDS_PER_TEST))(
    "keeps every promise for the fifty seeds from %i on",
    async (first) => {
      for (let seed = first; seed < first + SEEDS_PER_TEST; seed++) {
        const { violations } = await simulate(seed);
        expect(violations, `replay it with: npm run simulate -- --seed ${seed}`).toEqual([]);
      }
    },
    120_000,
  );

  it("lives the same life again from the same seed", async () => {
    const [first, second] = [await simulate(7), await simulate(7)];
    expect({ ...second, notes: second.notes.length }).toEqual({ ...first, notes: first.notes.length });
    expect(first.digest).not.toBe((await simulate(8)).digest);
  });

  it("sees answers end in each of the five ways", async () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 10; seed++)
      for (const [ending, count] of Object.entries((await simulate(seed)).endings))
        if (count > 0) seen.add(ending);
    expect([...seen].sort()).toEqual(["applied", "dead_lettered", "duplicate", "late", "orphaned"]);
  });
});
