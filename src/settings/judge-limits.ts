import { z } from "zod";
import { jsonVariable } from "./json-variable.ts";
import { JUDGE_NAMES } from "./judge-names.ts";

const judgeLimit = z
  .strictObject({
    /** questions put to the judge in any minute, all batches together */
    requests_per_minute: z.int().min(1).max(1_000_000).optional(),
    /** questions that are with the judge at a time, all batches together */
    concurrency: z.int().min(1).max(10_000).optional(),
  })
  .refine((limit) => Object.keys(limit).length > 0, "expected requests_per_minute or concurrency, or both");

/** How fast each judge may be asked, by its name, as JSON in one variable. A judge that is not named is not limited. */
export const judgeLimits = jsonVariable(
  z.partialRecord(z.enum(JUDGE_NAMES), judgeLimit),
  'a JSON object of {"JUDGE": {"requests_per_minute", "concurrency"}}',
  "{}",
);
