/** @returns the JSON value of `text`, or undefined when it is not JSON */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Where in its text a JSON document stops making sense, such as `line 1 column 17`, without a word of the text. */
export function findJsonFault(text: string): string | null {
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    const message = error instanceof Error ? error.message : "";
    if (text.trim() === "") return "it is empty";
    return /line \d+ column \d+/.exec(message)?.[0] ?? /position \d+/.exec(message)?.[0] ?? null;
  }
}

/** What {@link writeAnyJson} writes at most, in UTF-16 units: a value that contains itself has no end. */
const WRITTEN_MAX = 4_000_000;

/**
 * `JSON.stringify` for values of which nothing is known: it recurses, and throws at a value that is nested too deeply, contains
 * itself, or holds a bigint. Such a value is written without recursion, cut at four million units; a bigint becomes a number.
 */
export function writeAnyJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "null";
  } catch {
    return writeWithoutRecursion(value);
  }
}

/** What is still to be written: text as it is, or a value. */
type Pending = { readonly text: string } | { readonly value: unknown };

function writeWithoutRecursion(value: unknown): string {
  const parts: string[] = [];
  let length = 0;
  const pending: Pending[] = [{ value }];
  for (let next = pending.pop(); next !== undefined && length < WRITTEN_MAX; next = pending.pop()) {
    const text = "text" in next ? next.text : openingOf(next.value, pending);
    parts.push(text);
    length += text.length;
  }
  return parts.join("");
}

/** Writes a value without its members, and puts those before all else that is pending. */
function openingOf(value: unknown, pending: Pending[]): string {
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const isArray = Array.isArray(value);
  const members = Object.entries(value).map(([key, member], at): Pending[] => [
    { text: `${at === 0 ? "" : ","}${isArray ? "" : `${JSON.stringify(key)}:`}` },
    { value: member },
  ]);
  pending.push({ text: isArray ? "]" : "}" }, ...members.reverse().flatMap((each) => each.reverse()));
  return isArray ? "[" : "{";
}
