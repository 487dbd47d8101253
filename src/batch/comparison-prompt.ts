/**
 * Everything a judge may know about one comparison. The two texts are in the order in which they are to be
 * shown. No essay id is among the texts: an id such as `ANCHOR_1` would give the essay away.
 */
export interface ComparisonPrompt {
  readonly studentPrompt: string | null;
  readonly instructions: string | null;
  readonly rubric: string | null;
  readonly language: string;
  readonly first: string;
  readonly second: string;
}
