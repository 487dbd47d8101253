import { sha256Hex } from "../../encoding/sha256.ts";

/** Hexadecimal digits of an essay code: 64 bits, so that nobody who writes an essay can guess it. */
const CODE_LENGTH = 16;

/**
 * The code on the lines around the two essays of one comparison. It follows from the comparison's id, which nobody knows
 * while essays are written, so no essay can contain it; and were one to contain it all the same, another is taken.
 *
 * @returns lower-case hexadecimal digits that occur in neither text
 */
export async function essayCode(comparisonId: string, texts: readonly string[]): Promise<string> {
  for (let attempt = 0; ; attempt++) {
    const code = (await sha256Hex(`essay-code:${comparisonId}:${attempt}`)).slice(0, CODE_LENGTH);
    if (texts.every((text) => !text.toLowerCase().includes(code))) return code;
  }
}
