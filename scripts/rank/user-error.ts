/** An expected failure: its message is one sentence that says what was wrong and what to do about it. */
export class UserError extends Error {
  override readonly name = "UserError";
}

/** @returns the message of anything that was thrown, with the cause that `fetch` hides behind "fetch failed". */
export function describeThrown(thrown: unknown): string {
  if (!(thrown instanceof Error)) {
    return String(thrown);
  }
  return thrown.cause instanceof Error ? `${thrown.message} (${thrown.cause.message})` : thrown.message;
}
