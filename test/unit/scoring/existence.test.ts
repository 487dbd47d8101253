import { describe, expect, it } from "vitest";
import { type BradleyTerryData, fitBradleyTerry, ScoringError } from "../../../src/scoring/index.ts";
import { createRandom } from "../../../src/scoring/random.ts";
import { simulate } from "./simulated.ts";

/**
 * Whether abilities and one position effect have a maximum-likelihood estimate, by brute force. A direction (δ, γ) along
 * which no verdict becomes less likely has δ_winner − δ_loser ≥ −γs, s = 1 where the winner was shown first, else −1: with
 * γ = ±1 there is one exactly when no cycle winner → loser has a negative sum of γs, with γ = 0 exactly when the graph is
 * not strongly connected.
 */
function estimateExists({ itemCount, winners, losers, firstShown }: BradleyTerryData): boolean {
  const items = Array.from({ length: itemCount }, (_, item) => item);
  const distances = (length: (row: number) => number): number[][] => {
    const from = items.map((i) => items.map((j) => (i === j ? 0 : Number.POSITIVE_INFINITY)));
    winners.forEach((winner, row) => {
      const of = from[winner] ?? [];
      of[losers[row] ?? 0] = Math.min(of[losers[row] ?? 0] ?? 0, length(row));
    });
    for (const k of items)
      for (const i of items)
        for (const j of items) {
          const of = from[i] ?? [];
          of[j] = Math.min(of[j] ?? 0, (of[k] ?? 0) + (from[k]?.[j] ?? 0));
        }
    return from;
  };
  const connected = distances(() => 0).every((row) => row.every((distance) => distance === 0));
  const hasNegativeCycle = (gamma: number) =>
    distances((row) => gamma * (firstShown?.[row] === winners[row] ? 1 : -1)).some(
      (row, item) => (row[item] ?? 0) < 0,
    );
  return connected && hasNegativeCycle(1) && hasNegativeCycle(-1);
}

function randomVerdicts(seed: number): BradleyTerryData {
  const random = createRandom(seed);
  const itemCount = 2 + random.below(4);
  const rows = Array.from({ length: 4 + random.below(14) }, () => {
    const winner = random.below(itemCount);
    const loser = (winner + 1 + random.below(itemCount - 1)) % itemCount;
    return { winner, loser, first: random.uniform() < 0.5 ? winner : loser };
  });
  return {
    itemCount,
    winners: Int32Array.from(rows, ({ winner }) => winner),
    losers: Int32Array.from(rows, ({ loser }) => loser),
    firstShown: Int32Array.from(rows, ({ first }) => first),
  };
}

function refusalOf(data: BradleyTerryData): ScoringError | null {
  try {
    fitBradleyTerry(data, { prior: "none" });
    return null;
  } catch (error) {
    if (error instanceof ScoringError && error.code === "mle_does_not_exist") return error;
    throw error;
  }
}

describe("without a prior, abilities with a position effect", () => {
  it("are refused exactly where the two can grow together for ever, or stand for each other", () => {
    const found = { exists: 0, not: 0 };
    for (let seed = 0; seed < 400; seed++) {
      const data = randomVerdicts(seed);
      const exists = estimateExists(data);
      expect({ seed, exists: refusalOf(data) === null }).toEqual({ seed, exists });
      found[exists ? "exists" : "not"]++;
    }
    expect(Math.min(found.exists, found.not)).toBeGreaterThan(100);
  });

  it("name the essays that would move for ever", () => {
    const refusal = refusalOf({
      itemCount: 3,
      winners: Int32Array.of(0, 1, 2, 1),
      losers: Int32Array.of(1, 2, 0, 0),
      firstShown: Int32Array.of(0, 1, 0, 0),
    });
    expect(refusal?.message).toMatch(/items .* and the position effect explain the verdicts better/);
    expect(refusal?.items.length).toBeGreaterThan(0);
  });

  it("are refused where one item was always shown first: its ability and the effect are one number", () => {
    const refusal = refusalOf({
      itemCount: 2,
      winners: Int32Array.of(0, 0, 1),
      losers: Int32Array.of(1, 1, 0),
      firstShown: Int32Array.of(0, 0, 0),
    });
    expect(refusal?.message).toContain("do not tell abilities and the position effect apart");
  });

  it("are found per judge, too", () => {
    const data = simulate({ items: 8, rounds: 40, sd: 1, seed: 4, positionEffects: [0.5, -0.5] });
    const { positionEffects, converged } = fitBradleyTerry(data, { prior: "none", position: "per-judge" });
    expect(converged).toBe(true);
    expect(positionEffects).toHaveLength(2);
  });
});

describe("without a prior, ties", () => {
  it("are refused where one of two items won and tied, but never lost", () => {
    const refusal = refusalOf({
      itemCount: 2,
      winners: Int32Array.of(0, 0),
      losers: Int32Array.of(1, 1),
      ties: Uint8Array.of(1, 0),
    });
    expect(refusal?.message).toContain("the odds of a tie explain the verdicts better");
    expect(refusal?.items).toEqual([0, 1]);
  });

  it("are fitted where each of two items also won", () => {
    const { abilities, logTieOdds } = fitBradleyTerry(
      {
        itemCount: 2,
        winners: Int32Array.of(0, 1, 0, 0),
        losers: Int32Array.of(1, 0, 1, 1),
        ties: Uint8Array.of(1, 0, 0, 0),
      },
      { prior: "none" },
    );
    // Two wins, a loss and a tie: three shares and two parameters, so that the odds are those counted.
    expect((abilities[0] ?? 0) - (abilities[1] ?? 0)).toBeCloseTo(Math.log(2), 9);
    expect(logTieOdds).toBeCloseTo(Math.log(1 / Math.sqrt(2)), 9);
  });
});
