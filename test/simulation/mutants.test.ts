import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { MUTANTS } from "./mutants.ts";

const SIMULATE = join(import.meta.dirname, "simulate.ts");
const totals = z.object({
  failed: z.object({ seed: z.number(), violations: z.array(z.string()).min(1) }).nullable(),
});

describe("the simulator", () => {
  it.each(MUTANTS.map(({ name, breaks }) => [name, breaks]))(
    "catches %s within 1,000 seeds: %s",
    (name) => {
      const options = ["--jobs", "1", "--json", "--seeds", "1000", "--mutant", name];
      const { stdout } = spawnSync(
        process.execPath,
        ["--disable-warning=ExperimentalWarning", SIMULATE, ...options],
        { encoding: "utf8" },
      );
      expect(totals.parse(JSON.parse(stdout)).failed).not.toBeNull();
    },
    180_000,
  );
});
