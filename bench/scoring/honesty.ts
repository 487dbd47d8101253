/**
 * Does scoring say what is true? Seeded simulations, printed as tables: reliability of coin tosses, the headline against
 * r² with the truth, coverage of 95 % intervals, infit of correct data, and the mean of a class against anchors.
 *
 *   node bench/scoring/honesty.ts
 */
import { estimate } from "../../src/scoring/estimate.ts";
import { assessFit, fitBradleyTerry, fitEpsAdjusted } from "../../src/scoring/index.ts";
import { reliabilityOf, scaleSeparation } from "../../src/scoring/reliability.ts";
import { pearson } from "../../src/scoring/split-half.ts";
import { type Design, type DesignedBatch, judgeDesign } from "../../test/unit/scoring/designs.ts";

const TOLERANCE = 1e-9;

function summarise(values: readonly number[]): string {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const sd = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
  return `${mean.toFixed(3).padStart(7)} (SD ${sd.toFixed(3)})`;
}

function repeat(batch: Omit<DesignedBatch, "seed">, repetitions: number) {
  return Array.from({ length: repetitions }, (_, seed) => judgeDesign({ ...batch, seed: 10_000 + seed }));
}

console.log("Coin tosses: 100 essays × 16 comparisons, 40 repetitions");
for (const design of ["random", "swiss", "nearest"] satisfies Design[]) {
  const batches = repeat({ items: 100, rounds: 16, sd: 0, design }, 40);
  const headline = batches.map((data) => reliabilityOf(estimate(data, { tolerance: TOLERANCE })));
  const ssr = batches.map((data) => scaleSeparation(fitEpsAdjusted(data)).adjusted ?? 0);
  console.log(`  ${design.padEnd(8)} reliability ${summarise(headline)}   SSR ${summarise(ssr)}`);
}

console.log("Real differences: headline − r² with the truth (200 repetitions)");
for (const sd of [1, 1.7])
  for (const items of [30, 100])
    for (const rounds of [6, 10, 16]) {
      const difference = (design: Design, randomRounds: number) =>
        summarise(
          repeat({ items, rounds, sd, design, randomRounds }, 200).map((data) => {
            const fit = estimate(data, { tolerance: TOLERANCE });
            return reliabilityOf(fit) - pearson(fit.mode.at, data.truth) ** 2;
          }),
        );
      console.log(
        `  SD ${sd.toFixed(1)} n ${String(items).padStart(3)} k ${String(rounds).padStart(2)}` +
          `   random ${difference("random", 0)}   6 random rounds, then Swiss ${difference("swiss", 6)}   Swiss from the start ${difference("swiss", 0)}`,
      );
    }

console.log("Coverage of 95 % intervals: σ integrated out, and at the plug-in σ̂");
for (const [items, rounds, sd, design] of [
  [10, 4, 1, "random"],
  [10, 9, 1, "random"],
  [10, 9, 1.7, "random"],
  [10, 9, 3, "random"],
  [10, 20, 1, "random"],
  [20, 9, 1, "random"],
  [30, 10, 1, "random"],
  [30, 10, 1.7, "random"],
  [50, 9, 1, "random"],
  [100, 9, 1, "random"],
  [10, 9, 1, "swiss"],
  [30, 9, 1, "swiss"],
  [30, 9, 1.7, "nearest"],
] as const) {
  let integrated = 0;
  let plugIn = 0;
  const batches = repeat({ items, rounds, sd, design }, Math.ceil(6_000 / items));
  for (const data of batches) {
    const fit = fitBradleyTerry(data, { tolerance: TOLERANCE });
    for (let i = 0; i < items; i++) {
      if (Math.abs(fit.abilities[i] - data.truth[i]) < 1.96 * fit.standardErrors[i]) integrated++;
      if (Math.abs(fit.plugIn.abilities[i] - data.truth[i]) < 1.96 * fit.plugIn.standardErrors[i]) plugIn++;
    }
  }
  const share = (covered: number) => (covered / (items * batches.length)).toFixed(3);
  console.log(`  n ${items} k ${rounds} SD ${sd} ${design}: ${share(integrated)}, plug-in ${share(plugIn)}`);
}

console.log("Correct data: infit in sample, and its bootstrap p-values");
for (const rounds of [6, 10]) {
  const misfits = repeat({ items: 30, rounds, sd: 1.5, design: "random" }, 20).flatMap((data) =>
    assessFit(data, { replications: 100 }).items.flatMap((misfit) => (misfit ? [misfit] : [])),
  );
  const below = misfits.filter(({ infitP }) => infitP <= 0.05).length / misfits.length;
  console.log(
    `  k ${rounds}: infit ${summarise(misfits.map(({ infit }) => infit))}, share with p ≤ .05: ${below.toFixed(3)}`,
  );
}
