import { measureText, type TextMeasures } from "./text-measures.ts";

/** Texts remembered at a time: ten asks about twenty texts fit, and memory stays bounded for longer lists. */
const CAPACITY = 32;

/** @returns a function that measures texts of one call and remembers the {@link CAPACITY} used last. */
export function createMeasureCache(): (text: string, language: string) => TextMeasures {
  const remembered = new Map<string, TextMeasures>();
  return function measureOnce(text, language) {
    const key = `${language}\n${text}`;
    const measures = remembered.get(key) ?? measureText(text, language);
    // A Map iterates in insertion order: putting the entry back makes it the youngest.
    remembered.delete(key);
    remembered.set(key, measures);
    for (const oldest of remembered.keys()) {
      if (remembered.size <= CAPACITY) {
        break;
      }
      remembered.delete(oldest);
    }
    return measures;
  };
}
