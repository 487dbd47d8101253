import { describe, expect, it } from "vitest";
import { costOf } from "../../../src/judges/language-model/prices.ts";
import { PRICES_AS_OF, PUBLISHED_PRICES } from "../../../src/judges/language-model/published-prices.ts";
import { requireSettings } from "../../../src/settings/settings.ts";

const USAGE = { promptTokens: 1_500, completionTokens: 60 };

function costWith(prices: object, model: string) {
  const settings = requireSettings({ ENVIRONMENT: "development", JUDGE_PRICES: JSON.stringify(prices) });
  return costOf(settings, model, USAGE);
}

describe("what an answer costs", () => {
  it("is its tokens times the price of a million", () => {
    const cost = costWith({ m: { input: 2, output: 10 } }, "m");
    expect(cost.basis).toBe("configured");
    expect(cost.usd).toBeCloseTo(0.0036, 12);
  });

  it("goes by the prices of this deployment before the published ones", () => {
    const [model] = Object.keys(PUBLISHED_PRICES);
    expect(costWith({}, model).basis).toBe("published");
    expect(costWith({ [model]: { input: 0, output: 0 } }, model)).toEqual({ usd: 0, basis: "configured" });
  });

  it.each(["gpt-x-2026-01-31", "gpt-x@20260131", "gpt-x-20260131", "gpt-x-latest"])(
    "is the model's for its release %s",
    (model) => {
      expect(costWith({ "gpt-x": { input: 1, output: 1 } }, model).basis).toBe("configured");
    },
  );

  it.each(["gpt-x-mini", "gpt-x.1", "gpt-x-2", "gpt-xl", "my-gpt-x"])(
    "is not the model's for %s",
    (model) => {
      expect(costWith({ "gpt-x": { input: 1, output: 1 } }, model)).toEqual({ usd: 0, basis: "unknown" });
    },
  );
});

describe("the published prices", () => {
  it("say of when they are", () => {
    expect(PRICES_AS_OF).toMatch(/^\d{4}-\d{2}-\d{2}$/);
  });

  it.each(Object.entries(PUBLISHED_PRICES))(
    "are plausible per million tokens: %s",
    (_, { input, output }) => {
      expect(input).toBeGreaterThan(0);
      expect(output).toBeGreaterThanOrEqual(input);
      expect(output).toBeLessThan(200);
    },
  );

  it("let no model's price pass for another's", () => {
    for (const model of Object.keys(PUBLISHED_PRICES)) {
      const { input, output } = PUBLISHED_PRICES[model];
      const expected = (USAGE.promptTokens * input + USAGE.completionTokens * output) / 1e6;
      expect(costWith({}, model).usd).toBeCloseTo(expected, 12);
    }
  });
});
