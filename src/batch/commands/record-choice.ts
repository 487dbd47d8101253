import type { Batch, Winner } from "../batch.ts";
import { type Decision, WITHOUT_PROMPT } from "../decision.ts";
import { openDraft } from "../draft.ts";
import { HUMAN_JUDGE } from "../judges.ts";
import { heldForMs } from "../people.ts";
import type { Ranker } from "../ranking.ts";
import { type CallbackOutcome, recordVerdicts } from "./record-verdicts.ts";

/** What a person decided about one comparison. */
export interface Choice {
  readonly number: number;
  readonly attempt: number;
  readonly person: string;
  readonly winner: Winner;
  /** 1 (a guess) to 5 (certain) */
  readonly confidence: number | null;
  readonly justification: string | null;
}

/** `not_for_people`: no comparison of this number, or one that a machine judges. */
export type ChoiceOutcome = Exclude<CallbackOutcome, "orphaned"> | "not_for_people";

/** Records a person's choice as the verdict that it is, by the same rules as every other. */
export function recordChoice(
  batch: Batch,
  choice: Choice,
  now: number,
  rank: Ranker,
): Decision<ChoiceOutcome> {
  const { number, attempt, person, winner, confidence, justification } = choice;
  const comparison = batch.comparisons.at(number);
  if (comparison?.forPeople !== true) return openDraft(batch, now).decide("not_for_people");
  const decision = recordVerdicts(
    batch,
    [
      {
        number,
        attempt,
        answer: { kind: "verdict", winner, confidence, justification },
        requestId: `${HUMAN_JUDGE}-${number}-${attempt}`,
        provider: HUMAN_JUDGE,
        model: person,
        responseTimeMs: heldForMs(comparison, person, batch.config.humanLeaseMinutes, now),
        ...WITHOUT_PROMPT,
        person,
      },
    ],
    now,
    rank,
  );
  const [outcome] = decision.reply;
  return { ...decision, reply: outcome === "orphaned" ? "not_for_people" : outcome };
}
