import type { JudgeShare } from "../batch/batch.ts";
import type { Callback } from "../batch/commands/record-verdicts.ts";
import { mintComparisonId } from "../batch/comparison-id.ts";
import { type AskRef, WITHOUT_PROMPT } from "../batch/decision.ts";
import { type LlmConfigOverrides, llmConfigOverridesSchema } from "../contracts/llm-config.ts";
import type { Ask, AskOutcome } from "../judges/judge.ts";
import { createJudge } from "../judges/registry.ts";
import { type BatchObject, callBatch } from "../objects/batch-client.ts";
import { type JudgementsMessage, judgementsMessageSchema } from "../objects/messages.ts";
import type { AskedComparison } from "../objects/views.ts";
import { log } from "../observability/logger.ts";
import type { Settings } from "../settings/settings.ts";
import { receiveCallbacks } from "./callback-intake.ts";
import { comparisonIdKeys } from "./comparison-id-keys.ts";
import { askLeave } from "./judge-limits.ts";
import { handleEach } from "./message-loop.ts";
import { backoffSeconds, MAX_ATTEMPTS } from "./queues.ts";

const QUEUE = "cj-judgements";
/** Whoever is sent away for longer is told to come back sooner, and is sent away again. */
const DELAY_MAX_SECONDS = 3_600;

/**
 * Asks judges. The object gives out only attempts that are current and with nobody yet, so a message that comes twice asks
 * once, and one that comes back asks only what is left.
 */
export async function consumeJudgements(batch: MessageBatch, env: Env, settings: Settings): Promise<void> {
  await handleEach(QUEUE, batch.messages, (message) => consumeMessage(message, env, settings));
}

async function consumeMessage(message: Message, env: Env, settings: Settings): Promise<void> {
  const { batch_id: batchId, asks: refs } = judgementsMessageSchema.parse(message.body);
  const prompts = await callBatch(env, batchId, (batch) => batch.prompts(refs));
  if (prompts === null || prompts.asks.length === 0) {
    message.ack();
    return;
  }
  // Each judge is asked by itself: one that is away holds up nobody but itself.
  const groups = [...Map.groupBy(prompts.asks, ({ judge }) => judge)];
  const isLastAttempt = message.attempts >= MAX_ATTEMPTS[QUEUE];
  const outcomes = await Promise.all(
    groups.map(([judge, asked]) =>
      askJudge(env, settings, {
        batchId,
        prompts,
        judge: prompts.judges[judge],
        asked,
        message,
        isLastAttempt,
      }),
    ),
  );
  const left = outcomes.flatMap(({ unavailable }) => unavailable);
  const deferred = outcomes.flatMap((outcome) => outcome.deferred);
  if (left.length > 0 && !isLastAttempt) {
    // What was deferred comes back with the same message.
    message.retry({ delaySeconds: retryDelay(left, message.attempts) });
    return;
  }
  for (const { asks, delaySeconds } of deferred) {
    const again = { batch_id: batchId, correlation_id: prompts.correlationId, asks };
    await env.JUDGEMENTS_QUEUE.send(again satisfies JudgementsMessage, { delaySeconds });
  }
  message.ack();
}

type Prompts = NonNullable<Awaited<ReturnType<BatchObject["prompts"]>>>;

interface Question {
  readonly batchId: string;
  readonly prompts: Prompts;
  readonly judge: JudgeShare;
  readonly asked: readonly AskedComparison[];
  readonly message: Message;
  readonly isLastAttempt: boolean;
}

interface Asked {
  /** what the judge could not take on now */
  readonly unavailable: readonly OutcomeOf<"unavailable">[];
  /** what was not put to it, because it may not be asked faster: no failure, so it uses up no attempt */
  readonly deferred: readonly { readonly asks: AskRef[]; readonly delaySeconds: number }[];
}

/** Asks one judge as fast as its limits allow, and records what came of it. */
async function askJudge(env: Env, settings: Settings, question: Question): Promise<Asked> {
  const { asked } = question;
  const leave = await askLeave(env, settings, question.judge.judge, asked.length);
  const later = asked.slice(leave.granted).map(({ number, attempt }) => ({ number, attempt }));
  const delaySeconds = Math.min(Math.ceil(leave.retryAfterMs / 1000), DELAY_MAX_SECONDS);
  const deferred = later.length === 0 ? [] : [{ asks: later, delaySeconds }];
  if (leave.granted === 0) return { unavailable: [], deferred };
  try {
    const now = { ...question, asked: asked.slice(0, leave.granted) };
    return { unavailable: await putQuestions(env, settings, now), deferred };
  } finally {
    await leave.giveBack();
  }
}

