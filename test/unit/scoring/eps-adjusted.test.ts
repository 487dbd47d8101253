import { describe, expect, it } from "vitest";
import { fitEpsAdjusted } from "../../../src/scoring/index.ts";
import { largestDifference, plainData, referenceDatasets } from "./reference.ts";

describe("the eps-adjusted estimator that schools know", () => {
  it.each(referenceDatasets)("of %s agrees with the reference, conditional errors too", (_name, dataset) => {
    const reference = dataset.estimates["eps_0.3"];
    const { abilities, conditionalErrors } = fitEpsAdjusted(plainData(dataset));
    if (!reference) {
      // Two parts that were never compared: each is centred on its own.
      expect(abilities.slice(0, 4).reduce((sum, ability) => sum + ability, 0)).toBeCloseTo(0, 9);
      return;
    }
    expect(largestDifference(abilities, reference.theta)).toBeLessThan(1e-9);
    expect(largestDifference(conditionalErrors, reference.se_diag ?? [])).toBeLessThan(1e-9);
  });

  it("has no error to state for an essay that was never compared", () => {
    const { abilities, conditionalErrors } = fitEpsAdjusted({
      itemCount: 3,
      winners: Int32Array.of(0),
      losers: Int32Array.of(1),
    });
    expect(conditionalErrors[2]).toBe(Number.POSITIVE_INFINITY);
    expect(abilities[2]).toBe(0);
  });
});
