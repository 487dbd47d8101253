import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readFuzzOptions } from "../../../scripts/fuzz/fuzz.ts";

describe("the options of npm run fuzz", () => {
  it("ask the same of everybody who gives none", () => {
    expect(readFuzzOptions([])).toEqual({ seed: 1, examples: 10, output: null });
  });

  it("choose other requests, more of them, and a file for the count", () => {
    const output = join(tmpdir(), "count.json");
    expect(readFuzzOptions(["--seed", "7", "--examples", "100", "--output", output])).toEqual({
      seed: 7,
      examples: 100,
      output,
    });
  });

  it.each(["0", "-1", "1.5", "many", ""])("refuse %j as a number of examples", (examples) => {
    expect(() => readFuzzOptions([`--examples=${examples}`])).toThrow("--examples must be a whole number");
  });
});
