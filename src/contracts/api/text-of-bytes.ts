import { utf8Length, wellFormed } from "../text.ts";

/** Longest prompt, instructions and rubric, in bytes of UTF-8. */
export const MAX_PROMPT_BYTES = 20_000;

/** Prompts, instructions and essays are limited in bytes, because that is what they cost to store and to send. */
export function textOfBytes(maxBytes: number) {
  return wellFormed(maxBytes)
    .refine((value) => utf8Length(value) <= maxBytes, {
      error: ({ input }) => `expected at most ${maxBytes} bytes of UTF-8, got ${utf8Length(String(input))}`,
    })
    .openapi({ maxLength: maxBytes, description: `at most ${maxBytes} bytes of UTF-8` });
}
