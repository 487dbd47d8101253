import { describe, expect, it } from "vitest";
import { normalCdf } from "../../../src/scoring/normal.ts";

describe("the normal distribution function", () => {
  it.each([
    [0, 0.5],
    [1, 0.8413447460685429],
    [-1.959963984540054, 0.025],
    [3.5, 0.999767370920964],
    [-6, 9.86587645037698e-10],
    [-40, 0],
    [40, 1],
  ])("at %s is %s", (z, expected) => {
    expect(Math.abs(normalCdf(z) - expected)).toBeLessThan(1e-14);
  });
});
