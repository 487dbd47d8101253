import { z } from "zod";
import { jsonVariable } from "./json-variable.ts";

const modelPrice = z.object({ input: z.number().min(0).max(10_000), output: z.number().min(0).max(10_000) });
/** US dollars for a million tokens. */
export type ModelPrice = z.infer<typeof modelPrice>;

/** Prices by the model's name, as JSON in one variable. */
export const modelPrices = jsonVariable(
  z.record(z.string().min(1).max(200), modelPrice),
  'a JSON object of {"MODEL": {"input": USD, "output": USD}} per million tokens',
  "{}",
);