/** @returns what the judge could not take on now */
async function putQuestions(
  env: Env,
  settings: Settings,
  question: Question,
): Promise<readonly OutcomeOf<"unavailable">[]> {
  const { batchId, judge, asked, isLastAttempt } = question;
  const outcomes = await createJudge(settings, judge.judge).ask(await asksOf(settings, question));
  const sorted = sortOutcomes(asked, outcomes);
  if (sorted.submitted.length > 0)
    await callBatch(env, batchId, (object) => object.recordDispatched(sorted.submitted));
  if (sorted.answered.length > 0) await receiveCallbacks(env, settings, sorted.answered, QUEUE);
  const failed = isLastAttempt ? [...sorted.refused, ...sorted.unavailable] : sorted.refused;
  const failures = failed.map(({ ref, errorCode, message: text }) => failedAsk(judge, ref, errorCode, text));
  if (failures.length > 0) await callBatch(env, batchId, (object) => object.recordVerdicts(failures));
  for (const { errorCode } of [...sorted.refused, ...sorted.unavailable]) logRefusal(question, errorCode);
  return sorted.unavailable;
}

async function asksOf(settings: Settings, { batchId, prompts, judge, asked }: Question): Promise<Ask[]> {
  const keys = await comparisonIdKeys(settings);
  const overrides = readOverrides(prompts.overrides);
  return Promise.all(
    asked.map(async ({ number, attempt, essayAId, essayBId, prompt }) => ({
      comparisonId: await mintComparisonId(keys, { batchId, number, attempt }),
      prompt,
      model: judge.model,
      overrides,
      metadata: {
        essay_a_id: essayAId,
        essay_b_id: essayBId,
        bos_batch_id: prompts.bosBatchId,
        cj_batch_id: batchId,
        cj_source: "els",
        cj_request_type: attempt === 0 ? "cj_comparison" : "cj_retry",
      },
    })),
  );
}

function logRefusal({ batchId, prompts, judge, message }: Question, errorCode: string): void {
  log("warn", "judge_did_not_accept", {
    batch_id: batchId,
    correlation_id: prompts.correlationId,
    judge: judge.judge,
    model: judge.model,
    error_code: errorCode,
    attempt: message.attempts,
  });
}

type OutcomeOf<Kind extends AskOutcome["kind"]> = Extract<AskOutcome, { kind: Kind }>;

function sortOutcomes(refs: readonly AskRef[], outcomes: readonly AskOutcome[]) {
  const submitted: AskRef[] = [];
  const answered: OutcomeOf<"answered">["result"][] = [];
  const refused: (OutcomeOf<"refused"> & { readonly ref: AskRef })[] = [];
  const unavailable: (OutcomeOf<"unavailable"> & { readonly ref: AskRef })[] = [];
  outcomes.forEach((outcome, index) => {
    const { number, attempt } = refs[index];
    const ref = { number, attempt };
    switch (outcome.kind) {
      case "submitted":
        submitted.push(ref);
        return;
      case "answered":
        answered.push(outcome.result);
        return;
      case "refused":
        refused.push({ ...outcome, ref });
        return;
      case "unavailable":
        unavailable.push({ ...outcome, ref });
        return;
    }
  });
  return { submitted, answered, refused, unavailable };
}

/** An attempt that no judge took on, as the error callback that a judge would have sent. */
export function failedAsk(
  judge: Pick<JudgeShare, "judge" | "model">,
  ref: AskRef,
  code: string,
  message: string,
): Callback {
  return {
    ...ref,
    answer: { kind: "error", code, message: message.slice(0, 2_000) },
    requestId: "none",
    provider: judge.judge,
    model: judge.model ?? "unknown",
    responseTimeMs: 0,
    ...WITHOUT_PROMPT,
    person: null,
  };
}

function readOverrides(stored: string | null): LlmConfigOverrides | null {
  return stored === null ? null : llmConfigOverridesSchema.parse(JSON.parse(stored));
}

function retryDelay(unavailable: readonly OutcomeOf<"unavailable">[], attempts: number): number {
  const asked = unavailable.map(({ retryAfterSeconds }) => retryAfterSeconds ?? 0);
  return Math.min(Math.max(backoffSeconds(attempts, Math.random()), ...asked), 3_600);
}
