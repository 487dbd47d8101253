import { askForTexts } from "../ask-for-texts.ts";
import type { Batch, BatchConfig, BatchLife, BatchOrigin, Essay } from "../batch.ts";
import { timeoutAt } from "../deadlines.ts";
import type { Decision, PromptContext } from "../decision.ts";
import { type Draft, openDraft } from "../draft.ts";
import { fail } from "../ending.ts";
import { lengthOf } from "../essay-length.ts";
import { batchFrom } from "../evolve.ts";
import { generatePairs } from "../generate-pairs.ts";
import type { Ranker } from "../ranking.ts";

/** An assessment request, parsed, limited and completed with defaults at the edge. */
export interface OpenRequest {
  readonly origin: BatchOrigin;
  readonly config: BatchConfig;
  readonly prompt: PromptContext;
  readonly essays: readonly {
    readonly essayId: string;
    /** text or storageId; an essay with neither is unusable and listed as failed */
    readonly text: string | null;
    readonly storageId: string | null;
  }[];
  /** The assignment's essays of known grade; they join the others and are compared like them. */
  readonly anchors: readonly {
    readonly essayId: string;
    readonly anchorId: string;
    readonly grade: string;
    readonly text: string;
  }[];
  /**
   * Why the request cannot be carried out although it is well formed. The batch is then opened and fails at once, so that
   * an upstream that can only listen hears of it. Null for every other request.
   */
  readonly refusal: string | null;
}

/** Creates a batch. The only command that creates anything. */
export function open(request: OpenRequest, rank: Ranker): Decision<{ readonly batch: Batch }> {
  const now = request.origin.createdAt;
  const essays = [
    ...request.essays.map(({ essayId, text, storageId }, number) => ({
      essay: essayOf(number, essayId, text, storageId),
      text,
    })),
    ...request.anchors.map((anchor, index) => ({
      essay: anchorOf(request.essays.length + index, anchor),
      text: anchor.text,
    })),
  ];
  const life = newborn(now, request.prompt.studentPromptStorageId !== null);
  const { origin, config, prompt } = request;
  const opened = { kind: "opened", origin, config, life, prompt, essays } as const;
  const batch = batchFrom(opened);
  const draft = openDraft(batch, now);
  draft.change(opened);
  draft.change({ kind: "transition", from: null, to: "INITIALIZING", reason: "accepted", at: now });
  draft.wakeBy(timeoutAt(draft));
  if (request.refusal !== null) refuse(draft, request.refusal);
  else if (askForTexts(draft)) draft.emit({ kind: "projection" });
  else generatePairs(draft, rank);
  return draft.decide({ batch });
}

function essayOf(number: number, essayId: string, text: string | null, storageId: string | null): Essay {
  const essay = { number, essayId, storageId, problem: null, length: null, anchor: null };
  if (text !== null) return { ...essay, text: "ready", length: lengthOf(text) };
  if (storageId !== null) return { ...essay, text: "pending" };
  return { ...essay, text: "missing", problem: "the text is blank" };
}

function anchorOf(number: number, { essayId, anchorId, grade, text }: OpenRequest["anchors"][number]): Essay {
  const essay = { number, essayId, storageId: null, problem: null, length: lengthOf(text) };
  return { ...essay, text: "ready", anchor: { anchorId, grade } };
}

function refuse(draft: Draft, message: string): void {
  fail(draft, { reason: "invalid_request", errorCode: "INITIALIZATION_FAILED", message, details: {} });
}

function newborn(now: number, studentPromptPending: boolean): BatchLife {
  return {
    state: "INITIALIZING",
    seq: 0,
    totalComparisons: 0,
    pairing: null,
    pairingStop: null,
    wave: 0,
    partialScoringTriggered: false,
    forcedRecovery: false,
    stopReason: null,
    failure: null,
    scoringSince: null,
    scoringRetry: null,
    studentPromptPending,
    updatedAt: now,
    completedAt: null,
    textsErasedAt: null,
  };
}
