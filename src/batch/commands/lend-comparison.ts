import type { Batch } from "../batch.ts";
import type { Decision } from "../decision.ts";
import { openDraft } from "../draft.ts";
import { findForPerson, lendTo, nextReturn } from "../people.ts";

/** What somebody who comes to judge is given: a comparison until `until`, or word when to come again. */
export type Loan =
  | { readonly kind: "lent"; readonly number: number; readonly attempt: number; readonly until: number }
  /** nothing waits now; `at` is when what another person has comes back, null when nobody has anything */
  | { readonly kind: "nothing"; readonly at: number | null };

/**
 * Gives a person a comparison to judge, for `humanLeaseMinutes`. Two people never have the same one at a time, and one
 * person has one at a time. A person who runs out of time uses up no attempt, and their answer still counts as long as nobody else has
 * given one.
 */
export function lendComparison(batch: Batch, person: string, now: number): Decision<Loan> {
  const draft = openDraft(batch, now);
  const found = findForPerson(batch, person, now);
  if (found === undefined) return draft.decide({ kind: "nothing", at: nextReturn(batch, now) });
  const { number, attempt } = found;
  const isTheirs = found.person === person && found.deadline !== null && found.deadline > now;
  if (isTheirs) return draft.decide({ kind: "lent", number, attempt, until: found.deadline });
  const lent = lendTo(found, person, batch.config.humanLeaseMinutes, now);
  draft.setComparison(lent, null);
  return draft.decide({ kind: "lent", number, attempt, until: lent.deadline ?? now });
}
