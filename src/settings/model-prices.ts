import { z } from "zod";
import { parseJson } from "../encoding/json.ts";

const modelPrice = z.object({ input: z.number().min(0).max(10_000), output: z.number().min(0).max(10_000) });
/** US dollars for a million tokens. */
export type ModelPrice = z.infer<typeof modelPrice>;

/** Prices by the model's name, as JSON in one variable. */
export const modelPrices = z
  .string()
  .default("{}")
  .transform((text, context) => {
    const parsed = z.record(z.string().min(1).max(200), modelPrice).safeParse(parseJson(text));
    if (parsed.success) return parsed.data;
    context.addIssue({
      code: "custom",
      message: `expected a JSON object of {"MODEL": {"input": USD, "output": USD}} per million tokens: ${z.prettifyError(parsed.error)}`,
    });
    return z.NEVER;
  });
