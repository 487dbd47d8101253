import { textsAskedAgainAt } from "./deadlines.ts";
import { TEXTS_PER_MESSAGE } from "./decision.ts";
import type { Draft } from "./draft.ts";

/** Has every text fetched that is still missing. @returns whether there is any */
export function askForTexts(draft: Draft): boolean {
  const studentPrompt = draft.life().studentPromptPending;
  const pending = draft.essays().filter((essay) => essay.text === "pending");
  if (pending.length === 0 && !studentPrompt) return false;
  for (let at = 0; at < Math.max(pending.length, 1); at += TEXTS_PER_MESSAGE) {
    const essays = pending.slice(at, at + TEXTS_PER_MESSAGE).map((essay) => essay.number);
    draft.emit({ kind: "text", essays, studentPrompt: studentPrompt && at === 0 });
  }
  draft.wakeBy(textsAskedAgainAt(draft.batch, draft.now));
  return true;
}

/**
 * A message that asks for texts may get lost, and nothing but texts moves a batch on that waits for them. They are asked for
 * again when nothing was decided for a while; those that have come since are not fetched twice.
 */
export function askForTextsAgain(draft: Draft): void {
  const dueAt = textsAskedAgainAt(draft.batch, draft.life().updatedAt);
  if (draft.now >= dueAt) askForTexts(draft);
  else draft.wakeBy(dueAt);
}
