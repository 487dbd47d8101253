/** Paragraphs of a well-parted short essay; more earn no more. */
const WELL_PARTED = 4;

/**
 * Paragraphing: one block of text earns nothing, four paragraphs or more earn everything.
 *
 * @param paragraphCount ≥ 0
 * @returns 0 to 1
 */
export function measureParagraphing(paragraphCount: number): number {
  return Math.min(Math.max(paragraphCount - 1, 0) / (WELL_PARTED - 1), 1);
}
