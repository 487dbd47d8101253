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
