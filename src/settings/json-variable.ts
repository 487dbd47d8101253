import { z } from "zod";
import { parseJson } from "../encoding/json.ts";

/**
 * A variable that holds JSON.
 * @param expected what is expected, for whoever set it: "a JSON object of …"
 * @param fallback the JSON that it holds where it is not set
 */
export function jsonVariable<Schema extends z.ZodType>(schema: Schema, expected: string, fallback: string) {
  return z
    .string()
    .default(fallback)
    .transform((text, context): z.output<Schema> => {
      const parsed = schema.safeParse(parseJson(text));
      if (parsed.success) return parsed.data;
      const message = `expected ${expected}: ${z.prettifyError(parsed.error)}`;
      context.addIssue({ code: "custom", message });
      return z.NEVER;
    });
}
