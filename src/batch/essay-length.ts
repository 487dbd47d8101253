/** The length of a text in characters (Unicode code points, as SQLite's `length` counts them). */
export function lengthOf(text: string): number {
  let length = 0;
  for (const _ of text) length += 1;
  return length;
}
