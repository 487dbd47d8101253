/** A judge that follows the Bradley-Terry model: the better essay wins as often as its lead in true ability says. */
import { type SeededRandom, seededRandom } from "../../../src/pairing/index.ts";
import { shuffle } from "../../../src/pairing/seeded-random.ts";
import { type BatchUnderTest, verdictOf } from "./harness.ts";

export interface SimulatedJudge {
  /** true abilities by essay number, in logits */
  readonly abilities: readonly number[];
  /** judges one question that is out, drawn at random; false when none is */
  judgeOne(batch: BatchUnderTest): boolean;
  /** judges one question after the other until it is so; an error when nothing is out before */
  judgeUntil(batch: BatchUnderTest, isSo: () => boolean): void;
  /** judges in portions until nothing is out any more */
  judgeAll(batch: BatchUnderTest): void;
}

/** @param deviation of the true abilities, in logits; 0 for a judge that tosses coins */
export function simulateJudge(essays: number, seed: number, deviation = 1.7): SimulatedJudge {
  const random = seededRandom(seed, 77);
  const abilities = Array.from({ length: essays }, () => deviation * drawNormal(random));
  const judgeSome = (batch: BatchUnderTest, most: number): boolean => {
    const waiting = batch.batch.comparisons.filter(
      ({ status, lateAt }) => status === "planned" && lateAt === null,
    );
    const callbacks = shuffle(waiting, random)
      .slice(0, most)
      .map(({ number, first, second }) => {
        const chance = 1 / (1 + Math.exp(abilities[second] - abilities[first]));
        return verdictOf(number, random.uniform() < chance ? "essay_a" : "essay_b");
      });
    if (callbacks.length > 0) batch.deliver(...callbacks);
    return callbacks.length > 0;
  };
  return {
    abilities,
    judgeOne: (batch) => judgeSome(batch, 1),
    judgeUntil(batch, isSo) {
      while (!isSo())
        if (!judgeSome(batch, 1))
          throw new Error(`nothing is left to judge, and the batch is ${batch.state()}`);
    },
    judgeAll(batch) {
      while (judgeSome(batch, 1 + random.below(MOST_AT_ONCE)));
    },
  };
}

/** A provider answers in portions. */
const MOST_AT_ONCE = 12;

/** Box & Muller 1958. */
function drawNormal(random: SeededRandom): number {
  return Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform());
}
