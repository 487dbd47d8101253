import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Candidate, greedyMatching } from "../../../src/pairing/matching.ts";
import { offerNeighbours } from "../../../src/pairing/nearest-neighbours.ts";

const candidates = fc.array(
  fc
    .record({ one: fc.nat({ max: 6 }), other: fc.nat({ max: 6 }), worth: fc.integer({ min: 1, max: 50 }) })
    .filter(({ one, other }) => one !== other),
  { maxLength: 9 },
);

function worthOf(matching: readonly Candidate[]): number {
  return matching.reduce((sum, { worth }) => sum + worth, 0);
}

/** The best matching by trying them all. */
function bestWorth(left: readonly Candidate[]): number {
  const [head, ...tail] = left;
  if (head === undefined) return 0;
  const apart = tail.filter(
    ({ one, other }) => ![one, other].includes(head.one) && ![one, other].includes(head.other),
  );
  return Math.max(bestWorth(tail), head.worth + bestWorth(apart));
}

describe("greedy matching", () => {
  it("takes the most valuable first and nothing that shares an essay with it", () => {
    const rated = [
      { one: 0, other: 1, worth: 2 },
      { one: 1, other: 2, worth: 3 },
      { one: 2, other: 3, worth: 2 },
      { one: 4, other: 5, worth: 1 },
    ];
    expect(greedyMatching(rated, 5)).toEqual([rated[1], rated[3]]);
    expect(greedyMatching(rated, 1)).toEqual([rated[1]]);
    expect(greedyMatching(rated, 0)).toEqual([]);
  });

  it("takes equal worths in the order given", () => {
    const rated = [
      { one: 3, other: 4, worth: 1 },
      { one: 0, other: 3, worth: 1 },
    ];
    expect(greedyMatching(rated, 2)).toEqual([rated[0]]);
  });

  it("is a matching that nothing can be added to, worth at least half the best", () => {
    fc.assert(
      fc.property(candidates, (rated) => {
        const matching = greedyMatching(rated, rated.length);
        const matched = matching.flatMap(({ one, other }) => [one, other]);
        expect(new Set(matched).size).toBe(matched.length);
        for (const { one, other } of rated) {
          expect(matched.includes(one) || matched.includes(other)).toBe(true);
        }
        expect(2 * worthOf(matching)).toBeGreaterThanOrEqual(bestWorth(rated));
      }),
    );
  });
});

describe("offering neighbours", () => {
  const positions = fc.uniqueArray(fc.integer({ min: -1_000, max: 1_000 }), { minLength: 1, maxLength: 30 });

  it("offers the nearest in ability first, until enough have been counted", () => {
    fc.assert(
      fc.property(
        positions,
        fc.integer({ min: 1, max: 35 }),
        fc.integer({ min: 1, max: 3 }),
        (abilities, enough, every) => {
          const essays = abilities.map((_, essay) => essay);
          const offered = new Map<number, number[]>(essays.map((essay) => [essay, []]));
          const counts = (one: number, other: number) => (one + other) % every === 0;
          offerNeighbours(essays, abilities, enough, (essay, neighbour) => {
            offered.get(essay)?.push(neighbour);
            return counts(essay, neighbour);
          });
          for (const [essay, neighbours] of offered) {
            const distances = neighbours.map((other) => Math.abs(abilities[other] - abilities[essay]));
            expect(distances).toEqual(distances.toSorted((a, b) => a - b));
            const counted = neighbours.filter((other) => counts(essay, other)).length;
            const possible = essays.filter((other) => other !== essay && counts(essay, other)).length;
            expect(counted).toBe(Math.min(enough, possible));
            if (counted < enough) expect(neighbours).toHaveLength(essays.length - 1);
          }
        },
      ),
    );
  });

  it("offers only the essays it is given", () => {
    const met: number[] = [];
    offerNeighbours([1, 4], [0, 1, 2, 3, 4], 20, (_, neighbour) => met.push(neighbour) > 0);
    expect(met.toSorted()).toEqual([1, 4]);
  });
});
